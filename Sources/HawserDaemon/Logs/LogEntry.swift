import Logging

/// One line of the daemon's log as it was read back, from a file or from the journal.
public struct LogEntry: Sendable, Hashable {
    /// What a field says.
    public enum Value: Sendable, Hashable {
        case text(String)
        case integer(Int64)
        case truth(Bool)
        /// What a line of ours never has, such as an array, as the JSON that it was.
        case json(String)
    }

    /// A field with its name, one of `LogField` unless the line is of a newer version.
    public struct Field: Sendable, Hashable {
        /// The name.
        public let key: String
        /// What it says.
        public var value: Value
        /// The name, if it is one of the list: looked up once, as it is asked for many times.
        let field: LogField?

        /// A field of any name.
        public init(key: String, value: Value) {
            self.key = key
            self.value = value
            field = LogField(rawValue: key)
        }

        /// A field of the list.
        init(_ field: LogField, value: Value) {
            key = field.rawValue
            self.value = value
            self.field = field
        }
    }

    /// Nanoseconds since 1970-01-01 UTC.
    public var wallNanoseconds: Int64
    /// Severity.
    public var level: Logger.Level
    /// The event's name, one of `EventName` unless the line is of a newer version.
    public let event: String
    /// The event, if it is one of the list.
    let kind: EventName?
    /// What happened, for a person.
    public var message: String
    /// The facts, in the order of the line.
    public var fields: [Field]
    /// The unit that wrote it, if the journal says so.
    public var unit: String?

    /// An entry.
    ///
    /// - Parameter kind: nil to look it up.
    init(
        wallNanoseconds: Int64,
        level: Logger.Level,
        event: String,
        kind: EventName? = nil,
        message: String,
        fields: [Field],
        unit: String? = nil
    ) {
        self.wallNanoseconds = wallNanoseconds
        self.level = level
        self.event = event
        self.kind = kind ?? EventName(rawValue: event)
        self.message = message
        self.fields = fields
        self.unit = unit
    }

    /// What the first field of this name says.
    subscript(_ field: LogField) -> Value? {
        fields.firstIndex { $0.field == field }.map { fields[$0].value }
    }

    /// The text of a field; nil if there is none.
    func text(_ field: LogField) -> String? {
        if case .text(let text) = self[field] { text } else { nil }
    }

    /// The whole number in a field, which may be written as text; nil if it has none.
    func integer(_ field: LogField) -> Int64? {
        switch self[field] {
        case .integer(let number): number
        case .text(let text): Int64(text)
        case .truth, .json, nil: nil
        }
    }

    /// The number in a field that measures a time, in its unit: never negative, and at most `largestAmount`.
    func amount(_ field: LogField) -> Int64? {
        integer(field).map { min(max($0, 0), Self.largestAmount) }
    }

    /// The session's number; nil if there is none that makes sense.
    var session: Int64? {
        integer(.session).flatMap { (1...(1 << 53)).contains($0) ? $0 : nil }
    }

    /// As milliseconds 49 days, and small enough that no sum with a time of the log overflows.
    static let largestAmount: Int64 = 1 << 32

    /// The times that lines may have, from 1970 to 2261: the distance of any two fits `Int64`.
    static let times = Int64(0)...9_214_646_400_000_000_000
}

extension LogEntry {
    /// Appends the entry as `log: {format: json}` writes it, with a newline.
    func appendJSON(to output: inout LineBuffer, _ timestamp: inout Timestamp) {
        output.append(#"{"time":""#)
        timestamp.append(wallNanoseconds, to: &output)
        output.append(#"","level":""#)
        JSONString.append(level.rawValue, to: &output)
        output.append(#"","event":""#)
        JSONString.append(event, to: &output)
        output.append(#"","message":""#)
        JSONString.append(message, to: &output)
        output.append(#"""#)
        for field in fields {
            output.append(#",""#)
            JSONString.append(field.key, to: &output)
            output.append(#"":"#)
            field.value.appendJSON(to: &output)
        }
        output.append("}\n")
    }

    /// The entry for a `TextLogFormatter`.
    var line: LogLine {
        LogLine(
            wallNanoseconds: wallNanoseconds,
            level: level,
            event: event,
            message: message,
            fields: fields.map { ($0.key, $0.value.metadata) }
        )
    }
}

extension LogEntry.Value {
    fileprivate func appendJSON(to output: inout LineBuffer) {
        switch self {
        case .text(let text):
            output.append(#"""#)
            JSONString.append(text, to: &output)
            output.append(#"""#)
        case .integer(let number):
            if number < 0 { output.append("-") }
            output.append(decimal: number.magnitude)
        case .truth(let truth):
            output.append(truth ? "true" : "false")
        case .json(var text):
            text.withUTF8 { output.append(UnsafeRawBufferPointer($0)) }
        }
    }

    fileprivate var metadata: Logger.MetadataValue {
        switch self {
        case .text(let text), .json(let text): .string(text)
        case .integer(let number): .stringConvertible(number)
        case .truth(let truth): .stringConvertible(truth)
        }
    }
}
