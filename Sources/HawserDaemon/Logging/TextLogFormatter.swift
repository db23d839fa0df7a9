import Logging

/// One line for a person: time, level, event, message, then `key=value` fields.
public struct TextLogFormatter: LogLineFormatter {
    private let colour: Bool

    /// A formatter; `colour` only for terminals.
    public init(colour: Bool) {
        self.colour = colour
    }

    /// The line, free of control characters but the newline at its end.
    public func format(_ line: LogLine) -> [UInt8] {
        var text = paint(clock(line.wallNanoseconds), .faint) + " " + paint(label(line.level), tint(line.level)) + " "
        text += paint(line.event.padding(to: 21), .bold)
        // Whom it is about comes first, so that the eye can follow one among many.
        let subject = line.fields.first { Self.subjects.contains($0.key) }
        if let subject { text += " " + paint(printable(LogLine.text(subject.value)).padding(to: 8), .bold) }
        text += " " + printable(line.message)
        for (key, value) in line.fields where key != subject?.key {
            let shown = printable(LogLine.text(value))
            let quoted = shown.isEmpty || shown.contains(where: { " =\"".contains($0) }) ? Self.quoted(shown) : shown
            text += " " + paint(key + "=", .faint) + quoted
        }
        return Array((text + "\n").utf8)
    }

    private static let subjects: Set<String> = [LogField.subscription.rawValue, LogField.sink.rawValue]

    private enum Style: String {
        case faint = "2", bold = "1", red = "31", yellow = "33", green = "32"
    }

    private func paint(_ text: String, _ style: Style) -> String {
        colour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    private func tint(_ level: Logger.Level) -> Style {
        switch level {
        case .trace, .debug: .faint
        case .info, .notice: .green
        case .warning: .yellow
        case .error, .critical: .red
        }
    }

    /// `21:00:00.123Z`: on a terminal the date is known, and the time of day tells lines apart.
    private func clock(_ wallNanoseconds: Int64) -> String {
        var timestamp = Timestamp()
        var output = LineBuffer(capacity: 64)
        timestamp.append(wallNanoseconds, to: &output)
        return output.withBytes { String(decoding: $0[11..<23], as: UTF8.self) + "Z" }
    }

    private func label(_ level: Logger.Level) -> String {
        level.rawValue.uppercased().padding(to: 8)
    }

    /// With the quotation marks inside escaped: what a peer says must not look like another field.
    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Bytes from a peer must not steer a terminal, nor turn the reading direction.
    private func printable(_ text: String) -> String {
        func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
        guard !text.unicodeScalars.allSatisfy(isHarmless) else { return text }
        return text.unicodeScalars.map { scalar in
            isHarmless(scalar) ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
        }.joined()
    }
}

extension String {
    /// This text, filled with spaces up to `width` characters.
    func padding(to width: Int) -> String {
        count >= width ? self : self + String(repeating: " ", count: width - count)
    }
}
