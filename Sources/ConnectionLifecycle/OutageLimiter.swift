import MonotonicTime

/// Which failed dials of a whole process are logged: all in the first minute of an outage, later ones a few a minute, with
/// a report of those that were not.
///
/// An outage lasts from a failed dial until none has failed for `quiet`. A value; time is an argument. It grows with the
/// number of subscriptions and hosts that fail.
public struct OutageLimiter: Sendable, Hashable {
    /// What was left out since the last report.
    public struct Report: Sendable, Hashable {
        /// How many failed dials were not logged.
        public var suppressed: Int
        /// Of how many subscriptions they were.
        public var subscriptions: Int
        /// To how many hosts.
        public var hosts: Int
        /// The host of most of them.
        public var host: String
        /// The outcome of most of them.
        public var outcome: Outcome
    }

    /// For how long everything is logged, over what time lines are counted, and how far apart reports are at least.
    public static let minute = Duration.seconds(60)
    /// Without a failed dial for this long the next one begins another outage.
    public static let quiet = Duration.seconds(120)
    /// The most failed dials that are logged in any minute after the first.
    public static let lines = 2
    /// As many more may be the first of their hosts.
    public static let linesOfNewHosts = 1

    private var began: Instant?
    private var lastFailure = Instant.origin
    private var lastReport = Instant.origin
    /// When lines were written, not longer ago than a minute.
    private var written: [Instant] = []
    /// Hosts of which a line was written in this outage.
    private var toldHosts: Set<String> = []
    private var tally = Tally()

    private struct Tally: Sendable, Hashable {
        var suppressed = 0
        /// Whether a line was left out that nothing but this limit had left out.
        var isOfConcern = false
        var subscriptions: Set<String> = []
        var hosts: [String: Int] = [:]
        var outcomes: [Outcome: Int] = [:]
    }

    /// A limiter before any outage.
    public init() {}

    /// Whether an outage has lasted for longer than its first minute.
    public func isLimiting(_ now: Instant) -> Bool {
        guard let began else { return false }
        return now < lastFailure + Self.quiet && began + Self.minute <= now
    }

    /// Notes a failed dial.
    ///
    /// - Parameter isDue: whether it would be logged if there were no other subscriptions.
    /// - Returns: whether it is to be logged; and what is to be reported before, if something is.
    public mutating func dialFailed(
        _ subscription: String,
        host: String,
        _ outcome: Outcome,
        isDue: Bool,
        now: Instant
    ) -> (log: Bool, report: Report?) {
        begin(now)
        lastFailure = max(lastFailure, now)
        guard isLimiting(now) else {
            if isDue { toldHosts.insert(host) }
            return (isDue, nil)
        }
        let isLogged = isDue && takeLine(host, now)
        if !isLogged {
            tally.suppressed += 1
            tally.isOfConcern = tally.isOfConcern || isDue
            tally.subscriptions.insert(subscription)
            tally.hosts[host, default: 0] += 1
            tally.outcomes[outcome, default: 0] += 1
        }
        return (isLogged, report(now))
    }

    private mutating func begin(_ now: Instant) {
        guard began == nil || lastFailure + Self.quiet <= now else { return }
        self = OutageLimiter()
        began = now
        lastReport = now + Self.minute
    }

    private mutating func takeLine(_ host: String, _ now: Instant) -> Bool {
        written.removeAll { $0 + Self.minute <= now }
        let limit = Self.lines + (toldHosts.contains(host) ? 0 : Self.linesOfNewHosts)
        guard written.count < limit else { return false }
        written.append(now)
        toldHosts.insert(host)
        return true
    }

    private mutating func report(_ now: Instant) -> Report? {
        guard tally.isOfConcern, lastReport + Self.minute <= now,
            let host = tally.hosts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }),
            let outcome = tally.outcomes.max(by: { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) })
        else { return nil }
        defer {
            tally = Tally()
            lastReport = now
        }
        return Report(
            suppressed: tally.suppressed,
            subscriptions: tally.subscriptions.count,
            hosts: tally.hosts.count,
            host: host.key,
            outcome: outcome.key
        )
    }
}
