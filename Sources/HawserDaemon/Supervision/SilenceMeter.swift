/// How long a session was without a message: at the longest, and since the last one. The opening counts as a message.
///
/// A value; times are those of the records, on the wall clock.
struct SilenceMeter: Sendable {
    /// When the newest message came, or the session opened.
    private(set) var lastMessage: Int64
    private var longest: Int64 = 0

    /// A session that opened at `now`, in nanoseconds since 1970-01-01 UTC.
    init(openedAt now: Int64) {
        lastMessage = now
    }

    /// A message came. Costs a comparison, as it is done for each.
    @inline(__always)
    mutating func noteMessage(at now: Int64) {
        longest = max(longest, now &- lastMessage)
        lastMessage = now
    }

    /// What it came to for a session that ended at `now`.
    func silence(at now: Int64) -> Silence {
        let last = max(now &- lastMessage, 0)
        return Silence(last: .nanoseconds(last), longest: .nanoseconds(max(longest, last)))
    }
}

/// How long a session was without a message.
struct Silence: Sendable, Hashable {
    /// From the last message, or the opening, to the end.
    var last: Duration
    /// The longest time within the session.
    var longest: Duration
}
