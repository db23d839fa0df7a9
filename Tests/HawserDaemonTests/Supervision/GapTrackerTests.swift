import ConnectionLifecycle
import Testing

@testable import HawserDaemon

@Suite struct GapTrackerTests {
    @Test("The first session ends no gap")
    func firstSession() {
        var gaps = GapTracker()
        #expect(gaps.sessionOpened(1, now: 100) == nil)
        #expect(gaps.longest(now: 1_000) == 0)
    }

    @Test("A gap lies between the last message of one session and the first of the next")
    func gap() {
        var gaps = GapTracker()
        _ = gaps.sessionOpened(3, now: 100)
        gaps.sessionClosed(3, messages: 19, dropped: 0, end: SessionEnd(outcome: .peerClosed, stage: .open), now: 200)
        #expect(
            gaps.sessionOpened(4, now: 500)
                == Mark.Gap(
                    cause: .peer,
                    from: 200,
                    to: 500,
                    after: RecordPosition(session: 3, sequence: 19),
                    before: RecordPosition(session: 4, sequence: 1),
                    dropped: 0
                )
        )
        #expect(gaps.longest(now: 500) == 300)
    }

    @Test("A session without messages does not move the last message")
    func emptySession() {
        var gaps = GapTracker()
        _ = gaps.sessionOpened(1, now: 0)
        gaps.sessionClosed(1, messages: 5, dropped: 0, end: SessionEnd(outcome: .reset, stage: .open), now: 10)
        _ = gaps.sessionOpened(2, now: 20)
        gaps.sessionClosed(2, messages: 0, dropped: 0, end: SessionEnd(outcome: .pingTimeout, stage: .open), now: 30)
        let gap = gaps.sessionOpened(3, now: 40)
        #expect(gap?.after == RecordPosition(session: 1, sequence: 5))
        #expect(gap?.cause == .watchdog)
    }

    @Test("An open gap counts for the longest, and a clock that jumps back makes none negative")
    func openGap() {
        var gaps = GapTracker()
        _ = gaps.sessionOpened(1, now: 1_000)
        gaps.sessionClosed(1, messages: 1, dropped: 0, end: SessionEnd(outcome: .sinkBlocked, stage: .open), now: 2_000)
        #expect(gaps.longest(now: 5_000) == 3_000)
        #expect(gaps.longest(now: 1_000) == 0)
        let gap = gaps.sessionOpened(2, now: 1_500)
        #expect(gap?.from == 2_000)
        #expect(gap?.to == 2_000)
    }
}
