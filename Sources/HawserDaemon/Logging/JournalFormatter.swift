import Logging

/// A log line as a datagram of journald's native protocol: each field of the line is a field of the entry.
///
/// `MESSAGE`, `PRIORITY`, `MESSAGE_ID` and `SYSLOG_IDENTIFIER` as systemd.journal-fields(7) has them, then `HAWSER_EVENT`
/// and a `HAWSER_` field for each of the line's. A value with a line feed goes with its length in front of it
/// (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>), so that every value is kept as it is.
public struct JournalFormatter: LogLineFormatter {
    /// A formatter.
    public init() {}

    /// The datagram.
    public func format(_ line: LogLine) -> [UInt8] {
        var entry = Entry()
        // Whom it is about comes first: journalctl shows nothing but this.
        let subject = line.fields.first { Self.subjects.contains($0.key) }.map { LogLine.text($0.value) + ": " }
        entry.add("MESSAGE", (subject ?? "") + line.message)
        entry.add("PRIORITY", "\(Self.priority(of: line.level))")
        if let id = EventName(rawValue: line.event)?.messageID { entry.add("MESSAGE_ID", id) }
        entry.add("SYSLOG_IDENTIFIER", "hawser")
        entry.add("HAWSER_EVENT", line.event)
        for (key, value) in line.fields {
            guard let name = Self.name(of: key) else { continue }
            entry.add(name, LogLine.text(value))
        }
        return entry.bytes
    }

    private static let subjects = Set([LogField.subscription, .request, .sink].map(\.rawValue))

    /// The priorities of syslog(3).
    private static func priority(of level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// `HAWSER_` and the name in capitals; nil for one that the journal would refuse.
    private static func name(of key: String) -> String? {
        let bytes = key.utf8
        guard !bytes.isEmpty, bytes.count <= 57,
            bytes.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F })
        else { return nil }
        return "HAWSER_" + key.uppercased()
    }

    private struct Entry {
        private(set) var bytes: [UInt8] = []

        mutating func add(_ name: String, _ value: String) {
            bytes += name.utf8
            if value.utf8.contains(0x0A) {
                bytes.append(0x0A)
                withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { bytes += $0 }
            } else {
                bytes.append(UInt8(ascii: "="))
            }
            bytes += value.utf8
            bytes.append(0x0A)
        }
    }
}
