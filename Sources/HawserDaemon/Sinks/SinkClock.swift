import Glibc
import MonotonicTime

/// The two clocks of a sink's thread.
struct SinkClock: Sendable {
    /// `CLOCK_MONOTONIC`.
    var now: @Sendable () -> Instant
    /// Nanoseconds since 1970-01-01 UTC.
    var wallNanoseconds: @Sendable () -> Int64

    /// The machine's clocks.
    static let system = SinkClock(
        now: { Instant(nanoseconds: read(CLOCK_MONOTONIC)) },
        wallNanoseconds: { read(CLOCK_REALTIME) }
    )

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
