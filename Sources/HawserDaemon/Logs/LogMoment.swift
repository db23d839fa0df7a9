import MonotonicTime

/// A point in time as a person writes it on the command line. What names no zone is UTC, as everything that is printed.
public enum LogMoment {
    /// What may be written, for messages.
    public static let allowed =
        "2026-11-26T21:00:00Z, \"2026-11-26 21:00\", 2026-11-26, 21:00, -2h, -1d12h, now, today, yesterday or @SECONDS"

    private static let day: Int64 = 86_400
    private static let second: Int64 = 1_000_000_000

    /// Nanoseconds since 1970-01-01 UTC of what `text` says at the time `now`; nil if it says nothing, or a time that no
    /// line of a log can have.
    public static func parse(_ text: String, now: Int64) -> Int64? {
        read(text, now: now).flatMap { LogEntry.times.contains($0) ? $0 : nil }
    }

    private static func read(_ text: String, now: Int64) -> Int64? {
        let today = now / second / day - (now < 0 ? 1 : 0)
        switch text {
        case "now": return now
        case "today": return Timestamp.nanoseconds(day: today, secondOfDay: 0)
        case "yesterday": return Timestamp.nanoseconds(day: today - 1, secondOfDay: 0)
        default: break
        }
        if text.first == "-" { return ago(text.dropFirst(), now: now) }
        if text.first == "@" { return epoch(text.dropFirst()) }
        if let moment = Timestamp.parse(text.utf8) { return moment }
        return local(text, today: today)
    }

    /// A date, a time of today, or both.
    private static func local(_ text: String, today: Int64) -> Int64? {
        var reader = DigitReader(text.utf8)
        if let day = reader.date() {
            if reader.isAtEnd { return Timestamp.nanoseconds(day: day, secondOfDay: 0) }
            guard reader.skip("Tt "), let time = reader.time(needsSeconds: false), reader.isAtEnd else { return nil }
            return Timestamp.nanoseconds(day: day, secondOfDay: time.second, fraction: time.fraction)
        }
        reader = DigitReader(text.utf8)
        guard let time = reader.time(needsSeconds: false), reader.isAtEnd else { return nil }
        return Timestamp.nanoseconds(day: today, secondOfDay: time.second, fraction: time.fraction)
    }

    /// `2h`, `90s` or `1d12h` before now.
    private static func ago(_ text: Substring, now: Int64) -> Int64? {
        var rest = text
        var total = Duration.zero
        repeat {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            let unit = rest.dropFirst(digits.count).prefix { $0.isLetter }
            guard let part = DurationText.parse(String(digits + unit)) else { return nil }
            total += part
            rest = rest.dropFirst(digits.count + unit.count)
        } while !rest.isEmpty
        let (moment, overflow) = now.subtractingReportingOverflow(total.saturatedNanoseconds)
        return overflow ? nil : moment
    }

    private static func epoch(_ text: Substring) -> Int64? {
        guard let seconds = Int64(text) else { return nil }
        let (moment, overflow) = seconds.multipliedReportingOverflow(by: second)
        return overflow ? nil : moment
    }
}
