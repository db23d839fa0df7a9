import Glibc

/// The time of day, for the messages of the demo.
enum WallClock {
    /// Now in UTC, with milliseconds: `2026-11-20T21:00:00.123Z` (RFC 3339).
    static func rfc3339() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        let date = "\(Int(parts.tm_year) + 1900)-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday))"
        let milliseconds = digits(Int32(now.tv_nsec / 1_000_000), 3)
        return "\(date)T\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec)).\(milliseconds)Z"
    }

    private static func digits(_ number: Int32, _ count: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
