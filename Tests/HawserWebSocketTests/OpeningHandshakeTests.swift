import ConnectionLifecycle
import Dispatch
import HawserWebSocket
import NameResolution
import TestSupport
import Testing
import Transport

/// The opening handshake over real sockets (RFC 6455 section 4).
@Suite struct OpeningHandshakeTests {
    @Test("Custom fields and subprotocols are sent, and the server's choice is known")
    func agrees() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade(subprotocol: "v2.json")
            try connection.closeProperly()
        }
        let agreed = try await WebSocketClient.connect(
            to: server.url("/feed?x=1"),
            configuration: {
                var configuration = WebSocketConfiguration()
                configuration.fields = [("X-Key", "k1")]
                configuration.subprotocols = ["v1.json", "v2.json"]
                return configuration
            }()
        ) { await $0.agreed }
        #expect(agreed?.subprotocol == "v2.json")
        #expect(agreed?.tls == nil)
        let request = try #require(server.requests.first)
        #expect(request.target == "/feed?x=1")
        #expect(request["X-Key"] == "k1")
        #expect(request["Sec-WebSocket-Protocol"] == "v1.json, v2.json")
        #expect(request["Host"] == "127.0.0.1:\(server.port)")
        #expect(request["Sec-WebSocket-Version"] == "13")
        server.stop()
    }

    @Test("A subprotocol that was not asked for fails the handshake")
    func unrequestedSubprotocol() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade(subprotocol: "other")
            try connection.awaitEnd()
        }
        let held = try await withLoop { try await SessionRunner($0).hold(server.url()) }
        #expect(held.report.end.outcome == .protocolError)
        #expect(held.report.detail.contains("other"), "\(held.report.detail)")
        server.stop()
    }

    @Test("An extension that was not asked for fails the handshake")
    func unrequestedExtension() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade(fields: [("Sec-WebSocket-Extensions", "permessage-deflate")])
            try connection.awaitEnd()
        }
        let held = try await withLoop { loop in
            var runner = SessionRunner(loop)
            runner.configuration.compression = nil
            return try await runner.hold(server.url())
        }
        #expect(held.report.end.outcome == .protocolError)
        #expect(held.report.detail.contains("permessage-deflate"), "\(held.report.detail)")
        #expect(server.requests.first?["Sec-WebSocket-Extensions"] == nil)
        server.stop()
    }

    @Test("A status other than 101 is kept with its Retry-After and the first KiB of its content")
    func rejection() async throws {
        let body = String(repeating: "no seat ", count: 1_000)
        let server = try FaultServer(.rejects(503, fields: [("Retry-After", "7")], body: body))
        let held = try await withLoop { try await SessionRunner($0).hold(server.url()) }
        #expect(held.report.end.outcome == .rejected)
        #expect(held.report.end.status == 503)
        #expect(held.report.end.retryAfter == .seconds(7))
        #expect(held.report.rejectionContent == Array(body.utf8.prefix(1_024)))
        #expect(held.report.detail.contains("503"))
        server.stop()
    }

    @Test("A rejection whose content never ends is a rejection all the same")
    func unfinishedRejection() async throws {
        let server = try FaultServer { connection in
            try connection.readRequest()
            try connection.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\nwho are")
            try connection.awaitEnd()
        }
        let held = try await withLoop { loop in
            var runner = SessionRunner(loop)
            runner.configuration.timeouts.upgrade = .seconds(2)
            return try await runner.hold(server.url())
        }
        #expect(held.report.end.outcome == .rejected)
        #expect(held.report.end.status == 401)
        #expect(String(decoding: held.report.rejectionContent, as: UTF8.self) == "who are")
        server.stop()
    }

    @Test("An answer may take longer than the stages before it may")
    func slowAnswer() async throws {
        let server = try FaultServer { connection in
            try connection.readRequest()
            try connection.send("HTTP/1.1 101 Swit")
            try connection.pause(.milliseconds(400))
            try connection.send("ching Protocols\r\n")
            let key = connection.request?["Sec-WebSocket-Key"] ?? ""
            try connection.send("Upgrade: websocket\r\nConnection: Upgrade\r\n")
            try connection.send("Sec-WebSocket-Accept: \(acceptKey(for: key))\r\n\r\n")
            try connection.closeProperly()
        }
        let held = try await withLoop { loop in
            var runner = SessionRunner(loop)
            runner.configuration.timeouts.dns = .milliseconds(100)
            runner.configuration.timeouts.tcp = .milliseconds(100)
            return try await runner.hold(server.url())
        }
        #expect(held.report.end.outcome == .peerClosed, "\(held.report)")
        server.stop()
    }

    @Test("What follows a rejection is no message")
    func bytesBehindRejection() async throws {
        let server = try FaultServer { connection in
            try connection.readRequest()
            let head = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
            try connection.send(Array(head.utf8) + WireFrame.text("hello").bytes)
            try connection.awaitEnd()
        }
        let held = try await withLoop { try await SessionRunner($0).hold(server.url()) }
        #expect(held.report.end.status == 403)
        #expect(held.messages.isEmpty)
        #expect(held.report.messages == 0)
        server.stop()
    }

    @Test("A wss URL without a TLS context is not dialled in the clear")
    func noPlainFallback() async throws {
        let server = try FaultServer(.echo)
        let held = try await withLoop { try await SessionRunner($0).hold("wss" + server.url().dropFirst(2)) }
        #expect(held.report.end.outcome == .tlsFailed)
        #expect(server.counts.total == 0)
        server.stop()
    }

    @Test("A client that is shut down while it looks up a name ends the dial")
    func shutdownWhileResolving() async throws {
        let release = DispatchSemaphore(value: 0)
        let asked = Collected<String>()
        let resolver = NameResolver { host in
            asked.append(host)
            release.wait()
            return .failure(NameResolutionError(host: host, kind: .notFound, detail: "no such host"))
        }
        let client = WebSocketClient(on: try EventLoop(), resolver: resolver)
        let dialling = Task { try await client.connect(to: "ws://stuck.invalid/") { _ in } }
        try await eventually("the name is asked for") { asked.count == 1 }
        await client.shutdown()
        await #expect(throws: WebSocketError.self) { try await dialling.value }
        release.signal()
    }

    @Test("Frames in the same segment as the 101 are received")
    func framesBehindTheAnswer() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade(
                followedBy: WireFrame.text("one").bytes + WireFrame.text("two").bytes + WireFrame.close(1000).bytes
            )
            try connection.awaitEnd()
        }
        let held = try await withLoop { try await SessionRunner($0).hold(server.url()) }
        #expect(held.messages == [.text("one"), .text("two")])
        #expect(held.report.end.outcome == .peerClosed)
        server.stop()
    }

    @Test("A Unix socket is dialled by ws+unix:")
    func unixSocket() async throws {
        let directory = try TemporaryDirectory()
        let server = try FaultServer(.unix(path: directory.file("feed.sock")), .numbered(3, then: .close(1000)))
        let held = try await withLoop { try await SessionRunner($0).hold(server.url("/ws")) }
        #expect(held.messages.count == 3)
        #expect(server.requests.first?["Host"] == "localhost")
        #expect(server.requests.first?.target == "/ws")
        server.stop()
    }

    @Test("A dead port, a name without an address and an impossible URL each say so")
    func dialFailures() async throws {
        let dead = try DeadPort()
        try await withLoop { loop in
            var runner = SessionRunner(loop)
            let refused = try await runner.hold(dead.url())
            #expect(refused.report.end.outcome == .dialFailed)
            #expect(refused.report.end.fault == .refused)
            #expect(refused.report.detail.contains("127.0.0.1:\(dead.port): Connection refused"))
            runner.resolver = NameResolver { host in
                .failure(NameResolutionError(host: host, kind: .notFound, detail: "no such host"))
            }
            let unknown = try await runner.hold("ws://feed.invalid/")
            #expect(unknown.report.end.fault == .unknownName)
            #expect(unknown.report.detail.contains("feed.invalid"))
        }
        await #expect(throws: WebSocketError.self) {
            try await WebSocketClient.connect(to: "http://localhost/") { _ in }
        }
    }
}
