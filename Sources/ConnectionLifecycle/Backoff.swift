/// How a delay is spread at random, so that many clients of one server do not come back in step.
public enum Jitter: Sendable, Hashable {
    /// Anything from zero to the delay ("full jitter").
    case full
    /// The delay itself.
    case none
    /// The delay plus or minus this fraction of it; taken as 0 below 0, as 1 above 1.
    case fraction(Double)
}

/// The growing delay between the attempts of one subscription: `first * factor^n`, at most `max`, then jittered, then
/// at least `floor`. The first delay is jittered too.
///
/// A value; randomness is an argument. There is no limit on attempts, and the exponent cannot overflow.
public struct Backoff: Sendable, Hashable {
    /// The curve.
    public struct Policy: Sendable, Hashable {
        /// The first delay, before jitter.
        public var first: Duration
        /// What each further delay is multiplied by; taken as 1 if it is less, or no number.
        public var factor: Double
        /// The longest delay, before jitter.
        public var max: Duration
        /// How the delay is spread.
        public var jitter: Jitter
        /// The shortest delay, after jitter.
        public var floor: Duration
        /// How long a session that brought a message must have been open for the next failure to count as the first.
        public var resetAfter: Duration

        /// The defaults of the configuration, where not said otherwise.
        public init(
            first: Duration = .seconds(1),
            factor: Double = 2,
            max: Duration = .seconds(30),
            jitter: Jitter = .full,
            floor: Duration = .milliseconds(250),
            resetAfter: Duration = .seconds(10)
        ) {
            self.first = first
            self.factor = factor
            self.max = max
            self.jitter = jitter
            self.floor = floor
            self.resetAfter = resetAfter
        }
    }

    /// The curve it was made with.
    public let policy: Policy
    /// How many delays were handed out since the last reset.
    public private(set) var attempt = 0
    /// The next delay in seconds, before jitter.
    private var base: Double

    /// A backoff that has not failed yet.
    public init(_ policy: Policy = Policy()) {
        self.policy = policy
        base = Self.firstBase(policy)
    }

    /// The delay before the next attempt.
    public mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let delay = policy.jitter.applied(to: base, using: &generator)
        attempt += attempt == .max ? 0 : 1
        let factor = policy.factor >= 1 && policy.factor.isFinite ? policy.factor : 1
        base = Swift.max(0, min(base * factor, policy.max.seconds))
        return Swift.max(Duration(saturatingSeconds: delay), policy.floor, .zero)
    }

    /// Starts again with the first delay.
    public mutating func reset() {
        attempt = 0
        base = Self.firstBase(policy)
    }

    private static func firstBase(_ policy: Policy) -> Double {
        Swift.max(0, min(policy.first.seconds, policy.max.seconds))
    }
}

extension Jitter {
    /// `delay` seconds, spread; from zero to twice the delay.
    func applied(to delay: Double, using generator: inout some RandomNumberGenerator) -> Double {
        switch self {
        case .full:
            return Double.random(in: 0...delay, using: &generator)
        case .none:
            return delay
        case .fraction(let fraction):
            let spread = fraction > 0 ? delay * min(fraction, 1) : 0
            return Double.random(in: (delay - spread)...(delay + spread), using: &generator)
        }
    }
}

extension Duration {
    /// As many seconds, at most about 146 years, so that no configured curve can trap.
    init(saturatingSeconds seconds: Double) {
        self = .nanoseconds(Int64(min(seconds * 1e9, 0x1p62)))
    }
}
