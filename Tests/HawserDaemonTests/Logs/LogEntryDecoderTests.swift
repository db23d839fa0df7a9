import Foundation
import Logging
import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Reading lines back")
struct LogEntryDecoderTests {
    private func decode(_ text: String) -> LogEntryDecoder.Content {
        var decoder = LogEntryDecoder()
        return decode(Array(text.utf8), &decoder)
    }

    private func decode(_ bytes: [UInt8], _ decoder: inout LogEntryDecoder) -> LogEntryDecoder.Content {
        bytes.withUnsafeBytes { decoder.decode($0) }
    }

    private static let whole = #"{"time":"2026-11-26T20:00:00Z","level":"info","event":"daemon.ready","message":"m"}"#
    private static let entry = LogEntry(
        wallNanoseconds: LogFixture.origin,
        level: .info,
        event: "daemon.ready",
        message: "m",
        fields: []
    )

    @Test("what the daemon writes is read back, and written again byte for byte")
    func roundTrip() throws {
        var generator = SeededGenerator("log lines")
        let texts = ["", "plain", "é \u{1F600}", "a\"b\\c\n\t\u{7}", "{\"time\":\"2026", "\u{202E}x", "…"]
        for _ in 0..<500 {
            let text = texts.randomElement(using: &generator) ?? ""
            let line = LogLine(
                wallNanoseconds: .random(in: LogEntry.times, using: &generator),
                level: Logger.Level.allCases.randomElement(using: &generator) ?? .info,
                event: EventName.allCases.randomElement(using: &generator)?.rawValue ?? "",
                message: text,
                fields: [
                    ("subscription", .string(texts.randomElement(using: &generator) ?? "")),
                    ("session", .stringConvertible(Int.random(in: .min ... .max, using: &generator))),
                    ("tls_verify", .stringConvertible(false)), ("content", .string(text)),
                ]
            )
            let bytes = JSONLogFormatter().format(line)
            guard case .entry(let entry) = decode(String(decoding: bytes.dropLast(), as: UTF8.self)) else {
                Issue.record("not an entry: \(String(decoding: bytes, as: UTF8.self))")
                continue
            }
            var buffer = LineBuffer(capacity: 64)
            var timestamp = Timestamp()
            entry.appendJSON(to: &buffer, &timestamp)
            #expect(buffer.withBytes { Array($0) } == bytes)
            #expect(TextLogFormatter(colour: true).format(entry.line) == TextLogFormatter(colour: true).format(line))
        }
    }

