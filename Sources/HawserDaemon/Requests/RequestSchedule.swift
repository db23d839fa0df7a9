import ConnectionLifecycle
import MonotonicTime

/// When a request is made: at the start, and then every so often, spread so that many daemons do not ask in step.
///
/// A value; time and randomness are arguments. One call at a time: what falls due while one is under way is not made up
/// for.
struct RequestSchedule: Sendable {
    /// The longest that a server's `Retry-After` holds up the next call.
    static let longestRetryAfter = Duration.seconds(900)
    /// How much an interval is shorter or longer than what is configured.
    static let jitter = 0.1

    private let every: Duration?
    private let atStart: Bool

    init(every: Duration?, atStart: Bool) {
        self.every = every
        self.atStart = atStart
    }

    /// When the first call is due: at once, or somewhere within the first interval; nil: never.
    ///
    /// - Parameter draw: a random number from 0 to 1.
    func first(_ now: Instant, draw: Double) -> Instant? {
        if atStart { return now }
        return every.map { now + Duration.seconds(draw * $0.seconds) }
    }

    /// When the call after the one that began at `began` is due; nil: never.
    ///
    /// - Parameters:
    ///   - now: when that one ended.
    ///   - retryAfter: what its server asked for.
    ///   - draw: a random number from 0 to 1.
    func next(after began: Instant, _ now: Instant, retryAfter: Duration? = nil, draw: Double) -> Instant? {
        guard let every else { return nil }
        let factor = 1 + Self.jitter * (2 * draw - 1)
        let due = max(began + Duration.seconds(every.seconds * factor), now)
        guard let retryAfter else { return due }
        return max(due, now + min(retryAfter, Self.longestRetryAfter))
    }
}
