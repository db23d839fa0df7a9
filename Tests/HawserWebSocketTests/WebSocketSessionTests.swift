import ConnectionLifecycle
import HawserWebSocket
import TestSupport
import Testing
import Transport

/// The library as its users see it: a scope, messages, sending, closing.
@Suite struct WebSocketSessionTests {
    @Test("Text and binary of every size class come back as they were sent")
    func echo() async throws {
        let server = try FaultServer(.echo)
        try await WebSocketClient.connect(to: server.url()) { session in
            var messages = session.messages.makeAsyncIterator()
            for size in [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20] {
                let text = String(repeating: "é", count: size / 2) + String(repeating: "x", count: size % 2)
                try await session.send(text)
                #expect(try await messages.next() == .text(text))
                let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
                try await session.send(bytes)
                #expect(try await messages.next() == .binary(bytes))
            }
        }
        #expect(server.closes.map(\.closeCode) == [1000])
        server.stop()
    }

    @Test("Messages end without an error when the server closes, and the reason is known")
    func peerCloses() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            try connection.sendText("last")
            try connection.closeProperly(1012, "restart")
        }
        try await WebSocketClient.connect(to: server.url()) { session in
            var texts: [WebSocketMessage] = []
            for try await message in session.messages { texts.append(message) }
            #expect(texts == [.text("last")])
            let report = await session.close()
            #expect(report.end.outcome == .peerClosed)
            #expect(report.end.closeCode == 1012)
            #expect(report.end.closeReason == "restart")
            await #expect(throws: WebSocketError.self) { try await session.send("too late") }
        }
        server.stop()
    }

    @Test("Messages end with an error when the connection vanishes")
    func peerVanishes() async throws {
        let server = try FaultServer(.numbered(10, then: .drop))
        await #expect {
            try await WebSocketClient.connect(to: server.url()) { session in
                var count = 0
                for try await _ in session.messages { count += 1 }
                Issue.record("the loop ended after \(count) messages without an error")
            }
        } throws: { error in
            guard case WebSocketError.ended(let report) = error else { return false }
            return report.end.outcome == .peerVanished && report.messages == 10
        }
        server.stop()
    }

    @Test("A body that throws leaves no session behind")
    func bodyThrows() async throws {
        struct Failure: Error {}
        let server = try FaultServer(.echo)
        await #expect(throws: Failure.self) {
            try await WebSocketClient.connect(to: server.url()) { _ in throw Failure() }
        }
        #expect(server.closes.map(\.closeCode) == [1001])
        try await eventually("the connection is gone") { server.counts.now == 0 }
        server.stop()
    }

    @Test("Cancelling the task ends a dial, a wait for messages and a wait for room at once")
    func cancellation() async throws {
        let silent = try FaultServer(.silentAfterAccept)
        let quiet = try FaultServer(.echo)
        let deaf = try FaultServer(.neverReads)
        let dialling = Task { try await WebSocketClient.connect(to: silent.url()) { _ in } }
        let receiving = Task {
            try await WebSocketClient.connect(to: quiet.url()) { session in for try await _ in session.messages {} }
        }
        let sending = Task {
            try await WebSocketClient.connect(to: deaf.url()) { session in
                while true { try await session.send([UInt8](repeating: 1, count: 1 << 20)) }
            }
        }
        try await eventually("all three are connected") {
            [silent, quiet, deaf].allSatisfy { $0.counts.now == 1 }
        }
        for task in [dialling, receiving, sending] {
            let begin = ContinuousClock.now
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            // Close is bounded by 2 s, the abort by one more.
            #expect(ContinuousClock.now - begin < .seconds(4))
        }
        for server in [silent, quiet, deaf] { server.stop() }
    }

    @Test("A task that is cancelled before its dial, or at any time in it, ends with CancellationError")
    func cancelledDial() async throws {
        let server = try FaultServer(.echo)
        try await WebSocketClient.withClient { client in
            for round in 0..<60 {
                let task = Task {
                    // A third is cancelled before it begins, a third by itself, a third somewhere in the dial.
                    if round % 3 == 1 { withUnsafeCurrentTask { $0?.cancel() } }
                    try await client.connect(to: server.url()) { try await $0.waitForEnd() }
                }
                if round % 3 == 2 { for _ in 0..<round { await Task.yield() } }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
            }
        }
        server.stop()
    }

    @Test("A cancelled task sends no more, though there is room")
    func cancelledSender() async throws {
        let server = try FaultServer(.echo)
        try await WebSocketClient.connect(to: server.url()) { session in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                await #expect(throws: CancellationError.self) { try await session.send("text") }
                await #expect(throws: CancellationError.self) { try await session.send([1]) }
                await #expect(throws: CancellationError.self) { try await session.send(contentsOf: ["a", "b"]) }
                await #expect(throws: CancellationError.self) {
                    try await session.sendText { try await $0.write("part") }
                }
            }
            await task.value
            try await session.send("last")
            #expect(try await session.receive() == [.text("last")])
        }
        server.stop()
    }

    @Test("A task that does not read slows the server down instead of filling the memory")
    func backPressure() async throws {
        let server = try FaultServer(.numbered(2_000_000, then: .close(1000)))
        try await WebSocketClient.connect(to: server.url()) { session in
            var expected = 1
            var iterator = session.messages.makeAsyncIterator()
            #expect(try await iterator.next() == .text(#"{"n":1}"#))
            try await Task.sleep(for: .milliseconds(50))
            while expected < 1_000, case .text(let text) = try await iterator.next() {
                expected += 1
                #expect(text == "{\"n\":\(expected)}")
            }
            // Far less than the 20 MB that the server would send to someone who reads.
            let report = await session.close()
            #expect(report.bytes < 8 << 20)
        }
        server.stop()
    }

    @Test("Two tasks that receive at once are told")
    func twoReaders() async throws {
        let server = try FaultServer(.echo)
        try await WebSocketClient.connect(to: server.url()) { session in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        do {
                            _ = try await session.receive()
                            return false
                        } catch WebSocketError.busy {
                            return true
                        }
                    }
                }
                #expect(try await group.next() == true)
                try await session.send("release the other")
                #expect(try await group.next() == false)
            }
        }
        server.stop()
    }
}
