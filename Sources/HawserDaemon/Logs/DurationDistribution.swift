/// How long something lasted, many times over: how often, in all, at worst, and in the middle.
///
/// Exact up to `exactLimit` values; beyond that the median is a little wrong, by at most one part in 64, and the memory
/// stays as it is. A value.
struct DurationDistribution: Sendable, Hashable {
    /// How many values are kept one by one.
    static let exactLimit = 500
    /// Each power of two is divided into so many steps.
    private static let steps: Int64 = 64

    /// How many there were.
    private(set) var count = 0
    /// The longest, in milliseconds.
    private(set) var worst: Int64 = 0

    private var exact: [Int64] = []
    /// How many values lie in each step, once there are too many.
    private var steps: [Int32: Int] = [:]

    /// Adds one, in milliseconds.
    mutating func add(_ milliseconds: Int64) {
        let value = max(milliseconds, 0)
        count += 1
        worst = max(worst, value)
        guard steps.isEmpty else { return steps[Self.step(of: value), default: 0] += 1 }
        exact.append(value)
        if exact.count > Self.exactLimit { fold() }
    }

    /// Adds all that `other` has.
    mutating func merge(_ other: DurationDistribution) {
        if !other.steps.isEmpty, steps.isEmpty { fold() }
        for value in other.exact { add(value) }
        guard !other.steps.isEmpty else { return }
        for (step, number) in other.steps {
            steps[step, default: 0] += number
            count += number
        }
        worst = max(worst, other.worst)
    }

    /// The value in the middle, in milliseconds: of two in the middle the smaller; nil if there is none.
    var median: Int64? {
        guard count > 0 else { return nil }
        let middle = (count - 1) / 2
        guard !steps.isEmpty else { return exact.sorted()[middle] }
        var passed = 0
        for (step, number) in steps.sorted(by: { $0.key < $1.key }) {
            passed += number
            if passed > middle { return min(Self.value(of: step), worst) }
        }
        return worst
    }

    private mutating func fold() {
        for value in exact { steps[Self.step(of: value), default: 0] += 1 }
        exact = []
    }

    /// Below `steps` each value is a step of its own.
    private static func step(of value: Int64) -> Int32 {
        let exponent = Int64(max(0, 63 - value.leadingZeroBitCount - 6))
        return Int32(truncatingIfNeeded: exponent * steps + value >> exponent)
    }

    /// The middle of a step.
    private static func value(of step: Int32) -> Int64 {
        let step = Int64(step)
        guard step >= 2 * steps else { return step }
        let exponent = step / steps - 1
        let mantissa = step - exponent * steps
        return mantissa << exponent + 1 << (exponent - 1)
    }
}
