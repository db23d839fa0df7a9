import Foundation
import Locking
import TestSupport
import Testing

@testable import HawserDaemon

/// Credentials that a request yields, on real sockets.
@Suite("Credentials from requests")
struct CredentialTests {
    private static let fileSink = "sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}\n"
    private static let quick = "defaults: {reconnect: {first: 10ms, max: 50ms, floor: 1ms, reset_after: 0s}}\n"

    private static func subscriptions(_ count: Int, of server: TokenServer, _ more: String = "") -> String {
        "subscriptions:\n"
            + (1...count).map { number in
                """
                  s\(number):
                    url: "\(server.feed.url())"
                    headers: {X-Token: "${request:login:/data/token}"}
                    \(more)

                """
            }.joined()
    }

    private static func login(_ server: TokenServer, _ more: String = "") -> String {
        "requests: {login: {url: \"\(server.endpoint.http())\", retry: off\(more)}}\n"
    }

    /// Nothing that was logged tells a token, nor any record but those of what the server said.
    private static func expectNoSecret(_ runner: DaemonRunner, serverTells: Bool = false) {
        let log = runner.log.values.flatMap { [$0.message] + $0.fields.map { "\($0.value)" } }
        #expect(!log.contains { $0.contains("5ecret") }, "\(log.filter { $0.contains("5ecret") })")
        #expect(serverTells || runner.directory.text(of: "out.jsonl")?.contains("5ecret") != true)
    }

    @Test("Fifty subscriptions share one call; a revoked token is renewed by exactly one more")
    func sharedRefresh() async throws {
        let server = try TokenServer()
        let runner = try DaemonRunner(
            Self.quick + Self.login(server) + Self.subscriptions(50, of: server) + Self.fileSink
        )
        _ = try await runner.run { runner in
            try await eventually("all are open") { runner.lines(.subscriptionOpened).count == 50 }
            #expect(server.calls == 1)
            server.accept(only: 2)
            server.feed.cutConnections()
            try await eventually("all are open again") { runner.lines(.subscriptionOpened).count == 100 }
        }
        #expect(server.calls == 2)
        #expect(Set(server.seen) == [TokenServer.token(1), TokenServer.token(2)])
        #expect(server.refused > 0)
        #expect(runner.lines(.credentialRefused).map { $0[.request] } == ["login"])
        Self.expectNoSecret(runner)
        server.stop()
    }

    @Test("A close code whose disposition is refresh renews the token; another one does not")
    func closeCode() async throws {
        let server = try TokenServer(session: { connection, token in
            try connection.closeProperly(token == TokenServer.token(1) ? 4003 : 1000, "bye \(token)")
        })
        let runner = try DaemonRunner(
            Self.quick + Self.login(server)
                + Self.subscriptions(1, of: server, "dispositions: {4003: refresh}") + Self.fileSink
        )
        _ = try await runner.run { _ in
            try await eventually("several dials with the second token") {
                server.seen.count { $0 == TokenServer.token(2) } >= 3
            }
        }
        #expect(server.calls == 2)
        #expect(server.seen.prefix(2) == [TokenServer.token(1), TokenServer.token(2)])
        Self.expectNoSecret(runner, serverTells: true)
        server.stop()
    }

    @Test("A token is renewed before it ends, and used by as many dials as come until then")
    func expiry() async throws {
        let server = try TokenServer(
            answer: { (200, TokenServer.content($0, more: ",\"life\":\"0.3\"")) },
            session: { connection, _ in try connection.closeProperly() }
        )
        let runner = try DaemonRunner(
            Self.quick + Self.login(server, ", expires_in: /data/life") + Self.subscriptions(2, of: server)
                + Self.fileSink
        )
        _ = try await runner.run { _ in
            try await eventually("three tokens and more dials than tokens") {
                let seen = server.seen
                return Set(seen).count >= 3 && seen.count > 2 * Set(seen).count
            }
        }
        #expect(server.refused == 0)
        Self.expectNoSecret(runner)
        server.stop()
    }

    @Test("While the endpoint is down nothing is dialled; each failure says why, and it comes back by itself")
    func endpointDown() async throws {
        let isDown = OrderedMutex(true)
        let server = try TokenServer(answer: { number in
            isDown.withLock { $0 } ? (500, "no t0k-5ecret") : (200, TokenServer.content(number))
        })
        let runner = try DaemonRunner(
            Self.quick + Self.login(server) + Self.subscriptions(2, of: server) + Self.fileSink
        )
        _ = try await runner.run { runner in
            try await eventually("failures") { runner.lines(.dialFailed).count >= 8 }
            #expect(server.feed.counts.total == 0, "never a dial without the credential")
            #expect(server.calls < runner.lines(.dialFailed).count, "the endpoint is spared")
            isDown.withLock { $0 = false }
            try await eventually("both are open") { runner.lines(.subscriptionOpened).count == 2 }
        }
        let failed = runner.lines(.dialFailed)
        #expect(failed.allSatisfy { $0[.stage] == "credential" && $0[.outcome] == "dial_failed" })
        let words = "no credential from the request \"login\": the server answered 500 (next call in "
        #expect(failed.allSatisfy { $0.message.hasPrefix(words) }, "\(failed.map(\.message))")
        #expect(runner.lines(.requestFailed).first?[.request] == "login")
        #expect(runner.lines(.requestRecovered).count == 1)
        Self.expectNoSecret(runner)
        server.stop()
    }

