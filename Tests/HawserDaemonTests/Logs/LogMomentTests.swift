import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Times of log lines and of the command line")
struct LogMomentTests {
    private static let now = LogFixture.time(5_430.25)

    @Test("what is written is read back, whatever the time")
    func roundTrip() {
        var generator = SeededGenerator("moments")
        for _ in 0..<2_000 {
            let time = Int64.random(in: -9_000_000_000_000_000_000...9_200_000_000_000_000_000, using: &generator)
            #expect(Timestamp.parse(SpanText.timestamp(time).utf8) == time)
        }
    }

    @Test(
        "RFC 3339 in all its forms",
        arguments: [
            ("2026-11-26T20:00:00Z", 0), ("2026-11-26 20:00:00z", 0), ("2026-11-26t21:00:00+01:00", 0),
            ("2026-11-26T14:29:59.5-05:30", -0.5), ("2026-11-26T20:00:01.2500000000001Z", 1.25),
            ("2026-11-26T20:00:60Z", 59),
        ] as [(String, Double)]
    )
    func forms(text: String, seconds: Double) {
        #expect(Timestamp.parse(text.utf8) == LogFixture.time(seconds))
    }

    @Test(
        "what is no time is none",
        arguments: [
            "", "2026", "2026-11-26", "2026-11-26T20:00:00", "2026-11-26T20:00Z", "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z", "2026-11-31T00:00:00Z", "2026-11-26T24:00:00Z", "2026-11-26T20:60:00Z",
            "2026-11-26T20:00:61Z", "2026-11-26T20:00:00.Z", "2026-11-26T20:00:00Zx", "0001-01-01T00:00:00Z",
            "9999-01-01T00:00:00Z", "2026-11-26T20:00:00+1:00", "２０２６-11-26T20:00:00Z",
        ]
    )
    func wrong(text: String) {
        #expect(Timestamp.parse(text.utf8) == nil)
    }

    @Test(
        "moments of the command line, in UTC",
        arguments: [
            ("2026-11-26 21:00", 3_600), ("2026-11-26T21:00:05.5", 3_605.5), ("2026-11-26", -72_000), ("21:00", 3_600),
            ("21:00:07", 3_607), ("today", -72_000), ("yesterday", -158_400), ("now", 5_430.25), ("-30s", 5_400.25),
            ("-1h30m", 30.25), ("-1d", -80_969.75), ("@1795723201", 1), ("2026-11-26T22:00:00+01:00", 3_600),
        ] as [(String, Double)]
    )
    func moments(text: String, seconds: Double) {
        #expect(LogMoment.parse(text, now: Self.now) == LogFixture.time(seconds))
    }

    @Test(
        "what is no moment is none, and no arithmetic overflows",
        arguments: [
            "", "-", "-2", "-2x", "-h", "2h", "tomorrow", "25:00", "@", "@-1", "@99999999999999999999",
            "@9223372036854775807", "-99999999999d", "-9223372036854775807ms", "1969-12-31", "1700-01-01 00:00",
        ]
    )
    func noMoments(text: String) {
        #expect(LogMoment.parse(text, now: Self.now) == nil)
    }

    @Test("lengths and shares are cut, not rounded")
    func lengths() {
        let lengths: [(Int64, String)] = [
            (-5, "0ms"), (0, "0ms"), (999, "999ms"), (1_000, "1.0s"), (59_999, "59.9s"), (60_000, "1m00s"),
            (3_599_999, "59m59s"), (3_600_000, "1h00m"), (86_399_999, "23h59m"), (90_000_000, "1d01h"),
        ]
        for (milliseconds, text) in lengths { #expect(SpanText.length(milliseconds: milliseconds) == text) }
        #expect(SpanText.percent(0.99999) == "99.99%" && SpanText.percent(1) == "100%")
        #expect(SpanText.percent(0) == "0.00%" && SpanText.percent(nil) == "-")
    }
}
