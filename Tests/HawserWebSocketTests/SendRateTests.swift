import ConnectionLifecycle
import HawserWebSocket
import TestSupport
import Testing

/// Limits on what is sent, on real sockets. A server sees each message after it was sent, so the time from before the
/// first to the n-th is never shorter than the windows between them.
@Suite struct SendRateTests {
    private static let rate = Rate(4, per: .milliseconds(200))

    /// A server that notes when each message came, and what it says.
    private static func counter(_ heard: Collected<(String, ContinuousClock.Instant)>) throws -> FaultServer {
        try FaultServer { connection in
            try connection.upgrade()
            while true {
                let frame = try connection.readFrame(within: .seconds(60))
                if frame.opcode == 8 { return try connection.send(frame) }
                if frame.opcode == 1 { heard.append((String(decoding: frame.payload, as: UTF8.self), .now)) }
            }
        }
    }

    @Test("Senders wait their turn: all messages arrive, in order, and none too early")
    func connection() async throws {
        let heard = Collected<(String, ContinuousClock.Instant)>()
        let server = try Self.counter(heard)
        var configuration = WebSocketConfiguration()
        configuration.sendRates = [Self.rate]
        let began = ContinuousClock.now
        try await WebSocketClient.connect(to: server.url(), configuration: configuration) { session in
            try await session.send(contentsOf: (0..<6).map { "\($0)" })
            for number in 6..<9 { try await session.send("\(number)") }
            try await eventually("the last message") { heard.values.count == 9 }
        }
        #expect(heard.values.map(\.0) == (0..<9).map { "\($0)" })
        for (index, message) in heard.values.enumerated() {
            #expect(began.duration(to: message.1) >= Self.rate.per * (index / Self.rate.count), "\(index)")
        }
        server.stop()
    }

    @Test("Connections of one host share its gate; those of another do not")
    func gate() async throws {
        let heard = Collected<(String, ContinuousClock.Instant)>()
        let server = try Self.counter(heard)
        var configuration = WebSocketConfiguration()
        configuration.sendGate = SendGate([Self.rate])
        let shared = configuration
        let began = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in ["a", "b", "c"] {
                group.addTask {
                    try await WebSocketClient.connect(to: server.url(), configuration: shared) { session in
                        for number in 0..<4 { try await session.send("\(name)\(number)") }
                    }
                }
            }
            try await group.waitForAll()
        }
        try await eventually("all messages") { heard.values.count == 12 }
        let times = heard.values.map(\.1).sorted()
        for (index, time) in times.enumerated() {
            #expect(began.duration(to: time) >= Self.rate.per * (index / Self.rate.count), "\(index)")
        }
        for name in ["a", "b", "c"] {
            #expect(heard.values.map(\.0).filter { $0.hasPrefix(name) } == (0..<4).map { "\(name)\($0)" })
        }
        server.stop()
    }

    @Test("Pings that count take their share of each window")
    func countedPings() {
        var configuration = WebSocketConfiguration()
        configuration.sendRates = [Rate(5, per: .seconds(1)), Rate(300, per: .seconds(300))]
        configuration.keepAlive = .ping(every: .seconds(20), timeout: .seconds(10))
        #expect(configuration.ratesBesidePings == [Rate(4, per: .seconds(1)), Rate(284, per: .seconds(300))])
        configuration.keepAlive = .off
        #expect(configuration.ratesBesidePings == configuration.sendRates)
    }
}
