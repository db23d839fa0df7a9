import ConnectionLifecycle
import MonotonicTime

@_exported import enum ConnectionLifecycle.Jitter

/// Why a request is tried again. The raw value is its name in logs.
public enum RetryCause: String, Sendable, Hashable, CaseIterable {
    /// No connection: refused, unreachable, no address for the name.
    case connect
    /// The connection was lost before the whole answer was here.
    case lost
    /// A timeout of a stage, other than that of the whole call.
    case timeout
    /// The status says that it may work later.
    case status
}

/// When a request is tried again, and after how long: the same curve as that of the reconnects.
public struct RetryPolicy: Sendable, Hashable {
    /// How often the request is sent at most, the first time included, 1-100.
    public var attempts: Int
    /// The delay before the second attempt, before jitter.
    public var first: Duration
    /// What each further delay is multiplied by.
    public var factor: Double
    /// The longest delay, before jitter.
    public var max: Duration
    /// How delays are spread.
    public var jitter: Jitter
    /// The statuses that are tried again.
    public var statuses: Set<Int>
    /// The failures that are tried again.
    public var causes: Set<RetryCause>
    /// Whether methods that are not idempotent (POST, PATCH) are tried again as well.
    public var anyMethod: Bool
    /// The longest `Retry-After` that is obeyed (RFC 9110 section 10.2.3); a server that wants more has its answer
    /// handed over.
    public var longestRetryAfter: Duration

    /// A policy; numbers out of range are taken as the nearest in it.
    public init(
        attempts: Int = 4,
        first: Duration = .seconds(1),
        factor: Double = 2,
        max: Duration = .seconds(30),
        jitter: Jitter = .fraction(0.25),
        statuses: Set<Int> = [408, 425, 429, 500, 502, 503, 504],
        causes: Set<RetryCause> = Set(RetryCause.allCases),
        anyMethod: Bool = false,
        longestRetryAfter: Duration = .seconds(900)
    ) {
        self.attempts = min(Swift.max(1, attempts), 100)
        self.first = first
        self.factor = factor
        self.max = max
        self.jitter = jitter
        self.statuses = statuses
        self.causes = causes
        self.anyMethod = anyMethod
        self.longestRetryAfter = longestRetryAfter
    }

    /// One attempt.
    public static let never = RetryPolicy(attempts: 1)
}

/// The attempts of one call.
struct RetryMachine {
    /// How an attempt ended.
    enum Outcome {
        /// With this status, and what `Retry-After` says.
        case answered(Int, retryAfter: Duration?)
        case failed(RetryCause)
    }

    private let policy: RetryPolicy
    private let mayRepeat: Bool
    private var backoff: Backoff
    /// Attempts that have ended.
    private(set) var attempts = 0

    /// - Parameter isReplayable: whether the content can be sent again.
    init(_ policy: RetryPolicy, method: HTTPMethod, isReplayable: Bool) {
        self.policy = policy
        mayRepeat = isReplayable && (policy.anyMethod || method.isIdempotent)
        backoff = Backoff(
            Backoff.Policy(
                first: policy.first,
                factor: policy.factor,
                max: policy.max,
                jitter: policy.jitter,
                floor: .zero
            )
        )
    }

    /// An attempt has ended.
    ///
    /// - Parameters:
    ///   - left: what is left of the time for the whole call; nil without a limit.
    /// - Returns: how long to wait before the next attempt, and why there is one; nil if this was the last.
    mutating func ended(
        _ outcome: Outcome,
        left: Duration?,
        using generator: inout some RandomNumberGenerator
    ) -> (delay: Duration, cause: RetryCause)? {
        attempts += 1
        guard mayRepeat, attempts < policy.attempts else { return nil }
        let cause: RetryCause
        var least = Duration.zero
        switch outcome {
        case .answered(let status, let retryAfter):
            guard policy.statuses.contains(status) else { return nil }
            cause = .status
            least = retryAfter ?? .zero
            guard least <= policy.longestRetryAfter else { return nil }
        case .failed(let failure):
            guard policy.causes.contains(failure) else { return nil }
            cause = failure
        }
        let delay = Swift.max(backoff.next(using: &generator), least)
        // Waiting only to run out of time would hide what the server said.
        if let left, delay >= left { return nil }
        return (delay, cause)
    }
}
