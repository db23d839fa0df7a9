import ConnectionLifecycle
import HawserWebSocket
import TestSupport
import Testing
import Transport

/// Everything that can be sent, and in which order it leaves.
@Suite struct SendingTests {
    @Test("Any collection of bytes is sent as it is")
    func collections() async throws {
        let server = try FaultServer(.echo)
        try await WebSocketClient.connect(to: server.url()) { session in
            var messages = session.messages.makeAsyncIterator()
            let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
            try await session.send(bytes[10..<20])
            #expect(try await messages.next() == .binary(Array(bytes[10..<20])))
            try await session.send(ContiguousArray(bytes))
            #expect(try await messages.next() == .binary(bytes))
            // Does not lie in memory at all.
            try await session.send(repeatElement(7, count: 70_000))
            #expect(try await messages.next() == .binary([UInt8](repeating: 7, count: 70_000)))
            try await session.send(WebSocketMessage.text("é"))
            #expect(try await messages.next() == .text("é"))
            try await session.send(EmptyCollection<UInt8>())
            #expect(try await messages.next() == .binary([]))
        }
        server.stop()
    }

    @Test("Many messages in one hop stay in order, and nothing comes between them")
    func batches() async throws {
        let server = try FaultServer(.echo)
        try await WebSocketClient.connect(to: server.url()) { session in
            async let first: Void = session.send(contentsOf: (0..<500).map { "a\($0)" })
            async let second: Void = session.send(contentsOf: (0..<500).map { WebSocketMessage.text("b\($0)") })
            var received: [WebSocketMessage] = []
            for try await batch in session.batches {
                #expect(!batch.isEmpty)
                received += batch
                if received.count == 1_000 { break }
            }
            _ = try await (first, second)
            let firstLed = received.first == .text("a0")
            let expected = firstLed ? ["a", "b"] : ["b", "a"]
            #expect(received == expected.flatMap { name in (0..<500).map { .text("\(name)\($0)") } })
        }
        server.stop()
    }

    @Test("What is sent in one turn of the loop leaves in one write")
    func coalescing() async throws {
        let firstRead = Collected<Int>()
        let server = try FaultServer { connection in
            try connection.upgrade()
            try connection.stream.receive(until: .now + .seconds(20), for: "messages")
            firstRead.append(connection.stream.buffered.count)
            try connection.closeProperly()
        }
        _ = try await withLoop { loop in
            try await SessionRunner(loop).hold(
                server.url(),
                onOpen: { connection in for _ in 0..<100 { connection.send("x") } }
            )
        }
        // Each frame: two bytes of head, four of key, one of payload.
        #expect(firstRead.values == [700])
        server.stop()
    }

    @Test("A lone message does not wait beyond the end of its turn")
    func loneMessage() async throws {
        let server = try FaultServer(.silentAfterUpgrade)
        let watch = Collected<Int>()
        _ = try await withLoop { loop in
            try await SessionRunner(loop).hold(
                server.url(),
                onOpen: { connection in
                    connection.send("x")
                    loop.atEndOfTurn(QueueWatch(loop, connection, watch))
                }
            )
        }
        // At the end of its own turn, and of the next.
        #expect(watch.values == [7, 0])
        server.stop()
    }

    /// Notes the length of a connection's queue at the end of two turns, then closes it; confined to its loop.
    private final class QueueWatch: TurnEndHandler {
        private let loop: EventLoop
        private let connection: WebSocketConnection
        private let watch: Collected<Int>

        init(_ loop: EventLoop, _ connection: WebSocketConnection, _ watch: Collected<Int>) {
            self.loop = loop
            self.connection = connection
            self.watch = watch
        }

        func turnEnded() {
            watch.append(connection.queuedBytes)
            if watch.count < 2 { loop.atEndOfTurn(self) } else { connection.close(.shutdown) }
        }
    }

    @Test("Senders that wait for room have their turns in the order in which they came, without those who gave up")
    func order() async throws {
        let goOn = try StopSignal()
        let texts = Collected<String>()
        let server = try FaultServer { connection in
            try connection.upgrade()
            goOn.wait(atMost: .seconds(20))
            while true {
                let frame = try connection.readFrame()
                if frame.opcode == 1 { texts.append(frame.text) }
                if frame.opcode == 8 { return try connection.send(.close(1000)) }
            }
        }
        let loop = try EventLoop()
        let client = WebSocketClient(on: loop)
        try await client.connect(to: server.url()) { session in
            // More than any kernel takes: the others find no room.
            try await session.send([UInt8](repeating: 0, count: 8 << 20))
            var senders: [Task<Void, any Error>] = []
            for number in 0..<20 {
                senders.append(Task(executorPreference: loop) { try await session.send("\(number)") })
            }
            // All of them have asked, because the loop takes tasks in order.
            await Task(executorPreference: loop) {}.value
            senders[3].cancel()
            senders[0].cancel()
            await #expect(throws: CancellationError.self) { try await senders[0].value }
            await #expect(throws: CancellationError.self) { try await senders[3].value }
            goOn.raise()
            for number in 0..<20 where number != 0 && number != 3 { try await senders[number].value }
        }
        #expect(texts.values == (0..<20).filter { $0 != 0 && $0 != 3 }.map(String.init))
        await client.shutdown()
        server.stop()
    }

    @Test("A closure on the loop can answer at once, and is told when it cannot")
    func trySend() async throws {
        let answers = Collected<String>()
        let server = try FaultServer { connection in
            try connection.upgrade()
            for text in ["one", "two"] { try connection.sendText(text) }
            for _ in 0..<2 { answers.append(try connection.readFrame().text) }
            try connection.closeProperly()
        }
        let loop = try EventLoop()
        let client = WebSocketClient(on: loop)
        try await client.connect(to: server.url()) { session in
            try await session.forEachMessage { kind, payload in
                let isFirst = payload.withUnsafeBytes { $0.elementsEqual("one".utf8) }
                #expect(isFirst ? session.trySend(kind, payload) : session.trySend("TWO"))
            }
            #expect(await loop.run { session.trySend("too late") } == false)
        }
        await client.shutdown()
        #expect(answers.values == ["one", "TWO"])
        server.stop()
    }
}
