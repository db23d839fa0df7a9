import ConnectionLifecycle
import HawserWebSocket
import Locking
import TestSupport
import Testing
import Transport
import WebSocketProtocol

/// The three ways to receive: messages, batches, and a closure on the loop.
@Suite struct ReceivingTests {
    @Test("Batches bring every message in order and end with the session")
    func batches() async throws {
        let server = try FaultServer(.numbered(5_000, then: .close(1000)))
        try await WebSocketClient.connect(to: server.url()) { session in
            var received: [WebSocketMessage] = []
            for try await batch in session.batches { received += batch }
            #expect(received == (1...5_000).map { .text("{\"n\":\($0)}") })
        }
        server.stop()
    }

    @Test("A closure given to connect is lent every message on the loop, from the first to the last")
    func onMessage() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade(followedBy: WireFrame.text("first").bytes)
            try connection.sendBinary([1, 2, 3])
            try connection.send(WireFrame(opcode: 1, Array("la".utf8), fin: false))
            try connection.send(WireFrame(opcode: 0, Array("st".utf8)))
            try connection.closeProperly(1001)
        }
        let loop = try EventLoop()
        let client = WebSocketClient(on: loop)
        let lent = Collected<WebSocketMessage>()
        let report = try await client.connect(
            to: server.url(),
            onMessage: { kind, payload in
                #expect(loop.isOnLoop)
                lent.append(WebSocketMessage(kind, copying: payload))
            }
        ) { session in
            let report = try await session.waitForEnd()
            #expect(try await session.receive() == [])
            return report
        }
        #expect(lent.values == [.text("first"), .binary([1, 2, 3]), .text("last")])
        #expect(lent.values.map(\.kind) == [.text, .binary, .text])
        #expect(report.end.outcome == .peerClosed)
        #expect(report.messages == 3)
        #expect(report.bytes == 12)
        await client.shutdown()
        server.stop()
    }

    @Test("A closure takes over in the middle, after what has arrived, and gives back when its task is cancelled")
    func forEachMessage() async throws {
        let server = try FaultServer(.echo)
        try await WebSocketClient.connect(to: server.url()) { session in
            let lent = Collected<WebSocketMessage>()
            try await session.send(contentsOf: ["1", "2"])
            _ = try await session.ping()  // What was sent before it has come back.
            let lending = Task {
                try await session.forEachMessage { lent.append(WebSocketMessage($0, copying: $1)) }
            }
            try await eventually("what had arrived is lent") { lent.count == 2 }
            await #expect(throws: WebSocketError.self) { try await session.receive() }
            await #expect(throws: WebSocketError.self) { try await session.forEachMessage { _, _ in } }
            try await session.send("3")
            try await eventually("what arrives is lent") { lent.count == 3 }
            lending.cancel()
            await #expect(throws: CancellationError.self) { try await lending.value }
            try await session.send("4")
            #expect(try await session.receive() == [.text("4")])
            #expect(lent.values == ["1", "2", "3"].map { .text($0) })
        }
        server.stop()
    }

    @Test("A fold returns its state when the session has ended, and throws if that was no orderly end")
    func reduce() async throws {
        let server = try FaultServer(
            .routes(["/good": .numbered(100, then: .close(1000)), "/bad": .numbered(100, then: .drop)])
        )
        let count = try await WebSocketClient.connect(to: server.url("/good")) { session in
            try await session.reduce(into: 0) { count, _, payload in count += payload.byteCount }
        }
        #expect(count == (1...100).map { "{\"n\":\($0)}".utf8.count }.reduce(0, +))
        await #expect {
            try await WebSocketClient.connect(to: server.url("/bad")) { session in
                try await session.reduce(into: 0) { count, _, _ in count += 1 }
            }
        } throws: { error in
            guard case WebSocketError.ended(let report) = error else { return false }
            return report.end.outcome == .peerVanished && report.messages == 100
        }
        server.stop()
    }

    @Test("The end can be awaited without closing, and such a wait can be cancelled")
    func waitForEnd() async throws {
        let server = try FaultServer(.echo)
        try await WebSocketClient.connect(to: server.url()) { session in
            let waiting = Task { try await session.waitForEnd() }
            let other = Task { try await session.waitForEnd() }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            try await session.send("open")
            #expect(try await session.receive() == [.text("open")])
            await session.close()
            #expect(try await other.value.end.outcome == .shutdown)
            #expect(try await session.waitForEnd().end.outcome == .shutdown)
        }
        server.stop()
    }

    @Test("The body runs where its caller is isolated")
    func isolation() async throws {
        let server = try FaultServer(.numbered(3, then: .close(1000)))
        let counter = Counter()
        try await counter.count(server.url())
        #expect(await counter.messages == 3)
        server.stop()
    }

    private actor Counter {
        var messages = 0

        func count(_ url: String) async throws {
            try await WebSocketClient.connect(to: url) { session in
                for try await _ in session.messages { messages += 1 }
            }
        }
    }

    @Test("Whoever stops in the middle of what has arrived leaves the rest to whoever receives next")
    func stopping() async throws {
        let server = try FaultServer(.numbered(7, then: .close(1000)))
        try await WebSocketClient.connect(to: server.url()) { session in
            try await session.waitForEnd()
            var received: [WebSocketMessage] = []
            for _ in 0..<2 {
                for try await message in session.messages {
                    received.append(message)
                    if received.count % 2 == 0 { break }
                }
            }
            received += try await session.receive()
            #expect(received == (1...7).map { .text("{\"n\":\($0)}") })
        }
        server.stop()
    }

    @Test("A closure given to connect keeps its messages")
    func keeping() async throws {
        let server = try FaultServer(.echo)
        let lent = Collected<WebSocketMessage>()
        let client = try WebSocketClient()
        try await client.connect(
            to: server.url(),
            onMessage: { lent.append(WebSocketMessage($0, copying: $1)) }
        ) { session in
            await #expect(throws: WebSocketError.self) { try await session.forEachMessage { _, _ in } }
            try await session.send("mine")
            _ = try await session.ping()
        }
        #expect(lent.values == [.text("mine")])
        await client.shutdown()
        server.stop()
    }
}