    @Test(
        "An answer that lacks what is needed is a failure that says what",
        arguments: [
            ("{\"data\":{}}", "its answer has nothing at \"/data/token\""),
            ("<html>", "its answer has nothing at \"/data/token\""),
            ("{\"data\":{\"token\":[]}}", "its answer has neither text nor number at \"/data/token\""),
            ("{\"data\":{\"token\":\"\"}}", "its answer has an empty text at \"/data/token\""),
            ("{\"data\":{\"token\":\"t0k-5ecret\"},\"life\":-1}", "its answer has no number of seconds at \"/life\""),
        ]
    )
    func badAnswer(content: String, words: String) async throws {
        let server = try TokenServer(answer: { _ in (200, content) })
        let runner = try DaemonRunner(
            Self.quick + Self.login(server, ", expires_in: /life") + Self.subscriptions(1, of: server) + Self.fileSink
        )
        _ = try await runner.run { runner in
            try await eventually("a failure") { !runner.lines(.dialFailed).isEmpty }
        }
        #expect(runner.lines(.dialFailed).first?.message.contains(words) == true)
        #expect(server.feed.counts.total == 0)
        Self.expectNoSecret(runner)
        server.stop()
    }

    @Test("The dial's deadline covers the wait for the credential; the call goes on, and later dials have its value")
    func deadline() async throws {
        let mayAnswer = OrderedMutex(false)
        let limits = "{dial: 100ms, dns: 100ms, tcp: 100ms, tls: 100ms, upgrade: 100ms}"
        let server = try TokenServer(answer: { number in
            while !mayAnswer.withLock({ $0 }) { usleep(1_000) }
            return (200, TokenServer.content(number))
        })
        let runner = try DaemonRunner(
            Self.quick + Self.login(server)
                + Self.subscriptions(1, of: server, "timeouts: \(limits)")
                + Self.fileSink
        )
        _ = try await runner.run { runner in
            try await eventually("two dials gave up") { runner.lines(.dialFailed).count >= 2 }
            mayAnswer.withLock { $0 = true }
            try await eventually("it is open") { !runner.lines(.subscriptionOpened).isEmpty }
        }
        #expect(server.calls == 1)
        let first = try #require(runner.lines(.dialFailed).first)
        #expect(first.message == "no credential from the request \"login\": no answer within 100ms")
        #expect(first[.stage] == "credential")
        server.stop()
    }

    @Test("Query, header, subprotocol and messages carry what one call yields, also by way of another request")
    func everywhere() async throws {
        let asked = Collected<String>()
        let endpoint = try plainServer { request, connection in
            asked.append("\(request.head.target) \(request.head["X-App"] ?? "-")")
            let isApp = request.head.target == "/app"
            try connection.answer(200, [], isApp ? "{\"id\":42}" : #"{"a":"one-5ecret","b":["two-5ecret"]}"#)
        }
        let heard = Collected<String>()
        let feed = try FaultServer { connection in
            let head = try connection.readRequest()
            heard.append(head.target)
            heard.append(head["X-Token"] ?? "")
            heard.append(head["Sec-WebSocket-Protocol"] ?? "")
            try connection.upgrade()
            heard.append(String(decoding: try connection.readFrame().payload, as: UTF8.self))
            try connection.echoFrames()
        }
        let runner = try DaemonRunner(
            """
            requests:
              app: {url: "\(endpoint.http("/app"))"}
              login: {url: "\(endpoint.http("/login"))", headers: {X-App: "${request:app:/id}"}}
            subscriptions:
              a:
                url: "\(feed.url("/ws/${request:login:/a}?t=${request:login:/b/0}"))"
                headers: {X-Token: "Bearer ${request:login:/a}"}
                subprotocols: [v1, "${request:login:/a}"]
                subscribe: ['{"token":"${request:login:/b/0}"}']

            """ + Self.fileSink
        )
        _ = try await runner.run { _ in try await eventually("the message") { heard.values.count == 4 } }
        #expect(
            heard.values == [
                "/ws/one-5ecret?t=two-5ecret", "Bearer one-5ecret", "v1, one-5ecret", "{\"token\":\"two-5ecret\"}",
            ]
        )
        #expect(asked.values == ["/app -", "/login 42"])
        Self.expectNoSecret(runner)
        endpoint.stop()
        feed.stop()
    }
}
