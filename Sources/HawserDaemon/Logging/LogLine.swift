import Logging

/// One log line before it is formatted.
public struct LogLine: Sendable {
    /// Nanoseconds since 1970-01-01 UTC.
    public var wallNanoseconds: Int64
    /// Severity.
    public var level: Logger.Level
    /// The event's name, of `EventName`.
    public var event: String
    /// What happened, for a person.
    public var message: String
    /// The facts, in the order in which they are shown.
    public var fields: [(key: String, value: Logger.MetadataValue)]

    /// The longest text of one field; the rest is cut off and marked.
    static let longestValue = 2_048

    /// A field's place in the line: the order of `LogField`, so that lines of one kind align.
    static func order(_ key: String) -> Int {
        places[key] ?? Int.max
    }

    private static let places = Dictionary(
        uniqueKeysWithValues: LogField.allCases.enumerated().map { ($0.element.rawValue, $0.offset) }
    )

    /// `value` as text, cut at `longestValue` characters.
    static func text(_ value: Logger.MetadataValue) -> String {
        cut(String(describing: value))
    }

    /// `text`, cut at `longestValue` characters.
    static func cut(_ text: String) -> String {
        text.utf8.count <= longestValue ? text : text.prefix(longestValue) + "…"
    }
}

/// Turns a log line into bytes that end with a newline.
public protocol LogLineFormatter: Sendable {
    /// The line's bytes.
    func format(_ line: LogLine) -> [UInt8]
}
