import Logging

/// One line for a person: time, level, event, message, then `key=value` fields.
public struct TextLogFormatter: LogLineFormatter {
    private let colour: Bool
    private let isDated: Bool

    /// A formatter; `colour` only for terminals.
    ///
    /// - Parameter isDated: with the date in front of the time of day, for lines that are read later.
    public init(colour: Bool, isDated: Bool = false) {
        self.colour = colour
        self.isDated = isDated
    }

    /// The line, free of control characters but the newline at its end.
    public func format(_ line: LogLine) -> [UInt8] {
        var text = paint(clock(line.wallNanoseconds), .faint) + " " + paint(label(line.level), tint(line.level)) + " "
        text += paint(line.event.printable.padding(to: 21), .bold)
        // Whom it is about comes first, so that the eye can follow one among many.
        let subject = line.fields.first { Self.subjects.contains($0.key) }
        if let subject { text += " " + paint(LogLine.text(subject.value).printable.padding(to: 8), .bold) }
        text += " " + line.message.printable
        for (key, value) in line.fields where key != subject?.key {
            let shown = LogLine.text(value).printable
            let quoted = shown.isEmpty || shown.contains(where: { " =\"".contains($0) }) ? Self.quoted(shown) : shown
            text += " " + paint(key.printable + "=", .faint) + quoted
        }
        return Array((text + "\n").utf8)
    }

    private static let subjects = Set([LogField.subscription, .request, .sink].map(\.rawValue))

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
        return output.withBytes { bytes in
            let date = isDated ? String(decoding: bytes[..<10], as: UTF8.self) + " " : ""
            return date + String(decoding: bytes[11..<23], as: UTF8.self) + "Z"
        }
    }

    private func label(_ level: Logger.Level) -> String {
        level.rawValue.uppercased().padding(to: 8)
    }

    /// With the quotation marks inside escaped: what a peer says must not look like another field.
    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}

extension String {
    /// This text with what could steer a terminal, or turn the reading direction, spelled out: it may come from a peer.
    var printable: String {
        func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
        guard !unicodeScalars.allSatisfy(isHarmless) else { return self }
        return unicodeScalars.map { scalar in
            isHarmless(scalar) ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
        }.joined()
    }

    /// This text, filled with spaces up to `width` characters.
    func padding(to width: Int) -> String {
        count >= width ? self : self + String(repeating: " ", count: width - count)
    }
}
