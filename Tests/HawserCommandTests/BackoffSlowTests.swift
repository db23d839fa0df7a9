import TestSupport
import Testing

/// The reconnect curve, once for real.
@Suite struct BackoffSlowTests {
    @Test("against a dead port the logged delays are 1, 2, 4, 8 and 16 s within 25 %, and the dials come when they say")
    func curve() async throws {
        let dead = try DeadPort()
        let daemon = try HeldDaemon(
            """
            subscriptions: {dead: {url: "\(dead.url())", reconnect: {first: 1s, factor: 2, jitter: 0.25, max: 60s}}}
            """
        )
        try await daemon.logged("dial.failed", times: 6, within: .seconds(60))
        let lines = daemon.log("dial.failed")
        let delays = lines.prefix(5).compactMap { $0.integer("delay_ms") }
        let expected = [1_000, 2_000, 4_000, 8_000, 16_000]
        try #require(delays.count == expected.count, "\(lines)")
        for (delay, nominal) in zip(delays, expected) {
            #expect((nominal * 3 / 4...nominal * 5 / 4).contains(delay), "\(delays)")
        }
        #expect(lines.prefix(6).map { $0.integer("attempt") } == [1, 2, 3, 4, 5, 6])
        #expect(lines.allSatisfy { $0["outcome"] == "dial_failed" && $0["message"]?.contains("refused") == true })

        let moments = lines.compactMap(\.seconds)
        try #require(moments.count == lines.count)
        for index in 0..<5 {
            let waited = (moments[index + 1] - moments[index]) * 1_000
            // Never early, but for the rounding to milliseconds; late only by what the machine needs.
            #expect(waited >= Double(delays[index]) - 2, "attempt \(index + 2): \(waited) ms for \(delays[index])")
            #expect(waited <= Double(delays[index]) + 500, "attempt \(index + 2): \(waited) ms for \(delays[index])")
        }
        #expect(try await daemon.process.terminate() == .done)
    }
}
