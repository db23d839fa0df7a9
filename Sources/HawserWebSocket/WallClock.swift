import Glibc

/// The time of day, for records and for dates in HTTP fields; never for intervals.
public enum WallClock {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public static var nanoseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    public static var seconds: Int64 {
        nanoseconds / 1_000_000_000
    }
}
