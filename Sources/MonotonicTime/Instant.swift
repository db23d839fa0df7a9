/// A point on a monotonic clock: nanoseconds since an origin that only the clock's owner knows.
///
/// Time is an argument everywhere below the event loop, so the same code runs on `CLOCK_MONOTONIC` and on a virtual
/// clock. Arithmetic saturates: a configured duration can never trap the process.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's origin.
    public let nanoseconds: Int64

    /// An instant `nanoseconds` after the clock's origin.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The clock's origin.
    public static let origin = Instant(nanoseconds: 0)

    /// Later than every deadline that can be configured.
    public static let distantFuture = Instant(nanoseconds: .max)

    /// This instant moved by `duration`, saturating at both ends.
    public func advanced(by duration: Duration) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.saturatedNanoseconds)
        return Instant(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// The time from this instant to `other`; negative if `other` is earlier.
    public func duration(to other: Instant) -> Duration {
        let (difference, overflow) = other.nanoseconds.subtractingReportingOverflow(nanoseconds)
        return .nanoseconds(overflow ? (other > self ? .max : .min) : difference)
    }

    /// Whether `lhs` is earlier than `rhs`.
    public static func < (lhs: Instant, rhs: Instant) -> Bool {
        lhs.nanoseconds < rhs.nanoseconds
    }

    /// `instant` moved by `duration`, saturating.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        instant.advanced(by: duration)
    }

    /// The time from `earlier` to `later`.
    public static func - (later: Instant, earlier: Instant) -> Duration {
        earlier.duration(to: later)
    }
}

extension Duration {
    /// Whole nanoseconds, saturating at the range of `Int64` (292 years).
    public var saturatedNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carried) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// Whole milliseconds, rounded towards zero.
    public var milliseconds: Int64 {
        saturatedNanoseconds / 1_000_000
    }

    /// Seconds as a floating-point number, for ratios and display.
    public var seconds: Double {
        Double(saturatedNanoseconds) / 1e9
    }
}
