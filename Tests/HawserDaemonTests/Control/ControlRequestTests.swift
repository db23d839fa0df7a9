import TestSupport
import Testing

@testable import HawserDaemon

/// What a line of a client is taken for.
@Suite("Control requests") struct ControlRequestTests {
    private let limits = ControlLimits()

    @Test("a request has a name, an identifier that goes back as it came, and what it is about")
    func good() {
        let line =
            #" {"by":"alice","id":"x-1","later":{"a":[1]},"version":1,"request":"pause","subscriptions":["a","b*"]} "#
        let (request, error) = ControlRequest.parse(Array(line.utf8), limits: limits)
        #expect(error == nil)
        #expect(request.name == "pause" && request.by == "alice" && request.level == nil)
        #expect(request.subscriptions == [NamePattern("a"), NamePattern("b*")])
        #expect(request.identifier == Array(#""x-1""#.utf8))
        let bare = ControlRequest.parse(Array(#"{"request":"status"}"#.utf8), limits: limits)
        #expect(bare.1 == nil && bare.0.subscriptions == nil && bare.0.identifier == Array("null".utf8))
    }

    @Test(
        "what is wrong with a line is said, with its identifier if it has one",
        arguments: [
            ("", ControlError.Code.malformed, "null"),
            ("status", .malformed, "null"),
            ("[1]", .malformed, "null"),
            ("{}", .malformed, "null"),
            (#"{"id":7}"#, .malformed, "7"),
            (#"{"id":7,"request":1}"#, .malformed, "7"),
            (#"{"request":"","id":8}"#, .malformed, "8"),
            (#"{"id":[1],"request":"status"}"#, .malformed, "null"),
            (#"{"id":1.5,"request":"status"}"#, .malformed, "null"),
            (#"{"id":9,"version":2,"request":"status"}"#, .unsupportedVersion, "9"),
            (#"{"version":"1","request":"status","id":10}"#, .unsupportedVersion, "10"),
            (#"{"request":"pause","subscriptions":"a","id":11}"#, .malformed, "11"),
            (#"{"request":"pause","subscriptions":[1],"id":12}"#, .malformed, "12"),
            (#"{"request":"log-level","level":3,"id":13}"#, .malformed, "13"),
            (#"{"request":"pause","by":null,"id":14}"#, .malformed, "14"),
        ]
    )
    func wrong(line: String, code: ControlError.Code, identifier: String) {
        let (request, error) = ControlRequest.parse(Array(line.utf8), limits: limits)
        #expect(error?.code == code)
        #expect(String(decoding: request.identifier, as: UTF8.self) == identifier)
    }

    @Test("names, and the text by which a client calls itself, are bounded")
    func bounds() {
        let names = Array(repeating: "\"a\"", count: 1_001).joined(separator: ",")
        let many = ControlRequest.parse(
            Array("{\"request\":\"pause\",\"subscriptions\":[\(names)]}".utf8),
            limits: limits
        )
        #expect(many.1?.code == .malformed)
        let long = String(repeating: "é", count: 100) + "\\u001b[2J"
        let by = ControlRequest.parse(Array("{\"request\":\"status\",\"by\":\"\(long)\"}".utf8), limits: limits).0.by
        #expect(by?.count == 64)
        let control = ControlRequest.parse(Array(#"{"request":"status","by":"\u001b[2J"}"#.utf8), limits: limits).0.by
        #expect(control == "\\u{1b}[2J")
    }

    @Test("whatever bytes come, there is a request or an error, and an identifier that is JSON")
    func anyBytes() {
        var generator = SeededGenerator("control requests")
        let pieces = [
            "{", "}", "[", "]", "\"", ":", ",", "\"id\"", "\"request\"", "\"status\"", "\"subscriptions\"", "1", "-",
            "\\",
            "\\u", "\\ud800", "null", "true", "1e9", " ", "\u{0}", "é", "\"version\":1", "\"level\"",
            "99999999999999999999",
        ]
        for _ in 0..<20_000 {
            var line: [UInt8] = []
            for _ in 0..<Int.random(in: 0...14, using: &generator) {
                line += Array((pieces.randomElement(using: &generator) ?? "").utf8)
                if Int.random(in: 0..<12, using: &generator) == 0 {
                    line.append(.random(in: 0...255, using: &generator))
                }
            }
            let (request, error) = ControlRequest.parse(line, limits: limits)
            #expect(error != nil || !request.name.isEmpty)
            #expect(JSONTree(ControlAnswer.line(request.identifier, error: ControlError(.busy, "x"))) != nil)
        }
    }
}
