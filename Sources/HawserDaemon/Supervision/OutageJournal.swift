import ConnectionLifecycle
import Locking
import MonotonicTime

/// Keeps the log short while many subscriptions fail at once: decides for all loops which failed dials are logged, and
/// says how many were not.
final class OutageJournal: Sendable {
    private let logger: EventLogger
    private let limiter = OrderedMutex(OutageLimiter())

    init(logger: EventLogger) {
        self.logger = logger
    }

    /// Whether lines that do not say anything new are to be left out.
    func isLimiting(_ now: Instant) -> Bool {
        limiter.withLock { $0.isLimiting(now) }
    }

    /// Notes a failed dial; may write a line about those before.
    ///
    /// - Parameter isDue: whether it would be logged if there were no other subscriptions.
    /// - Returns: whether it is to be logged.
    func dialFailed(_ subscription: String, host: String, _ outcome: Outcome, isDue: Bool, now: Instant) -> Bool {
        let (isLogged, report) = limiter.withLock {
            $0.dialFailed(subscription, host: host, outcome, isDue: isDue, now: now)
        }
        if let report { say(report) }
        return isLogged
    }

    private func say(_ report: OutageLimiter.Report) {
        let dials = "\(report.suppressed) more dials of \(report.subscriptions) subscriptions failed"
        logger.log(
            .warning,
            .dialsFailing,
            "\(dials), most of them of \(report.host)",
            [
                .subscriptions: report.subscriptions, .hosts: report.hosts, .outcome: report.outcome.rawValue,
                .suppressed: report.suppressed,
            ]
        )
    }
}
