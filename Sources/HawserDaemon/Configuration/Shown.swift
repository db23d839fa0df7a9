/// Values as they appear in messages.
enum Shown {
    /// A text in quotes, printable and cut to a length that fits a line.
    static func quoted(_ text: String) -> String {
        "\"\(cut(text))\""
    }

    /// A text without quotes, printable and cut.
    static func cut(_ text: String) -> String {
        let limit = 64
        var shown = String.UnicodeScalarView()
        for (count, scalar) in text.unicodeScalars.enumerated() {
            guard count < limit else {
                shown.append("…")
                break
            }
            switch scalar.properties.generalCategory {
            case .control, .format, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                shown.append("\u{FFFD}")
            default:
                shown.append(scalar)
            }
        }
        return String(shown)
    }

    /// The path of `key` below `path`.
    static func path(_ path: String, _ key: String) -> String {
        path.isEmpty ? cut(key) : "\(path).\(cut(key))"
    }

    /// A number without a needless fraction.
    static func number(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }
}