    @Test("a line is recognised in any order, with escapes, and with what a newer version may add")
    func leniency() {
        let text = """
             {"message":"\\u00e9\\ud83d\\ude00\\/","later":[1,{"a":"]"}],"none":null,"ratio":0.5,"event":"x.y",\
            "level":"warning", "time" : "2026-11-26T21:00:00+01:00"}
            """
        #expect(
            decode(text)
                == .entry(
                    LogEntry(
                        wallNanoseconds: LogFixture.origin,
                        level: .warning,
                        event: "x.y",
                        message: "é😀/",
                        fields: [
                            .init(key: "later", value: .json(#"[1,{"a":"]"}]"#)),
                            .init(key: "none", value: .json("null")), .init(key: "ratio", value: .json("0.5")),
                        ]
                    )
                )
        )
    }

    @Test("lines of others are told from ours that are damaged, and a whole line behind a torn one is not lost")
    func others() {
        #expect(decode(Self.whole) == .entry(Self.entry))
        for blank in ["", "  \t", "\r"] { #expect(decode(blank) == .blank) }
        for foreign in [
            "hello", "{}", "[]", "{", "{not json}", "hawser demo: three feeds", #"{"time":"2026-11-26T20:00:00Z"}"#,
            #"{"time":"2026-11-26T20:00:00Z","run":"k","sub":"a","session":1,"mark":"opened"}"#, "\"x\"", "\u{0}\u{1}",
            #"{"level":"info","msg":"x"}"#,
        ] {
            #expect(decode(foreign) == .foreign, "\(foreign)")
        }
        for cut in 9..<Self.whole.utf8.count {
            let torn = String(Self.whole.prefix(cut))
            #expect(decode(torn) == .damaged(then: nil), "\(torn)")
            #expect(decode(torn + Self.whole) == .damaged(then: Self.entry), "\(torn)")
        }
        #expect(decode(Self.whole.replacing("info", with: "loud")) == .foreign)
        #expect(decode(Self.whole.replacing("2026", with: "2O26")) == .damaged(then: nil))
        #expect(decode(Self.whole.replacing("2026", with: "1926")) == .damaged(then: nil))
        #expect(decode(Self.whole.replacing(#""message":"m""#, with: #""message":1"#)) == .damaged(then: nil))
    }

    @Test("what a collector puts in front of a line does not hide it")
    func prefixes() {
        #expect(decode("Nov 26 21:00:00 host hawser[77]: " + Self.whole) == .entry(Self.entry))
        #expect(decode("\u{0}\u{0}\u{0}" + Self.whole) == .entry(Self.entry))
        #expect(decode("x " + Self.whole.dropLast()) == .damaged(then: nil))
    }

    @Test("any bytes are taken without a crash, and each line is something")
    func anyBytes() {
        var generator = SeededGenerator("damaged log lines")
        var decoder = LogEntryDecoder()
        let base = Array((Self.whole + Self.journal(["HAWSER_EVENT": "\"x\"", "MESSAGE": "[1,2]"])).utf8)
        for _ in 0..<20_000 {
            var bytes = base
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes[place] = .random(in: 0...255, using: &generator)
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 9))
                default: bytes.insert(contentsOf: Array("\\u{\"[".utf8), at: place)
                }
            }
            _ = decode(bytes, &decoder)
        }
    }

    @Test("every event and field of the lists is known by its bytes, and no other name is")
    func knownNames() {
        let events = KnownNames<EventName>()
        let fields = KnownNames<LogField>()
        for name in EventName.allCases { #expect(Array(name.rawValue.utf8).withUnsafeBytes(events.find) == name) }
        for name in LogField.allCases { #expect(Array(name.rawValue.utf8).withUnsafeBytes(fields.find) == name) }
        for other in ["", "sessio", "session ", "Session", "\u{0}"] {
            #expect(Array(other.utf8).withUnsafeBytes(fields.find) == nil)
        }
    }

    // MARK: The journal

    private static func journal(_ fields: [String: String]) -> String {
        let all = fields.merging([
            "__REALTIME_TIMESTAMP": "\"1795723200000007\"", "__CURSOR": "\"s=1;i=2\"", "_PID": "\"7\"",
        ]) { own, _ in own }
        return "{" + all.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
    }

    @Test("native fields become the fields of a line, numbers and truth values included, in the usual order")
    func nativeFields() throws {
        let text = Self.journal([
            "HAWSER_EVENT": "\"subscription.closed\"", "HAWSER_SUBSCRIPTION": "\"trades\"",
            "HAWSER_DELAY_MS": "\"350\"", "HAWSER_SESSION": "\"3\"", "HAWSER_OUTCOME": "[\"reset\",\"other\"]",
            "HAWSER_CLOSE_REASON": "[255,97,10]", "HAWSER_CONTENT": "null", "HAWSER_TLS_VERIFY": "\"false\"",
            "HAWSER_NEW": "\"1\"", "MESSAGE": "[104,105]", "PRIORITY": "\"4\"",
            "_SOURCE_REALTIME_TIMESTAMP": "\"1795723200000000\"",
        ])
        var decoder = LogEntryDecoder()
        guard case .entry(let entry) = decode(Array(text.utf8), &decoder) else {
            Issue.record("not an entry")
            return
        }
        #expect(decoder.cursor == "s=1;i=2")
        #expect(entry.wallNanoseconds == LogFixture.origin && entry.level == .warning && entry.message == "hi")
        let fields: [LogEntry.Field] = [
            .init(key: "subscription", value: .text("trades")), .init(key: "session", value: .integer(3)),
            .init(key: "outcome", value: .text("reset")), .init(key: "close_reason", value: .text("\u{FFFD}a\n")),
            .init(key: "content", value: .text("")), .init(key: "delay_ms", value: .integer(350)),
            .init(key: "tls_verify", value: .truth(false)), .init(key: "new", value: .text("1")),
        ]
        #expect(entry.event == "subscription.closed" && entry.fields == fields)
    }

    @Test("an entry whose message is a JSON line is that line; without a time of its own the journal's counts")
    func messages() {
        let quoted = Self.whole.replacing("\"", with: "\\\"")
        #expect(decode(Self.journal(["MESSAGE": "\"\(quoted)\""])) == .entry(Self.entry))
        #expect(decode(Self.journal(["MESSAGE": "\"Started hawser.service.\""])) == .foreign)
        #expect(decode(Self.journal(["MESSAGE": "\"\""])) == .foreign)
        #expect(decode(Self.journal(["MESSAGE": "\"\(quoted.dropLast(9))\""])) == .damaged(then: nil))
        #expect(
            decode(Self.journal(["HAWSER_EVENT": "\"x\"", "__REALTIME_TIMESTAMP": "\"9999999999999999999\""]))
                == .damaged(then: nil)
        )
        guard case .entry(let entry) = decode(Self.journal(["HAWSER_EVENT": "\"x\"", "PRIORITY": "\"2\""])) else {
            Issue.record("not an entry")
            return
        }
        #expect(entry.wallNanoseconds == LogFixture.origin + 7_000 && entry.level == .critical)
    }

    @Test("every field of the list keeps its type on its way through the journal")
    func types() throws {
        for field in LogField.allCases {
            let text = Self.journal([
                "HAWSER_EVENT": "\"x\"", "HAWSER_\(field.rawValue.uppercased())": "\"12\"",
            ])
            guard case .entry(let entry) = decode(text) else {
                Issue.record("not an entry: \(text)")
                continue
            }
            let name = field.rawValue
            let isNumber = name.hasSuffix("_ms") || name.hasSuffix("_us") || name.hasSuffix("_bytes")
            if isNumber { #expect(entry[field] == .integer(12), "\(field)") }
            #expect(entry[field] == .integer(12) || entry[field] == .text("12"), "\(field)")
        }
    }
}
