import ConnectionLifecycle
import HawserWebSocket
import TestSupport
import Testing
import Transport

/// Messages that are sent in fragments (RFC 6455 section 5.4).
@Suite struct FragmentTests {
    private struct GivenUp: Error {}

    /// Upgrades, notes each data frame, answers pings, and ends with a closing handshake when the client begins one.
    private static func noting(_ frames: Collected<WireFrame>) -> FaultBehaviour {
        FaultBehaviour { connection in
            try connection.upgrade()
            while true {
                var frame = try connection.readFrame()
                frame.maskingKey = nil
                frames.append(frame)
                if frame.opcode == 9 { try connection.send(.pong(frame.payload)) }
                if frame.opcode == 8 {
                    try connection.send(frame)
                    return connection.close()
                }
            }
        }
    }

    @Test("Each write is a frame, and the message ends with an empty one")
    func frames() async throws {
        let frames = Collected<WireFrame>()
        let server = try FaultServer(Self.noting(frames))
        try await WebSocketClient.connect(to: server.url()) { session in
            let written = try await session.sendText { writer in
                for text in ["one ", "", "é"] { try await writer.write(text) }
                return 3
            }
            #expect(written == 3)
            try await session.sendBinary { writer in
                try await writer.write([1, 2])
                try await writer.write([9, 8, 7][1...])
            }
            try await session.sendText { _ in }
        }
        #expect(
            frames.values.dropLast() == [
                WireFrame(opcode: 1, Array("one ".utf8), fin: false), WireFrame(opcode: 0, Array("é".utf8), fin: false),
                WireFrame(opcode: 0), WireFrame(opcode: 2, [1, 2], fin: false),
                WireFrame(opcode: 0, [8, 7], fin: false), WireFrame(opcode: 0), WireFrame(opcode: 1),
            ]
        )
        server.stop()
    }

    @Test("Other senders wait until the message is whole; pings do not")
    func interleaving() async throws {
        let frames = Collected<WireFrame>()
        let server = try FaultServer(Self.noting(frames))
        let loop = try EventLoop()
        let client = WebSocketClient(on: loop)
        try await client.connect(to: server.url()) { session in
            let other = try await session.sendText { writer in
                try await writer.write("a")
                let other = Task(executorPreference: loop) { try await session.send("other") }
                // It has asked for its turn when this has run.
                #expect(await loop.run { session.trySend("at once") } == false)
                _ = try await session.ping([5])
                try await writer.write("b")
                return other
            }
            try await other.value
        }
        await client.shutdown()
        #expect(
            frames.values.dropLast() == [
                WireFrame(opcode: 1, Array("a".utf8), fin: false), .ping([5]),
                WireFrame(opcode: 0, Array("b".utf8), fin: false), WireFrame(opcode: 0), .text("other"),
            ]
        )
        server.stop()
    }

    @Test("A body that throws before it has written leaves the session as it was")
    func givenUpEarly() async throws {
        let frames = Collected<WireFrame>()
        let server = try FaultServer(Self.noting(frames))
        try await WebSocketClient.connect(to: server.url()) { session in
            await #expect(throws: GivenUp.self) {
                try await session.sendText { writer in
                    try await writer.write("")
                    throw GivenUp()
                }
            }
            try await session.send("after")
        }
        #expect(frames.values.dropLast() == [.text("after")])
        server.stop()
    }

    @Test("A body that throws in the middle ends the session in an orderly way, with 1001")
    func givenUpLate() async throws {
        let frames = Collected<WireFrame>()
        let server = try FaultServer(Self.noting(frames))
        try await WebSocketClient.connect(to: server.url()) { session in
            await #expect(throws: GivenUp.self) {
                try await session.sendBinary { writer in
                    try await writer.write([1])
                    throw GivenUp()
                }
            }
            await #expect(throws: WebSocketError.self) { try await session.send("after") }
            let report = try await session.waitForEnd()
            #expect(report.end.outcome == .internal)
            #expect(report.end.wasClean)
            #expect(!report.isOrderly)
            #expect(report.detail.contains("given up"), "\(report.detail)")
            await #expect(throws: WebSocketError.self) { try await session.receive() }
        }
        #expect(frames.values.map(\.opcode) == [2, 8])
        #expect(server.closes.map(\.closeCode) == [1001])
        server.stop()
    }

    @Test("A session that is closed in the middle of a message says so to whoever writes it")
    func closedInTheMiddle() async throws {
        let frames = Collected<WireFrame>()
        let server = try FaultServer(Self.noting(frames))
        try await WebSocketClient.connect(to: server.url()) { session in
            await #expect {
                try await session.sendText { writer in
                    try await writer.write("a")
                    await session.close(code: .goingAway)
                    try await writer.write("b")
                }
            } throws: { error in
                guard case WebSocketError.closed = error else { return false }
                return true
            }
            #expect(await session.end?.end.outcome == .shutdown)
        }
        #expect(frames.values.map(\.opcode) == [1, 8])
        server.stop()
    }

    @Test("A writer is of no use once its message is over")
    func lateWriter() async throws {
        let frames = Collected<WireFrame>()
        let server = try FaultServer(Self.noting(frames))
        try await WebSocketClient.connect(to: server.url()) { session in
            let writer = try await session.sendText { $0 }
            await #expect(throws: WebSocketError.self) { try await writer.write("late") }
            try await session.sendText { other in
                await #expect(throws: WebSocketError.self) { try await writer.write("late") }
                try await other.write("x")
            }
        }
        #expect(frames.values.dropLast().map(\.text) == ["", "x", ""])
        server.stop()
    }
}
