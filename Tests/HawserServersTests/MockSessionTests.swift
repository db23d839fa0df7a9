import Glibc
import HawserServers
import TestSupport
import Testing

/// The mock server's WebSockets.
@Suite struct MockSessionTests {
    @Test("/ws/echo sends messages of every kind and length back, also behind requests on the same connection")
    func echo() async throws {
        try await withMockServer { port, _ in
            let client = try RawWebSocketClient(port: port)
            try client.sendRequest(target: "/user/1")
            _ = try client.readContent(try #require(Int(client.readResponse()["Content-Length"] ?? "")))
            try client.open("/ws/echo")
            for count in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
                let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                try client.send(.binary(payload))
                #expect(try client.readFrame().payload == payload)
            }
            try client.send(.text("zwölf"))
            #expect(try client.readFrame().text == "zwölf")
            try client.send(.ping([1, 2]))
            #expect(try client.readFrame() == .pong([1, 2]))
            try client.send(.close(3001, "mine"))
            #expect(try client.readFrame().closeCode == 3001)
            try client.awaitEnd()
        }
    }

    @Test("an offer of subprotocols and compression is declined, large heads and early frames are understood")
    func handshake() async throws {
        try await withMockServer { port, _ in
            let client = try RawWebSocketClient(port: port)
            let large = String(repeating: "x", count: 20_000)
            try client.open(
                "/ws/echo",
                fields: [
                    ("Sec-WebSocket-Protocol", "v1.json, v2.json"), ("Cookie", large),
                    ("Sec-WebSocket-Extensions", "permessage-deflate"),
                ]
            )
            #expect(client.response?["Sec-WebSocket-Protocol"] == nil)
            #expect(client.response?["Sec-WebSocket-Extensions"] == nil)

            let hasty = try RawWebSocketClient(port: port)
            let head = """
                GET /ws/echo HTTP/1.1\r
                Host: x\r
                upgrade: WebSocket\r
                connection: keep-alive, Upgrade\r
                Sec-WebSocket-Version: 13\r
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
                \r

                """
            var frame = WireFrame.text("at once")
            frame.maskingKey = 7
            try hasty.stream.send(Array(head.utf8) + frame.bytes)
            #expect(try hasty.readResponse()["Sec-WebSocket-Accept"] == acceptKey(for: "dGhlIHNhbXBsZSBub25jZQ=="))
            #expect(try hasty.readFrame().text == "at once")
        }
    }

    @Test("a handshake that is not sound is refused, and the connection goes on")
    func refusals() async throws {
        try await withMockServer { port, _ in
            let good = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")]
            let key = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            let client = try RawHTTPClient(port: port)
            let old = try client.exchange(
                "GET",
                "/ws/echo",
                fields: [good[0], good[1], ("Sec-WebSocket-Version", "8"), key]
            )
            #expect(old.status == 426 && old.head["Sec-WebSocket-Version"] == "13")
            #expect(try client.exchange("GET", "/ws/echo", fields: [good[1], good[2], key]).status == 426)
            #expect(try client.exchange("GET", "/ws/echo", fields: good).status == 400)
            #expect(try client.exchange("POST", "/ws/echo", fields: good + [key]).status == 400)
            #expect(try client.exchange("GET", "/ws/none", fields: good + [key]).status == 404)
            #expect(try client.exchange("GET", "/user/1", fields: good + [key]).status == 200)
        }
    }

    @Test("a client that only sends is held back, and gets every message once it reads")
    func backPressure() async throws {
        try await withMockServer { port, _ in
            let client = try RawWebSocketClient(port: port)
            client.stream.limitReceiveBuffer(1 << 18)
            try client.open("/ws/echo")
            var sent = 0
            while sent < 20_000 {
                do throws(StreamError) {
                    try client.stream.wait(for: POLLOUT, until: .now + .milliseconds(300), "room")
                } catch {
                    guard case .timedOut = error else { throw error }
                    break
                }
                // Less than the room that a socket has when it says that it has some.
                try client.send(.text("\(sent) \(String(repeating: "x", count: 4000))"))
                sent += 1
            }
            #expect((100..<20_000).contains(sent), "\(sent) messages fit")
            for number in 0..<sent {
                let text = try client.readText()
                guard text.hasPrefix("\(number) ") else {
                    Issue.record("\(text.prefix(20)) instead of \(number)")
                    return
                }
            }
            try client.send(.text("and on"))
            #expect(try client.readText() == "and on")
        }
    }

    @Test("/ws/ticker numbers its messages, at the rate that is asked for")
    func ticker() async throws {
        try await withMockServer { port, _ in
            let client = try RawWebSocketClient(port: port)
            let start = ContinuousClock.now
            try client.open("/ws/ticker?rate=50")
            for number in 1...11 { #expect(try client.readText().hasPrefix("{\"n\":\(number),\"time\":\"20")) }
            #expect(ContinuousClock.now - start >= .milliseconds(200))
        }
    }

    @Test("/ws/silent says nothing but answers Pings")
    func silent() async throws {
        try await withMockServer { port, _ in
            let client = try RawWebSocketClient(port: port)
            try client.open("/ws/silent")
            try client.send(.text("hello?"))
            try client.send(.ping([9]))
            #expect(try client.readFrame() == .pong([9]))
            #expect(client.stream.buffered.isEmpty)
        }
    }

    @Test("/ws/drop cuts the connection after so many messages, or so long, without a Close")
    func drop() async throws {
        try await withMockServer { port, _ in
            for count in [0, 3] {
                let client = try RawWebSocketClient(port: port)
                try client.open("/ws/drop?after=\(count)&rate=100")
                for number in 1..<count + 1 { #expect(try client.readText().hasPrefix("{\"n\":\(number),")) }
                #expect(throws: StreamError.endedByPeer) { try client.readFrame() }
            }
            let start = ContinuousClock.now
            let client = try RawWebSocketClient(port: port)
            try client.open("/ws/drop?after=300ms&rate=1")
            #expect(try client.readText().hasPrefix("{\"n\":1,"))
            #expect(throws: StreamError.endedByPeer) { try client.readFrame() }
            #expect(ContinuousClock.now - start >= .milliseconds(300))
        }
    }

    @Test("stop closes sessions with 1001")
    func stop() async throws {
        try await withMockServer { port, server in
            let client = try RawWebSocketClient(port: port)
            try client.open("/ws/silent")
            Task { await server.stop() }
            #expect(try client.readFrame().closeCode == 1001)
            try client.send(.close(1001))
            try client.awaitEnd()
        }
    }
}
