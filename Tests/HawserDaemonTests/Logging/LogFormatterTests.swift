import Foundation
import Logging
import Testing

@testable import HawserDaemon

@Suite struct LogFormatterTests {
    private func line(_ message: String, _ fields: [(String, Logger.MetadataValue)]) -> LogLine {
        LogLine(
            wallNanoseconds: 1_795_208_404_771_000_000,
            level: .warning,
            event: "subscription.closed",
            message: message,
            fields: fields.map { (key: $0.0, value: $0.1) }
        )
    }

    @Test("A text line names whom it is about first, then what happened, then the facts")
    func text() {
        let formatted = TextLogFormatter(colour: false).format(
            line("gone", [("subscription", "trades"), ("close_code", .stringConvertible(1012)), ("error", "a b")])
        )
        #expect(
            String(decoding: formatted, as: UTF8.self)
                == "21:00:04.771Z WARNING  subscription.closed   trades   gone close_code=1012 error=\"a b\"\n"
        )
    }

    @Test("What a peer says cannot steer the terminal, end the line or look like another field")
    func hostileText() {
        let reason = "x\" outcome=shutdown\u{1B}[31m\n\u{202E}evil"
        let formatted = TextLogFormatter(colour: false).format(line("m", [("close_reason", .string(reason))]))
        let text = String(decoding: formatted, as: UTF8.self)
        #expect(text.count { $0 == "\n" } == 1)
        #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"))
        #expect(text.contains(#"close_reason="x\" outcome=shutdown"#))
    }

    @Test("A JSON line is valid, keeps numbers and truth values, and names time, level, event and message")
    func json() throws {
        let formatted = JSONLogFormatter().format(
            line("é\n\"", [("close_code", .stringConvertible(1012)), ("tls_verify", .stringConvertible(false))])
        )
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(formatted)) as? [String: Any]
        )
        #expect(object["time"] as? String == "2026-11-20T21:00:04.771000000Z")
        #expect(object["level"] as? String == "warning")
        #expect(object["event"] as? String == "subscription.closed")
        #expect(object["message"] as? String == "é\n\"")
        #expect(object["close_code"] as? Int == 1012)
        #expect(object["tls_verify"] as? Bool == false)
    }

    @Test("A long value is cut and marked")
    func longValue() {
        let formatted = JSONLogFormatter().format(
            line("m", [("content", .string(String(repeating: "x", count: 9_000)))])
        )
        #expect(formatted.count < 3_000)
        #expect(String(decoding: formatted, as: UTF8.self).contains("x…"))
    }
}
