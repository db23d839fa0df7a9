/// Sizes as they are written in a configuration: a whole number and a binary unit, `256B`, `64KiB`, `4MiB`, `1GiB`.
enum SizeText {
    private static let units: [(suffix: String, bytes: Int)] = [
        ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// The bytes that `text` says; nil if it says none.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int(digits),
            let unit = units.first(where: { $0.suffix == text.dropFirst(digits.count) })
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : bytes
    }

    /// The size in the largest unit that leaves it whole.
    static func format(_ bytes: Int) -> String {
        guard bytes != 0 else { return "0B" }
        let unit = units.last { bytes % $0.bytes == 0 } ?? units[0]
        return "\(bytes / unit.bytes)\(unit.suffix)"
    }

    /// The size in the largest unit of which there is one, cut to one digit behind the point: `940B`, `1.2MiB`.
    static func rounded(_ bytes: Int) -> String {
        guard let unit = units.last(where: { bytes >= $0.bytes }), unit.bytes > 1 else { return "\(bytes)B" }
        let (whole, rest) = bytes.quotientAndRemainder(dividingBy: unit.bytes)
        return "\(whole).\(rest / (unit.bytes / 1024) * 10 / 1024)\(unit.suffix)"
    }

    /// What to write for `text`, which is not a size, if that can be guessed.
    static func guess(_ text: String) -> String? {
        if let number = Int(text), number >= 0 { return format(number) }
        let compact = text.lowercased().filter { $0 != " " && $0 != "_" }
        let digits = compact.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        let unit: String
        switch compact.dropFirst(digits.count) {
        case "b", "bytes", "byte": unit = "B"
        case "k", "kb", "ki", "kib": unit = "KiB"
        case "m", "mb", "mi", "mib": unit = "MiB"
        case "g", "gb", "gi", "gib": unit = "GiB"
        case "t", "tb", "ti", "tib": unit = "TiB"
        default: return nil
        }
        let guess = "\(number)\(unit)"
        return parse(guess) == nil ? nil : guess
    }
}
