import ConnectionLifecycle

/// Knows the holes in one subscription's output: what was last before each, and since when it is open.
///
/// Wall-clock nanoseconds are what the records show; the clock may jump, so a length is never negative.
struct GapTracker {
    private struct Hole {
        var from: Int64
        var cause: GapCause
        var dropped: UInt64
    }

    private var lastMessage: RecordPosition?
    private var hole: Hole?
    private(set) var longest: Int64 = 0

    /// A session that was open ended at `now`, its last message being number `messages`; `dropped` more were received
    /// and not recorded.
    mutating func sessionClosed(_ session: UInt32, messages: UInt64, dropped: UInt64, end: SessionEnd, now: Int64) {
        if messages > 0 { lastMessage = RecordPosition(session: session, sequence: messages) }
        // After a shutdown nothing follows in this run: the next one says where the output has its hole.
        if hole == nil, end.cause != .shutdown { hole = Hole(from: now, cause: GapCause(end), dropped: dropped) }
    }

    /// A session opened at `now`.
    ///
    /// - Returns: the hole that it ends; nil for the first session.
    mutating func sessionOpened(_ session: UInt32, now: Int64) -> Mark.Gap? {
        guard let hole else { return nil }
        longest = max(longest, lengthOfOpenHole(now: now))
        self.hole = nil
        return Mark.Gap(
            cause: hole.cause,
            from: hole.from,
            to: max(now, hole.from),
            after: lastMessage,
            before: RecordPosition(session: session, sequence: 1),
            dropped: hole.dropped
        )
    }

    /// The length in nanoseconds of the longest hole, the one that is open at `now` included.
    func longest(now: Int64) -> Int64 {
        max(longest, lengthOfOpenHole(now: now))
    }

    private func lengthOfOpenHole(now: Int64) -> Int64 {
        guard let hole else { return 0 }
        let (length, overflow) = now.subtractingReportingOverflow(hole.from)
        return overflow ? 0 : max(0, length)
    }
}
