import ConnectionLifecycle
import HawserWebSocket
import Testing
import Transport

/// Opening handshakes with servers written by others.
@Suite struct OpeningInteropTests {
    @Test("the server chooses among the subprotocols offered, or none", arguments: InteropServer.Kind.allCases)
    func subprotocols(kind: InteropServer.Kind) async throws {
        let cases: [(offered: [String], chosen: String?)] = [
            ([], nil), (["v1.hawser.test"], "v1.hawser.test"), (["x", "v2.hawser.test"], "v2.hawser.test"),
            (["x"], nil),
        ]
        for (offered, chosen) in cases {
            try await connect(kind, "/echo", { $0.subprotocols = offered }) { session in
                #expect(await session.agreed?.subprotocol == chosen, "offered \(offered)")
            }
        }
    }

    @Test("a 503 is kept with Retry-After and content", arguments: InteropServer.Kind.allCases)
    func busy(kind: InteropServer.Kind) async throws {
        let report = try await rejection(kind, "/busy")
        #expect(report.end.outcome == .rejected)
        #expect(report.end.status == 503)
        #expect(report.end.retryAfter == .seconds(7))
        #expect(String(decoding: report.rejectionContent, as: UTF8.self) == "come back later\n")
    }

    @Test("an unknown route is a 404", arguments: InteropServer.Kind.allCases)
    func unknownRoute(kind: InteropServer.Kind) async throws {
        #expect(try await rejection(kind, "/nowhere").end.status == 404)
    }

    @Test("nginx's certificate is verified for its name and for its address")
    func verified() async throws {
        let server = try await InteropServer.shared(.nginx)
        for host in ["localhost", "127.0.0.1"] {
            try await WebSocketClient.connect(
                to: server.url("/echo", host: host),
                configuration: configuration(server)
            ) { session in
                #expect(await session.agreed?.tls?.contains("1.3") == true)
            }
        }
    }

    @Test("nginx's certificate is refused without its authority, unless verification is off")
    func unverified() async throws {
        let server = try await InteropServer.shared(.nginx)
        do {
            try await WebSocketClient.connect(to: server.url("/echo")) { _ in }
            Issue.record("an unknown authority was accepted")
        } catch WebSocketError.notOpened(let report) {
            #expect(report.end.outcome == .tlsFailed)
            #expect(report.end.fault == .trust)
        }
        var trusting = WebSocketConfiguration()
        trusting.tls.verify = false
        try await WebSocketClient.connect(to: server.url("/echo"), configuration: trusting) { _ in }
    }

    private func rejection(_ kind: InteropServer.Kind, _ route: String) async throws -> SessionReport {
        do {
            try await connect(kind, route) { _ in Issue.record("\(route) was opened") }
        } catch WebSocketError.notOpened(let report) {
            return report
        }
        throw NotStarted(name: kind.rawValue, output: ["no rejection"])
    }
}
