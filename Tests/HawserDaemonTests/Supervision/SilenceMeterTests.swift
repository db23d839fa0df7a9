import Testing

@testable import HawserDaemon

@Suite("How long a session was silent")
struct SilenceMeterTests {
    private static func milliseconds(_ count: Int64) -> Int64 { 1_795_723_200_000_000_000 + count * 1_000_000 }

    @Test("the opening and the end are its edges, and the last message its last sign of life")
    func edges() {
        var meter = SilenceMeter(openedAt: Self.milliseconds(0))
        #expect(
            meter.silence(at: Self.milliseconds(70)) == Silence(last: .milliseconds(70), longest: .milliseconds(70))
        )
        meter.noteMessage(at: Self.milliseconds(50))
        meter.noteMessage(at: Self.milliseconds(60))
        #expect(meter.silence(at: Self.milliseconds(65)) == Silence(last: .milliseconds(5), longest: .milliseconds(50)))
        #expect(
            meter.silence(at: Self.milliseconds(160)) == Silence(last: .milliseconds(100), longest: .milliseconds(100))
        )
    }

    @Test("a clock that is set back, and times at the ends of their range, give no negative silence and no trap")
    func clocks() {
        var meter = SilenceMeter(openedAt: Self.milliseconds(100))
        meter.noteMessage(at: Self.milliseconds(0))
        #expect(meter.silence(at: Self.milliseconds(-5)) == Silence(last: .zero, longest: .zero))
        var extreme = SilenceMeter(openedAt: .min)
        extreme.noteMessage(at: .max)
        #expect(extreme.silence(at: .min).last >= .zero)
    }
}
