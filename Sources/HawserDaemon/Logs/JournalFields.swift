import Logging

/// The fields of one entry of the journal that matter here, as `journalctl -o json` prints them.
///
/// A value is a string, an array of bytes if it is not text, null if it is too large, or an array of these if the field
/// was given several times: then the first counts.
struct JournalFields {
    /// What the names of the daemon's own fields begin with; the rest is the name of a `LogField` in capitals.
    static let prefix = "HAWSER_"

    /// Where the entry is in the journal.
    private(set) var cursor: String?
    /// What every entry has.
    private(set) var message = ""
    /// The unit that wrote it.
    private(set) var unit: String?
    private var priority: Int64?
    private var microseconds: Int64?
    private var sourceMicroseconds: Int64?
    private var own: [(name: String, text: String)] = []
    private var hasMessage = false

    /// Whether it is an entry of the journal at all.
    var isJournal: Bool { hasMessage || microseconds != nil || !own.isEmpty }

    /// Whether the daemon wrote it with fields of its own.
    var isNative: Bool { own.contains { $0.name == "event" } }

    /// Takes one member of the object.
    mutating func add(_ key: JSONPiece, _ value: JSONPiece) {
        guard let name = key.string else { return }
        switch name {
        case "MESSAGE":
            hasMessage = true
            message = Self.text(of: value)
        case "PRIORITY": priority = Int64(Self.text(of: value))
        case "__CURSOR": cursor = value.string
        case "_SYSTEMD_UNIT": unit = value.string
        case "__REALTIME_TIMESTAMP": microseconds = Int64(Self.text(of: value))
        case "_SOURCE_REALTIME_TIMESTAMP": sourceMicroseconds = Int64(Self.text(of: value))
        default:
            guard name.hasPrefix(Self.prefix) else { return }
            own.append((name.dropFirst(Self.prefix.count).lowercased(), Self.text(of: value)))
        }
    }

    /// The entry of a line that the daemon wrote with fields of its own; nil if its time is nowhere.
    var entry: LogEntry? {
        let given = own.first { $0.name == "time" }.flatMap { Timestamp.parse($0.text.utf8) }
        guard let event = own.first(where: { $0.name == "event" })?.text, let time = given ?? journalTime,
            LogEntry.times.contains(time)
        else { return nil }
        let level = own.first { $0.name == "level" }.flatMap { Logger.Level(rawValue: $0.text) }
        let fields = own.filter { !["time", "event", "level", "message"].contains($0.name) }
            .sorted { LogLine.order($0.name) < LogLine.order($1.name) }
            .map { LogEntry.Field(key: $0.name, value: LogField(rawValue: $0.name).value($0.text)) }
        return LogEntry(
            wallNanoseconds: time,
            level: level ?? Self.level(ofPriority: priority),
            event: event,
            message: bareMessage,
            fields: fields,
            unit: unit
        )
    }

    /// The message without whom it is about in front, which the journal alone has.
    private var bareMessage: String {
        let subjects: [LogField] = [.subscription, .request, .sink]
        for field in own where subjects.contains(where: { $0.rawValue == field.name }) {
            // A long name is cut there.
            let prefix = LogLine.cut(field.text) + ": "
            if message.hasPrefix(prefix) { return String(message.dropFirst(prefix.count)) }
        }
        return message
    }

    private var journalTime: Int64? {
        guard let microseconds = sourceMicroseconds ?? microseconds else { return nil }
        let (nanoseconds, overflow) = microseconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? nil : nanoseconds
    }

    private static func text(of value: JSONPiece) -> String {
        if let text = value.string { return text }
        let elements = value.elements
        guard let first = elements.first else { return "" }
        // Several values, or the bytes of one.
        if first.integer == nil { return text(of: first) }
        return String(decoding: elements.map { UInt8(clamping: $0.integer ?? 0xFF) }, as: UTF8.self)
    }

    /// The level that is written with this priority (syslog(3)).
    private static func level(ofPriority priority: Int64?) -> Logger.Level {
        switch priority {
        case 0, 1, 2: .critical
        case 3: .error
        case 4: .warning
        case 5: .notice
        case 7: .debug
        default: .info
        }
    }
}

extension LogField? {
    /// `text` from the journal, where everything is text, as the JSON lines have it.
    fileprivate func value(_ text: String) -> LogEntry.Value {
        switch self {
        case .none, .subscription, .request, .outcome, .cause, .stage, .address, .subprotocol, .compression, .sink,
            .path, .error,
            .remedy, .closeReason, .content, .tlsVersion, .signal, .version, .run:
            return .text(text)
        case .tlsVerify:
            return text == "true" || text == "false" ? .truth(text == "true") : .text(text)
        default:
            return Int64(text).map(LogEntry.Value.integer) ?? .text(text)
        }
    }
}
