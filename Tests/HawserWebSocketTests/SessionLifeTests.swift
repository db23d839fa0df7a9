import ConnectionLifecycle
import HawserWebSocket
import TestSupport
import Testing
import Transport
import WebSocketProtocol

/// Keep-alive, pausing and closing over real sockets.
@Suite struct SessionLifeTests {
    @Test("A server that stops answering pings is closed after every + timeout")
    func pingTimeout() async throws {
        let server = try FaultServer(.silentAfterUpgrade)
        let held = try await withLoop { loop in
            var runner = SessionRunner(loop)
            runner.configuration.keepAlive = .ping(every: .milliseconds(100), timeout: .milliseconds(200))
            return try await runner.hold(server.url())
        }
        #expect(held.report.end.outcome == .pingTimeout)
        #expect(held.report.end.uptime >= .milliseconds(300))
        #expect(held.report.end.uptime < .seconds(3))
        server.stop()
    }

    @Test("A server that drops idle peers keeps one that pings in time")
    func keepsIdleSession() async throws {
        let server = try FaultServer(.dropsIdle(after: .milliseconds(1_500)))
        let held = try await withLoop { loop in
            var runner = SessionRunner(loop)
            runner.configuration.keepAlive = .ping(every: .milliseconds(100), timeout: .seconds(5))
            return try await runner.hold(
                server.url(),
                onOpen: { connection in
                    let connection = LoopBound(connection, to: loop)
                    Task {
                        try await Task.sleep(for: .milliseconds(2_500))
                        loop.submit { connection.value.close(.shutdown) }
                    }
                }
            )
        }
        #expect(held.report.end.outcome == .shutdown)
        #expect(held.report.end.uptime >= .milliseconds(2_400))
        #expect(held.report.pingRoundTrip != nil)
        server.stop()
    }

    @Test("Without pings an idle session is dropped by such a server")
    func dropsIdleSession() async throws {
        let server = try FaultServer(.dropsIdle(after: .milliseconds(100)))
        let held = try await withLoop { loop in
            var runner = SessionRunner(loop)
            runner.configuration.keepAlive = .off
            return try await runner.hold(server.url())
        }
        #expect(held.report.end.outcome == .peerVanished)
        server.stop()
    }

    @Test("A ping of the server is answered with its payload")
    func answersPing() async throws {
        let pongs = Collected<[UInt8]>()
        let server = try FaultServer { connection in
            try connection.upgrade()
            try connection.sendPing([1, 2, 3])
            while true {
                let frame = try connection.readFrame()
                if frame.opcode == 10 {
                    pongs.append(frame.payload)
                    break
                }
            }
            try connection.closeProperly()
        }
        let held = try await withLoop { try await SessionRunner($0).hold(server.url()) }
        #expect(held.report.end.outcome == .peerClosed)
        #expect(pongs.values == [[1, 2, 3]])
        server.stop()
    }

    @Test("A paused session reads nothing, and reads all of it when resumed")
    func pause() async throws {
        let server = try FaultServer(.numbered(50_000, then: .close(1000)))
        let held = try await withLoop { loop in
            try await SessionRunner(loop).hold(
                server.url(),
                onMessage: { connection, count in
                    guard count % 10_000 == 1 else { return }
                    let connection = LoopBound(connection, to: loop)
                    loop.submit {
                        connection.value.pauseReading()
                        Task {
                            try await Task.sleep(for: .milliseconds(20))
                            loop.submit { connection.value.resumeReading() }
                        }
                    }
                }
            )
        }
        #expect(held.messages.count == 50_000)
        #expect(held.messages.enumerated().allSatisfy { $1 == .text("{\"n\":\($0 + 1)}") })
        #expect(held.report.end.outcome == .peerClosed)
        server.stop()
    }

    @Test("A session paused for longer than pause_max ends as blocked by its sink")
    func pausedTooLong() async throws {
        let server = try FaultServer(.numbered(1_000_000, then: .hold))
        let held = try await withLoop { loop in
            var runner = SessionRunner(loop)
            runner.configuration.timeouts.pauseMax = .milliseconds(200)
            return try await runner.hold(
                server.url(),
                onMessage: { connection, count in
                    guard count == 1 else { return }
                    let connection = LoopBound(connection, to: loop)
                    loop.submit { connection.value.pauseReading() }
                }
            )
        }
        #expect(held.report.end.outcome == .sinkBlocked)
        #expect(held.report.messages == UInt64(held.messages.count))
        // What was under way when it was closed had no place any more, and is counted.
        #expect(held.report.discarded > 0)
        server.stop()
    }

    @Test("A fragmented message with control frames between its fragments is one message")
    func fragments() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            try connection.send(WireFrame(opcode: 1, Array("Hé".utf8.dropLast()), fin: false))
            try connection.sendPing([9])
            try connection.send(WireFrame(opcode: 0, Array("é".utf8.dropFirst()), fin: false))
            try connection.send(WireFrame(opcode: 0, Array("!".utf8)))
            try connection.closeProperly()
        }
        let held = try await withLoop { try await SessionRunner($0).hold(server.url()) }
        #expect(held.messages == [.text("Hé!")])
        server.stop()
    }

    @Test("One byte at a time makes the same messages")
    func singleBytes() async throws {
        let texts = (0..<20).map { "message \($0) é" }
        let server = try FaultServer(.oneByteAtATime(texts))
        let held = try await withLoop { try await SessionRunner($0).hold(server.url()) }
        #expect(held.messages == texts.map(WebSocketMessage.text))
        server.stop()
    }

    @Test("A peer's close code is reported as it is", arguments: [1000, 1001, 1011, 1012, 1013, 1014, 3000, 4999])
    func closeCodes(_ code: UInt16) async throws {
        let server = try FaultServer(.closeCode(code, "because"))
        let held = try await withLoop { try await SessionRunner($0).hold(server.url()) }
        #expect(held.report.end.outcome == .peerClosed)
        #expect(held.report.end.closeCode == code)
        #expect(held.report.end.closeReason == "because")
        try await eventually("our Close echoes the code") { server.closes.map(\.closeCode) == [code] }
        server.stop()
    }
}
