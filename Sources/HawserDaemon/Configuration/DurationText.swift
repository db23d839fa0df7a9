/// Durations as they are written in a configuration: a whole number and a unit, `250ms`, `20s`, `5m`, `1h`, `1d`.
enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    /// The duration that `text` says; nil if it says none.
    static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits),
            let unit = units.first(where: { $0.suffix == text.dropFirst(digits.count) })
        else { return nil }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
        return overflow ? nil : .milliseconds(milliseconds)
    }

    /// The duration in the largest unit that leaves it whole; below a millisecond in nanoseconds.
    static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        guard !overflow, attoseconds % 1_000_000_000_000_000 == 0 else { return "\(duration)" }
        let milliseconds = scaled + attoseconds / 1_000_000_000_000_000
        guard milliseconds != 0 else { return "0s" }
        let unit = units.last { milliseconds % $0.milliseconds == 0 } ?? units[0]
        return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }

    /// What to write for `text`, which is not a duration, if that can be guessed.
    static func guess(_ text: String) -> String? {
        if let number = Int64(text), number >= 0 { return "\(number)s" }
        let lower = text.lowercased().filter { $0 != " " && $0 != "_" }
        if lower != text, parse(lower) != nil { return lower }
        let digits = lower.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        guard let number = Double(digits), number >= 0, number < 1e9 else { return nil }
        let words: [(String, Int64)] = [
            ("seconds", 1_000), ("second", 1_000), ("secs", 1_000), ("sec", 1_000), ("s", 1_000), ("", 1_000),
            ("minutes", 60_000), ("minute", 60_000), ("mins", 60_000), ("min", 60_000), ("m", 60_000),
            ("hours", 3_600_000), ("hour", 3_600_000), ("hrs", 3_600_000), ("h", 3_600_000),
            ("days", 86_400_000), ("day", 86_400_000), ("d", 86_400_000),
            ("milliseconds", 1), ("millisecond", 1), ("msec", 1), ("millis", 1), ("ms", 1),
        ]
        guard let unit = words.first(where: { $0.0 == lower.dropFirst(digits.count) })?.1 else { return nil }
        let milliseconds = (number * Double(unit)).rounded()
        return milliseconds > 0 ? format(.milliseconds(Int64(milliseconds))) : nil
    }
}
