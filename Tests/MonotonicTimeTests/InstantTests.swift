import MonotonicTime
import Testing

@Suite("Instant and Duration")
struct InstantTests {
    @Test("an instant moves by a duration and back")
    func arithmetic() {
        let start = Instant(nanoseconds: 5)
        #expect(start + .seconds(2) == Instant(nanoseconds: 2_000_000_005))
        #expect((start + .seconds(2)) - start == .seconds(2))
        #expect(start.duration(to: .origin) == .nanoseconds(-5))
        #expect(start.advanced(by: .nanoseconds(-5)) == .origin)
        #expect(Instant.origin < start)
        #expect(!(start < start))
    }

    @Test("addition saturates at both ends")
    func saturatingAddition() {
        #expect(Instant.distantFuture + .nanoseconds(1) == .distantFuture)
        #expect(Instant(nanoseconds: 1) + .seconds(Int64.max) == .distantFuture)
        #expect(Instant(nanoseconds: .min) + .nanoseconds(-1) == Instant(nanoseconds: .min))
        #expect(Instant(nanoseconds: -1) + .seconds(Int64.min) == Instant(nanoseconds: .min))
    }

    @Test("differences saturate at both ends")
    func saturatingDifference() {
        let past = Instant(nanoseconds: .min)
        #expect(past.duration(to: .distantFuture) == .nanoseconds(Int64.max))
        #expect(Instant.distantFuture.duration(to: past) == .nanoseconds(Int64.min))
        #expect(Instant.origin.duration(to: past) == .nanoseconds(Int64.min))
    }

    @Test("durations become whole nanoseconds, saturating")
    func saturatedNanoseconds() {
        let table: [(Duration, Int64)] = [
            (.zero, 0), (.nanoseconds(-1), -1), (.milliseconds(1500), 1_500_000_000),
            (.seconds(Int64.max), .max), (.seconds(Int64.min), .min),
            (.nanoseconds(Int64.max), .max), (.nanoseconds(Int64.min), .min),
            (.nanoseconds(Int64.max) + .nanoseconds(1), .max), (.nanoseconds(Int64.min) - .nanoseconds(1), .min),
            (Duration(secondsComponent: 0, attosecondsComponent: 999_999_999), 0),
        ]
        for (duration, expected) in table {
            #expect(duration.saturatedNanoseconds == expected, "\(duration)")
        }
    }

    @Test("milliseconds round towards zero, seconds keep fractions")
    func units() {
        #expect(Duration.nanoseconds(1_999_999).milliseconds == 1)
        #expect(Duration.nanoseconds(-1_999_999).milliseconds == -1)
        #expect(Duration.milliseconds(2500).seconds == 2.5)
    }
}
