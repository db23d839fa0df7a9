import Locking
import TestSupport
import Testing

@testable import HawserDaemon

/// `send` and `limits.sends` of the configuration, counted by a server.
@Suite("Rates of what is sent")
struct SendRateDaemonTests {
    private static let window = Duration.milliseconds(200)

    @Test("Subscribe messages wait their turn, in order, by connection and by host, at each session anew")
    func subscribeMessages() async throws {
        let heard = Collected<(text: String, at: ContinuousClock.Instant)>()
        let server = try FaultServer { connection in
            try connection.upgrade()
            for _ in 0..<6 {
                heard.append((String(decoding: try connection.readFrame().payload, as: UTF8.self), .now))
            }
            if connection.number <= 2 { return connection.close() }
            try connection.echoFrames()
        }
        let messages = (0..<6).map { "m\($0)" }
        let runner = try DaemonRunner(
            """
            limits: {dials: \(FreeDials.yaml()), sends: {per_host: 3/200ms}}
            defaults:
              send: [2/200ms]
              reconnect: {first: 1ms, floor: 1ms, jitter: none, max: 1ms}
            subscriptions:
              a: {url: "\(server.url("/a"))", subscribe: [\(messages.map { "a" + $0 }.joined(separator: ", "))]}
              b: {url: "\(server.url("/b"))", subscribe: [\(messages.map { "b" + $0 }.joined(separator: ", "))]}
            sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}

            """
        )
        let began = ContinuousClock.now
        _ = try await runner.run { _ in
            try await eventually("both sessions of both") { heard.values.count == 24 }
        }
        for name in ["a", "b"] {
            let own = heard.values.filter { $0.text.hasPrefix(name) }
            #expect(own.map(\.text) == (messages + messages).map { name + $0 })
            for (index, message) in own.prefix(6).enumerated() {
                #expect(began.duration(to: message.at) >= Self.window * (index / 2), "\(name) \(index)")
            }
        }
        for (index, message) in heard.values.map(\.at).sorted().enumerated() {
            #expect(began.duration(to: message) >= Self.window * (index / 3), "\(index)")
        }
        server.stop()
    }
}
