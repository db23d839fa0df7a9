import MonotonicTime

/// Which repeats of a failure are logged: the first of an outage one by one, later ones now and then, with a count of
/// those between.
///
/// A value; time is an argument.
public struct RepeatLimiter: Sendable, Hashable {
    /// How many are logged one by one.
    public let burst: Int
    /// The longest silence after that.
    public let interval: Duration

    private var logged = 0
    private var suppressed = 0
    private var lastLogged: Instant?

    /// A limiter at the beginning of an outage.
    public init(burst: Int = 10, interval: Duration = .seconds(300)) {
        self.burst = burst
        self.interval = interval
    }

    /// Notes a repeat and says whether it is to be logged.
    ///
    /// - Parameter next: when the repeat after this one is expected, if known. One is logged early rather than late, so
    ///   that no silence is longer than `interval`.
    /// - Returns: `suppressed` is how many were not logged since the last that was; zero unless `log`.
    public mutating func shouldLog(_ now: Instant, next: Duration = .zero) -> (log: Bool, suppressed: Int) {
        if logged >= burst, let lastLogged, lastLogged.duration(to: now + next) < interval {
            suppressed += suppressed == .max ? 0 : 1
            return (false, 0)
        }
        let between = suppressed
        logged += logged == .max ? 0 : 1
        suppressed = 0
        lastLogged = now
        return (true, between)
    }

    /// Notes a repeat that another limit keeps out of the log.
    public mutating func suppress() {
        suppressed += suppressed == .max ? 0 : 1
    }

    /// The outage is over.
    ///
    /// - Returns: how many were not logged since the last that was.
    @discardableResult
    public mutating func reset() -> Int {
        defer {
            logged = 0
            suppressed = 0
            lastLogged = nil
        }
        return suppressed
    }
}
