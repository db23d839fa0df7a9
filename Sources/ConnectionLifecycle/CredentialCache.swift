import MonotonicTime

/// One credential that a call yields and many dials need, without its effects: how long it is good, who has to wait, and
/// when it is called for again.
///
/// At most one call is under way, and all who need the credential share it. Whoever used a value says which one it was,
/// so that a refusal of an old value leaves a newer one alone.
///
/// A value; time and randomness are arguments.
public struct CredentialCache: Sendable {
    /// Which value it is: 1 for the first.
    public typealias Generation = UInt64

    /// What to do for someone who needs the credential.
    public enum Demand: Sendable, Hashable {
        /// The value of this generation is good.
        case ready(Generation)
        /// Make the call, and say `succeeded` or `failed` when it has ended.
        case call
        /// The call is under way: wait for its end.
        case wait
        /// The last call failed, and the next one is made no sooner than then.
        case failing(until: Instant)
    }

    /// The longest time before its end at which a value is taken for gone: it has to reach the server and be accepted.
    public static let longestMargin = Duration.seconds(60)

    /// The newest value; 0 without any.
    public private(set) var generation: Generation = 0
    /// Until when the newest value is used without a thought of the next; nil: there is none that may be.
    public private(set) var goodUntil: Instant?
    /// When the newest value ends. Between the two it is used only if the next is not to be had.
    private var endsAt = Instant.origin
    /// Whether a call is under way.
    public private(set) var isCalling = false

    private var backoff: Backoff
    private var restUntil: Instant?

    /// A cache without a value.
    ///
    /// - Parameter backoff: the pause after calls that failed.
    public init(backoff: Backoff.Policy = Backoff.Policy()) {
        self.backoff = Backoff(backoff)
    }

    /// Someone needs the credential now.
    public mutating func demand(now: Instant) -> Demand {
        if let goodUntil, now < goodUntil { return .ready(generation) }
        if isCalling { return .wait }
        if let restUntil, now < restUntil {
            return goodUntil != nil && now < endsAt ? .ready(generation) : .failing(until: restUntil)
        }
        isCalling = true
        return .call
    }

    /// The call that began at `began` has a value.
    ///
    /// - Parameter lifetime: how long the value is good from then on; nil: until it is refused.
    /// - Returns: the value's generation.
    @discardableResult
    public mutating func succeeded(lifetime: Duration?, began: Instant) -> Generation {
        isCalling = false
        generation += 1
        backoff.reset()
        restUntil = nil
        endsAt = lifetime.map { began + $0 } ?? .distantFuture
        goodUntil = lifetime.map { began + ($0 - Self.margin(of: $0)) } ?? .distantFuture
        return generation
    }

    /// The call has none.
    ///
    /// - Returns: from when on it may be made again.
    @discardableResult
    public mutating func failed(now: Instant, using generator: inout some RandomNumberGenerator) -> Instant {
        isCalling = false
        let until = now + backoff.next(using: &generator)
        restUntil = until
        return until
    }

    /// A server did not accept the value of this generation.
    ///
    /// - Returns: whether it was the newest, and so is gone.
    @discardableResult
    public mutating func refused(_ generation: Generation) -> Bool {
        guard generation == self.generation, goodUntil != nil else { return false }
        goodUntil = nil
        return true
    }

    /// A tenth of the lifetime, at most a minute.
    static func margin(of lifetime: Duration) -> Duration {
        min(lifetime / 10, longestMargin)
    }
}
