import Foundation
import Logging
import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Lines on their way through the journal")
struct JournalRoundTripTests {
    /// What `journalctl -o json` prints for a datagram: text, or bytes for what it does not take for text.
    private func printed(_ fields: JournalReceiver.Fields, time: Int64, asBytes: Bool) throws -> [UInt8] {
        var object: [String: Any] = [
            "__CURSOR": "c", "__REALTIME_TIMESTAMP": "\(time / 1_000 + 5)",
            "_SOURCE_REALTIME_TIMESTAMP": "\(time / 1_000)", "_SYSTEMD_UNIT": "hawser.service",
        ]
        for field in fields {
            let isText = !field.value.contains { $0 < 0x20 && $0 != 0x0A && $0 != 0x09 }
            object[field.name] =
                isText && !asBytes ? String(decoding: field.value, as: UTF8.self) : field.value.map { Int($0) }
        }
        return Array(try JSONSerialization.data(withJSONObject: object))
    }

    @Test("what the daemon gives the journal comes back as the line it would have written into a file")
    func roundTrip() throws {
        var generator = SeededGenerator("journal lines")
        let texts = ["trades", "two\nlines", "a: b", "\u{1B}[31m\0", "é 😀", "", "{\"time\":\"", "-- x"]
        for round in 0..<500 {
            let time = Int64.random(in: LogEntry.times, using: &generator) / 1_000 * 1_000
            let line = LogLine(
                wallNanoseconds: time,
                level: Logger.Level.allCases.dropFirst().randomElement(using: &generator) ?? .info,
                event: EventName.allCases.randomElement(using: &generator)?.rawValue ?? "",
                message: texts.randomElement(using: &generator) ?? "",
                fields: [
                    ("subscription", .string(texts.randomElement(using: &generator) ?? "")),
                    ("session", .stringConvertible(Int.random(in: 0...99, using: &generator))),
                    ("sink", .string("a: b")), ("content", .string(texts.randomElement(using: &generator) ?? "")),
                    ("delay_ms", .stringConvertible(350)), ("tls_verify", .stringConvertible(false)),
                ].sorted { LogLine.order($0.0) < LogLine.order($1.0) }
            )
            let fields = try JournalReceiver.fields(of: JournalFormatter().format(line)[...])
            var decoder = LogEntryDecoder()
            let bytes = try printed(fields, time: time, asBytes: round.isMultiple(of: 3))
            let fromJournal = bytes.withUnsafeBytes { decoder.decode($0) }
            guard
                case .entry(var expected) = JSONLogFormatter().format(line).dropLast().withUnsafeBytes({ bytes in
                    var decoder = LogEntryDecoder()
                    return decoder.decode(bytes)
                })
            else {
                Issue.record("the line of the file is none")
                continue
            }
            expected.unit = "hawser.service"
            #expect(fromJournal == .entry(expected))
        }
    }
}
