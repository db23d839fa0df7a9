import ConnectionLifecycle
import HawserWebSocket
import TestSupport
import Testing
import Transport

/// Pings of the user and of the server (RFC 6455 sections 5.5.2 and 5.5.3).
@Suite struct PingTests {
    @Test("A ping returns its round trip, with any payload that fits")
    func roundTrip() async throws {
        let server = try FaultServer(.echo)
        try await WebSocketClient.connect(to: server.url()) { session in
            let first = try await session.ping()
            #expect(first > .zero)
            #expect(first < .seconds(10))
            #expect(try await session.ping([UInt8](repeating: 1, count: 125)) > .zero)
            #expect(try await session.ping([]) > .zero)
            await #expect {
                try await session.ping([UInt8](repeating: 1, count: 126))
            } throws: { error in
                guard case WebSocketError.pingTooLong(126) = error else { return false }
                return true
            }
            async let one = session.ping()
            async let two = session.ping()
            #expect(try await [one, two].allSatisfy { $0 > .zero })
        }
        server.stop()
    }

    @Test("A server that answers only the newest ping has answered all of them")
    func onlyTheNewest() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            var newest: [UInt8] = []
            for _ in 0..<3 { newest = try connection.readFrame().payload }
            try connection.send(.pong([99]))
            try connection.send(.pong(newest))
            try connection.expectClose()
        }
        let loop = try EventLoop()
        let client = WebSocketClient(on: loop)
        try await client.connect(to: server.url()) { session in
            try await withThrowingTaskGroup(of: Duration.self) { group in
                for number: UInt8 in 1...3 { group.addTask { try await session.ping([number]) } }
                for try await roundTrip in group { #expect(roundTrip > .zero) }
            }
        }
        await client.shutdown()
        server.stop()
    }

    @Test("A pong of the keep-alive answers the pings that were sent before it")
    func keepAliveAnswers() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            // Ours first; the keep-alive's ping comes behind it.
            while try connection.readFrame().payload != [7] {}
            let keepAlive = try connection.readFrame().payload
            #expect(keepAlive.count == 8)
            try connection.send(.pong(keepAlive))
            try connection.expectClose()
        }
        var configuration = WebSocketConfiguration()
        configuration.keepAlive = .ping(every: .milliseconds(50), timeout: .seconds(20))
        try await WebSocketClient.connect(to: server.url(), configuration: configuration) { session in
            let roundTrip = try await session.ping([7])
            #expect(roundTrip > .zero)
        }
        server.stop()
    }

    @Test("The answer to a ping of the user answers the keep-alive's earlier one")
    func userAnswers() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            while true {
                let frame = try connection.readFrame()
                if frame.opcode == 8 { return try connection.send(.close(1000)) }
                if frame.payload == [7] { try connection.send(.pong([7])) }
            }
        }
        var configuration = WebSocketConfiguration()
        configuration.keepAlive = .ping(every: .milliseconds(50), timeout: .seconds(1))
        try await WebSocketClient.connect(to: server.url(), configuration: configuration) { session in
            let end = ContinuousClock.now + .milliseconds(2_500)
            while ContinuousClock.now < end { _ = try await session.ping([7]) }
            let report = await session.close()
            #expect(report.end.outcome == .shutdown)
        }
        server.stop()
    }

    @Test("Pongs that nobody asked for change nothing, also if they carry small numbers")
    func unsolicitedPongs() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            for number in 0..<20 {
                try connection.send(.pong([0, 0, 0, 0, 0, 0, 0, UInt8(number)]))
                try connection.send(.pong())
            }
            try connection.readToEnd()
        }
        let held = try await withLoop { loop in
            var runner = SessionRunner(loop)
            runner.configuration.keepAlive = .ping(every: .milliseconds(50), timeout: .milliseconds(200))
            runner.configuration.timeouts.close = .milliseconds(100)
            return try await runner.hold(server.url())
        }
        #expect(held.report.end.outcome == .pingTimeout)
        #expect(held.report.pingRoundTrip == nil)
        server.stop()
    }

    @Test("A ping without an answer ends at its timeout, and the session goes on")
    func timeout() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            while true {
                let frame = try connection.readFrame()
                if frame.opcode == 1 { try connection.sendText(frame.text) }
                if frame.opcode == 8 { return try connection.send(.close(1000)) }
            }
        }
        try await WebSocketClient.connect(to: server.url()) { session in
            await #expect {
                try await session.ping(timeout: .milliseconds(50))
            } throws: { error in
                guard case WebSocketError.pingTimeout(.milliseconds(50)) = error else { return false }
                return true
            }
            try await session.send("still here")
            #expect(try await session.receive() == [.text("still here")])
        }
        server.stop()
    }

    @Test("A ping ends at once when its task is cancelled, and when the session ends")
    func cancellation() async throws {
        let server = try FaultServer(.neverAnswersPing)
        try await WebSocketClient.connect(to: server.url()) { session in
            let ping = Task { try await session.ping(timeout: .seconds(60)) }
            let other = Task { try await session.ping(timeout: .seconds(60)) }
            ping.cancel()
            await #expect(throws: CancellationError.self) { try await ping.value }
            await session.close()
            await #expect(throws: WebSocketError.self) { try await other.value }
            await #expect(throws: WebSocketError.self) { try await session.ping() }
        }
        server.stop()
    }

    @Test("A ping goes behind what is queued, at the latest when the server has read that")
    func blockedPing() async throws {
        let goOn = try StopSignal()
        let frames = Collected<UInt8>()
        let server = try FaultServer { connection in
            try connection.upgrade()
            goOn.wait(atMost: .seconds(20))
            while true {
                let frame = try connection.readFrame()
                frames.append(frame.opcode)
                if frame.opcode == 9 { try connection.send(.pong(frame.payload)) }
                if frame.opcode == 8 { return try connection.send(.close(1000)) }
            }
        }
        try await WebSocketClient.connect(to: server.url()) { session in
            // More than any kernel takes.
            try await session.send([UInt8](repeating: 0, count: 8 << 20))
            await #expect(throws: WebSocketError.self) { try await session.ping(timeout: .milliseconds(20)) }
            let ping = Task { try await session.ping() }
            goOn.raise()
            #expect(try await ping.value > .zero)
        }
        // The ping that had timed out was never sent.
        #expect(frames.values == [2, 9, 8])
        server.stop()
    }

    @Test("Each of several pings in one read is answered, in order, in front of what answers a later message")
    func severalPings() async throws {
        let answers = Collected<[UInt8]>()
        let server = try FaultServer { connection in
            let pings = (1...10).flatMap { WireFrame.ping([UInt8($0)]).bytes }
            try connection.upgrade(followedBy: pings)
            for _ in 0..<10 { answers.append(try connection.readFrame().payload) }
            let start = WireFrame(opcode: 2, [20], fin: false).bytes
            try connection.send(start + WireFrame.ping([21]).bytes + WireFrame(opcode: 0, [22]).bytes)
            for _ in 0..<2 { answers.append(try connection.readFrame().payload) }
            try connection.closeProperly()
        }
        let held = try await withLoop { loop in
            try await SessionRunner(loop).hold(server.url(), onMessage: { connection, _ in connection.send("echo") })
        }
        #expect(held.report.end.outcome == .peerClosed)
        #expect(answers.values == (1...10).map { [UInt8($0)] } + [[21], Array("echo".utf8)])
        server.stop()
    }

    @Test("Thousands of pings in one read get a bounded number of pongs, the newest among them")
    func pingFlood() async throws {
        let pongs = Collected<[UInt8]>()
        let server = try FaultServer { connection in
            let payloads = (0..<3_000).map { [UInt8($0 >> 8), UInt8($0 & 255)] }
            try connection.upgrade(followedBy: payloads.flatMap { WireFrame.ping($0).bytes })
            while pongs.values.last != payloads.last {
                pongs.append(try connection.readFrame().payload)
            }
            try connection.closeProperly()
        }
        let held = try await withLoop { try await SessionRunner($0).hold(server.url()) }
        #expect(held.report.end.outcome == .peerClosed)
        #expect(pongs.count < 3_000, "\(pongs.count)")
        server.stop()
    }

    @Test("A server that does not read gets a few pongs at most, and the newest when it reads again")
    func blockedPongs() async throws {
        let pongs = Collected<UInt8>()
        let server = try FaultServer { connection in
            try connection.upgrade()
            // The client's message is on its way: it fills what the kernel takes.
            try connection.stream.fill(2, until: .now + .seconds(20), for: "the message")
            for number: UInt8 in 1...200 { try connection.sendPing([number]) }
            while true {
                let frame = try connection.readFrame()
                if frame.opcode == 10 { pongs.append(frame.payload.first ?? 0) }
                if pongs.values.last == 200 { break }
            }
            try connection.closeProperly()
        }
        let held = try await withLoop { loop in
            try await SessionRunner(loop).hold(
                server.url(),
                onOpen: { connection in
                    let bytes = [UInt8](repeating: 0, count: 8 << 20)
                    _ = bytes.withUnsafeBytes { connection.send(.binary, $0) }
                }
            )
        }
        #expect(held.report.end.outcome == .peerClosed)
        #expect(pongs.values.last == 200)
        #expect(pongs.values == pongs.values.sorted())
        #expect(pongs.count < 100, "\(pongs.count)")
        server.stop()
    }
}

extension FaultBehaviour {
    /// Upgrades and answers a Close, but no Ping.
    fileprivate static let neverAnswersPing = FaultBehaviour { connection in
        try connection.upgrade()
        while try connection.readFrame(within: .seconds(3600)).opcode != 8 {}
        try connection.send(.close(1000))
    }
}
