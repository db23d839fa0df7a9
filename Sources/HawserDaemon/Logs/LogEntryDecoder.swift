import Logging

/// Makes entries of lines: of the daemon's JSON lines, also behind what a collector put in front of them, and of the
/// objects that `journalctl -o json` prints.
struct LogEntryDecoder {
    /// What a line is.
    enum Content: Hashable {
        case entry(LogEntry)
        /// Nothing but white space.
        case blank
        /// A line of something else.
        case foreign
        /// A line of ours that is torn or broken; behind it may stand a whole one, as after a kill.
        case damaged(then: LogEntry?)
    }

    /// How every line of ours begins; inside a string of JSON these bytes cannot stand.
    private static let beginning = Array(#"{"time":""#.utf8)

    /// The journal's name for the place of its newest entry, to go on behind it.
    private(set) var cursor: String?

    /// What `line`, without its newline, is.
    mutating func decode(_ line: UnsafeRawBufferPointer) -> Content {
        guard let first = line.first(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { return .blank }
        if first == UInt8(ascii: "{"), var members = JSONObjectReader(line) {
            return content(of: &members)
        }
        // Torn, or with something in front of it: what begins last may be whole.
        guard let start = lastBeginning(in: line) else {
            return line.starts(with: Self.beginning) ? .damaged(then: nil) : .foreign
        }
        let tail = UnsafeRawBufferPointer(rebasing: line[start...])
        let isTorn = line.starts(with: Self.beginning)
        guard var members = JSONObjectReader(tail), case .entry(let entry) = content(of: &members) else {
            return .damaged(then: nil)
        }
        return isTorn ? .damaged(then: entry) : .entry(entry)
    }

    private func lastBeginning(in line: UnsafeRawBufferPointer) -> Int? {
        line.indices.dropFirst().last { index in
            line[index] == UInt8(ascii: "{") && line[index...].starts(with: Self.beginning)
        }
    }

    private mutating func content(of members: inout JSONObjectReader) -> Content {
        var line = EntryParts()
        var journal = JournalFields()
        while let (key, value) = members.next() {
            guard let first = key.bytes.dropFirst().first else { continue }
            // The journal's names are in capitals or begin with an underscore.
            if first == UInt8(ascii: "_") || (0x41...0x5A).contains(first) {
                journal.add(key, value)
            } else {
                line.add(key, value)
            }
        }
        if let entry = line.entry { return .entry(entry) }
        guard journal.isJournal else { return line.isOurs ? .damaged(then: nil) : .foreign }
        cursor = journal.cursor ?? cursor
        if journal.isNative { return journal.entry.map(Content.entry) ?? .damaged(then: nil) }
        return content(ofMessage: journal.message, by: journal.unit)
    }

    private func content(ofMessage message: String, by unit: String?) -> Content {
        var message = message
        var inner = LogEntryDecoder()
        let content = message.withUTF8 { inner.decode(UnsafeRawBufferPointer($0)) }
        switch content {
        case .entry(var entry):
            entry.unit = unit
            return .entry(entry)
        case .damaged(var entry):
            entry?.unit = unit
            return .damaged(then: entry)
        // An empty message is somebody's, too.
        case .blank, .foreign: return .foreign
        }
    }
}

/// The members of a JSON line of the daemon.
private struct EntryParts {
    private static let knownFields = KnownNames<LogField>()
    private static let knownEvents = KnownNames<EventName>()

    private var time: Int64?
    private var level: Logger.Level?
    private var event: String?
    private var kind: EventName?
    private var message: String?
    private var fields: [LogEntry.Field] = []

    init() {
        fields.reserveCapacity(16)
    }

    mutating func add(_ key: JSONPiece, _ value: JSONPiece) {
        if key.isString("time") {
            time = value.inside.flatMap { Timestamp.parse($0) }
        } else if key.isString("level") {
            level = value.string.flatMap(Logger.Level.init(rawValue:))
        } else if key.isString("event") {
            kind = value.inside.flatMap(Self.knownEvents.find)
            event = kind?.rawValue ?? value.string
        } else if key.isString("message") {
            message = value.string
        } else if let field = key.inside.flatMap(Self.knownFields.find) {
            fields.append(LogEntry.Field(field, value: Self.value(of: value)))
        } else if let name = key.string {
            fields.append(LogEntry.Field(key: name, value: Self.value(of: value)))
        }
    }

    private static func value(of piece: JSONPiece) -> LogEntry.Value {
        if let text = piece.string { return .text(text) }
        if let number = piece.integer { return .integer(number) }
        if let truth = piece.truth { return .truth(truth) }
        return .json(String(decoding: piece.bytes, as: UTF8.self))
    }

    var entry: LogEntry? {
        guard let time, LogEntry.times.contains(time), let level, let event, let message else { return nil }
        return LogEntry(
            wallNanoseconds: time,
            level: level,
            event: event,
            kind: kind,
            message: message,
            fields: fields
        )
    }

    /// Whether it says what only our lines say, though not all of it.
    var isOurs: Bool { event != nil && level != nil }
}
