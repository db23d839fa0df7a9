import Foundation
import TestSupport
import Testing

@testable import HawserDaemon

@Suite("JSON strings and base64")
struct JSONStringTests {
    private func escaped(_ text: String) -> String {
        String(decoding: encoded { JSONString.append(text, to: &$0) }, as: UTF8.self)
    }

    @Test("each byte is escaped as RFC 8259 asks, at every place of a word")
    func everyByte() {
        let short: [UInt8: String] = [
            0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r", 0x22: "\\\"", 0x5C: "\\\\",
        ]
        for byte in UInt8(0)...0x7F {
            let character = String(UnicodeScalar(byte))
            let hexadecimal = String(byte, radix: 16)
            let control = "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            let expected = short[byte] ?? (byte < 0x20 ? control : character)
            for place in 0..<17 {
                let before = String(repeating: "a", count: place)
                let after = String(repeating: "é", count: 17 - place)
                #expect(escaped(before + character + after) == before + expected + after)
            }
        }
    }

    @Test("any text comes back as it was")
    func roundTrip() throws {
        var generator = SeededGenerator("JSON strings")
        let scalars = ["\"", "\\", "\n", "\u{0}", "\u{1F}", " ", "a", "é", "\u{7FF}", "€", "\u{2028}", "😀", "\u{7F}"]
        for round in 0..<2000 {
            let length = round < 1990 ? Int.random(in: 0...40, using: &generator) : 5000
            let text = (0..<length).map { _ in scalars.randomElement(using: &generator) ?? "" }.joined()
            let line = "{\"t\":\"\(escaped(text))\"}"
            #expect(!line.contains("\n"))
            #expect(try members(of: line)["t"] as? String == text)
        }
    }

    @Test("base64 agrees with Foundation for every length")
    func base64() {
        var generator = SeededGenerator("base64")
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let text = bytes.withUnsafeBytes { bytes in encoded { Base64.append(bytes, to: &$0) } }
            #expect(String(decoding: text, as: UTF8.self) == Data(bytes).base64EncodedString())
        }
    }
}
