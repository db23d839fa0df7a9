import MonotonicTime
import TestSupport
import Testing

@testable import HawserDaemon

/// When requests are made, in virtual time.
@Suite("Request schedule")
struct RequestScheduleTests {
    private let now = Instant(nanoseconds: 1_000_000_000_000)

    /// What `schedule` says of the first call, a few hundred times.
    private func firsts(_ every: Duration?, atStart: Bool) -> [Duration?] {
        var random = SeededGenerator("RequestScheduleTests")
        let schedule = RequestSchedule(every: every, atStart: atStart)
        return (0..<200).map { _ in schedule.first(now, draw: .random(in: 0...1, using: &random)).map { $0 - now } }
    }

    /// What it says of the call after one that began at `now` and took `lasted`.
    private func nexts(_ every: Duration?, lasted: Duration, retryAfter: Duration? = nil) -> [Duration?] {
        var random = SeededGenerator("RequestScheduleTests")
        let schedule = RequestSchedule(every: every, atStart: true)
        return (0..<200).map { _ in
            let draw = Double.random(in: 0...1, using: &random)
            return schedule.next(after: now, now + lasted, retryAfter: retryAfter, draw: draw).map { $0 - now }
        }
    }

    @Test("at_start is at once; every alone begins somewhere within the first interval; neither is never")
    func first() {
        #expect(firsts(.seconds(10), atStart: true).allSatisfy { $0 == .zero })
        #expect(firsts(nil, atStart: true).allSatisfy { $0 == .zero })
        #expect(firsts(nil, atStart: false).allSatisfy { $0 == nil })
        let delays = firsts(.seconds(10), atStart: false).compactMap(\.self)
        #expect(delays.count == 200 && delays.allSatisfy { $0 >= .zero && $0 <= .seconds(10) })
        #expect(delays.contains { $0 < .seconds(2) } && delays.contains { $0 > .seconds(8) })
    }

    @Test("Intervals count from begin to begin, within a tenth of what is configured, and differ")
    func interval() {
        let intervals = nexts(.seconds(10), lasted: .seconds(3)).compactMap(\.self)
        #expect(intervals.count == 200 && Set(intervals).count > 100)
        #expect(intervals.allSatisfy { $0 >= .seconds(9) && $0 <= .seconds(11) })
    }

    @Test("What fell due during a call is not made up for: the next one follows at once")
    func overrun() {
        #expect(nexts(.seconds(10), lasted: .seconds(35)).allSatisfy { $0 == .seconds(35) })
        #expect(nexts(nil, lasted: .zero).allSatisfy { $0 == nil })
    }

    @Test("Retry-After holds the next call up from the end of this one, for a quarter of an hour at most")
    func retryAfter() {
        #expect(nexts(.seconds(10), lasted: .seconds(2), retryAfter: .seconds(60)).allSatisfy { $0 == .seconds(62) })
        let longest = nexts(.seconds(10), lasted: .seconds(2), retryAfter: .seconds(86_400))
        #expect(longest.allSatisfy { $0 == .seconds(902) })
        let short = nexts(.seconds(10), lasted: .seconds(2), retryAfter: .seconds(1)).compactMap(\.self)
        #expect(short.count == 200 && short.allSatisfy { $0 >= .seconds(9) })
    }
}
