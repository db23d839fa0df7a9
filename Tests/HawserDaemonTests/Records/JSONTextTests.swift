import Foundation
import TestSupport
import Testing

@testable import HawserDaemon

@Suite("JSON texts")
struct JSONTextTests {
    private func form(_ text: String) -> JSONText.Form {
        Array(text.utf8).withUnsafeBytes { JSONText.form(of: $0) }
    }

    @Test(
        "one value of any kind is accepted",
        arguments: [
            "{}", "[]", "null", "true", "false", "0", "-0", "1.5e-3", "-12E+4", #""""#, #""a\"\\\/\b\f\n\r\tA""#,
            #""\ud83d\ude00""#, #"{"a":{"b":[1,[],{},null]},"c":"d"}"#, "  [ 1 , 2 ]\t", #"[[[[]]]]"#, #"{"":0}"#,
            "\"é€😀\"",
        ]
    )
    func accepted(text: String) {
        #expect(form(text) == .oneLine)
    }

    @Test("line breaks between tokens are seen, those in strings cannot be")
    func lineBreaks() {
        #expect(form("[1,\n2]") == .severalLines)
        #expect(form("\r\n1") == .severalLines)
        #expect(form("1\n") == .severalLines)
        #expect(form("\"a\nb\"") == .invalid)
    }

    @Test(
        "anything else is not",
        arguments: [
            "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#,
            "{1:2}",
            #"{"a" 1}"#, "[1 2]", "1 2", "[}", "{]", #"{"a":1]"#, "tru", "truex", "nul", "NaN", "Infinity", "+1", "01",
            "-", "1.", ".5", "1e", "1e+", "0x10", #"""#, #""\"#, #""\x""#, #""\u12""#, #""\u12g4""#, "\"\u{1}\"",
            #""\ud800""#, #""\ud800a""#, #""\ud800\u0041""#, #""\ud800A""#, #""\udc00""#, "'a'", "[1]]", "{}{}",
            "\u{FEFF}{}", "//\n1",
        ]
    )
    func refused(text: String) {
        #expect(form(text) == .invalid)
    }

    @Test("nesting is limited so that the whole line stays readable for strict parsers")
    func depth() {
        let limit = JSONText.maximumDepth
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let inner = open == "[" ? "" : "1"
            let deepest = String(repeating: open, count: limit) + inner + String(repeating: close, count: limit)
            #expect(form(deepest) == .oneLine)
            #expect(form("[" + deepest + "]") == .invalid)
        }
        #expect(form(String(repeating: "[", count: 1_000_000)) == .invalid)
    }

    @Test("whatever is accepted of damaged texts, another parser accepts, with the same value after minifying")
    func damaged() throws {
        var generator = SeededGenerator("damaged JSON")
        let sources = [
            #"{"op":"tick","data":[{"p":12.5,"q":-3,"s":"a\"b"},null,true],"é":"\u00e9"}"#,
            "[1,2,\n [3,\r\n {\"a\" : \"\\\\\"}],\t\"x y\"]",
        ]
        let bytes = Array(#"{}[]":,\ntrue0-1.eu"#.utf8) + [0, 0x0A, 0x20]
        var accepted = 0
        for _ in 0..<20_000 {
            var text = Array((sources.randomElement(using: &generator) ?? "").utf8)
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                let index = Int.random(in: 0..<text.count, using: &generator)
                // Only ASCII is replaced: the text stays the valid UTF-8 that is promised.
                guard text[index] < 0x80, let byte = bytes.randomElement(using: &generator) else { continue }
                text[index] = byte
            }
            let form = text.withUnsafeBytes { JSONText.form(of: $0) }
            guard form != .invalid else { continue }
            accepted += 1
            let minified = text.withUnsafeBytes { bytes in encoded { JSONText.appendMinified(bytes, to: &$0) } }
            #expect(!minified.contains(0x0A))
            let before = try JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed) as? NSObject
            let after = try JSONSerialization.jsonObject(with: Data(minified), options: .fragmentsAllowed) as? NSObject
            #expect(before == after)
        }
        #expect(accepted > 5000)
    }
}
