import MonotonicTime

/// The ping keep-alive of one open session (RFC 6455 section 5.5.2): a Ping every so often, and a Pong in time.
///
/// A ping leaves every `every`, whether or not the last one was answered. The wait for a pong runs from the oldest
/// unanswered ping; a pong for any unanswered ping satisfies it. While other bytes keep arriving the wait is extended,
/// because a large message may stand before the pong, but never beyond three times the timeout. While reading is paused
/// the wait is suspended, and pings still leave, so that a peer which drops idle connections keeps this one.
///
/// A value; time is an argument. `bytesReceived` is one store, meant to be called once a read.
public struct KeepAlive: Sendable {
    /// Whether and how often to ping.
    public enum Policy: Sendable, Hashable {
        /// No pings: a half-open connection is then noticed only by what is written to it.
        case off
        /// A ping every `every` (at least 1 ms), its pong within `timeout`.
        case ping(every: Duration, timeout: Duration)

        /// Every 20 s, within 10 s.
        public static let standard = Policy.ping(every: .seconds(20), timeout: .seconds(10))
    }

    /// What is to be done now.
    public enum Action: Sendable, Hashable {
        /// Send a Ping whose payload carries `id`, so that its Pong can be told from others.
        case sendPing(id: UInt64)
        /// The peer did not answer in time.
        case timedOut
    }

    /// A wait for a pong: for the pings `oldest ... newest`.
    private struct Wait: Hashable {
        var oldest: UInt64
        var since: Instant
        var deadline: Instant
        var limit: Instant
        /// A deadline that was seen late is granted once more, but only once a wait.
        var stallGranted = false
    }

    private enum Phase: Hashable {
        case inactive
        case resting
        // Out of line: most sessions rest most of the time.
        indirect case waiting(Wait)
    }

    /// A deadline seen later than this was missed because the process did not run, or did not get to its timers.
    private static let stallThreshold = Duration.seconds(1)

    // Nanoseconds, half the size of durations.
    /// Zero: off.
    private let everyNanoseconds: Int64
    private let timeoutNanoseconds: Int64
    private var phase = Phase.inactive
    private var nextPing = Instant.distantFuture
    private var newest: UInt64 = 0
    private var newestSentAt = Instant.origin
    private var pausedSince: Instant?
    private var newestMeasurable = false
    @usableFromInline internal var lastReceived = Instant.origin

    /// An inactive keep-alive: it does nothing until `opened`.
    public init(_ policy: Policy) {
        switch policy {
        case .off:
            everyNanoseconds = 0
            timeoutNanoseconds = 0
        case .ping(let every, let timeout):
            everyNanoseconds = max(every, .milliseconds(1)).saturatedNanoseconds
            timeoutNanoseconds = max(timeout, .zero).saturatedNanoseconds
        }
    }

    private var every: Duration? { everyNanoseconds == 0 ? nil : .nanoseconds(everyNanoseconds) }
    private var timeout: Duration { .nanoseconds(timeoutNanoseconds) }

    /// The session is open: the first ping is due after `every`.
    public mutating func opened(now: Instant) {
        guard let every else { return }
        phase = .resting
        nextPing = now + every
        lastReceived = now
    }

    /// Something was read. Cheap: deadlines move only when they are looked at.
    @inlinable
    public mutating func bytesReceived(now: Instant) {
        lastReceived = now
    }

    /// A Pong arrived; `id` is what its payload carried, nil if it is none of ours. Late, early and unsolicited pongs
    /// are ignored (RFC 6455 section 5.5.3).
    ///
    /// - Returns: the round trip, if this is the answer to the newest ping and reading was not paused since.
    public mutating func pongReceived(id: UInt64?, now: Instant) -> Duration? {
        guard let id, case .waiting(let wait) = phase, id >= wait.oldest, id <= newest else { return nil }
        if id == newest {
            phase = .resting
            return newestMeasurable ? newestSentAt.duration(to: now) : nil
        }
        // The peer lives. The pings after this one wait from now on: when each was sent is not kept.
        phase = .waiting(newWait(oldest: id + 1, now: now))
        return nil
    }

    /// Reading stopped because a sink is full: pongs cannot arrive.
    public mutating func readingPaused(now: Instant) {
        guard phase != .inactive, pausedSince == nil else { return }
        pausedSince = now
        newestMeasurable = false
    }

    /// Reading goes on. What stood in the kernel meanwhile has yet to be read, so this counts as bytes received.
    public mutating func readingResumed(now: Instant) {
        guard let since = pausedSince else { return }
        pausedSince = nil
        guard case .waiting(var wait) = phase else { return }
        wait.limit = wait.limit + max(since, wait.since).duration(to: now)
        wait.deadline = min(now + timeout, wait.limit)
        phase = .waiting(wait)
    }

    /// When to call `due`; nil if nothing is awaited. May be earlier than anything happens: bytes that arrived since
    /// do not move it.
    public var nextDeadline: Instant? {
        switch phase {
        case .inactive: nil
        case .resting: nextPing
        case .waiting(let wait): pausedSince == nil ? min(nextPing, wait.deadline) : nextPing
        }
    }

    /// What is due at `now`, one thing at a time: call it until it says nil.
    public mutating func due(now: Instant) -> Action? {
        if phase == .inactive { return nil }
        if case .waiting(var wait) = phase, pausedSince == nil, now >= wait.deadline {
            guard extend(&wait, now: now) else {
                phase = .inactive
                return .timedOut
            }
            phase = .waiting(wait)
        }
        guard let every, now >= nextPing else { return nil }
        return sendPing(every: every, now: now)
    }

    private mutating func sendPing(every: Duration, now: Instant) -> Action {
        newest &+= 1
        newestSentAt = now
        newestMeasurable = pausedSince == nil
        nextPing = now + every
        if phase == .resting {
            phase = .waiting(newWait(oldest: newest, now: now))
        }
        return .sendPing(id: newest)
    }

    private func newWait(oldest: UInt64, now: Instant) -> Wait {
        Wait(oldest: oldest, since: now, deadline: now + timeout, limit: now + timeout * 3)
    }

    /// Moves a deadline that has passed, if there is a reason to; false: the time is up.
    private func extend(_ wait: inout Wait, now: Instant) -> Bool {
        let extended = min(lastReceived + timeout, wait.limit)
        if extended > now {
            wait.deadline = extended
            return true
        }
        guard !wait.stallGranted, wait.deadline.duration(to: now) > Self.stallThreshold else { return false }
        // This process stood still; the pong may have been in the kernel all the time. Read first, then judge.
        wait.stallGranted = true
        wait.limit = wait.limit + wait.deadline.duration(to: now)
        wait.deadline = now + timeout
        return true
    }
}
