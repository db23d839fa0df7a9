import Testing

/// What fits a screen and a head.
@Suite("Sizes")
struct SizeTests {
    static let fileLimit = 400
    static let functionLimit = 60
    static let shimLimit = 80

    @Test("no file of Sources and Tests is longer than 400 lines")
    func files() {
        let findings = Repository.swiftFiles.filter { $0.lines.count - 1 > Self.fileLimit }
            .map { Finding(path: $0.path, text: "\($0.lines.count - 1) lines; split it by concern") }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("no function is longer than 60 lines")
    func functions() {
        let findings = Repository.swiftFiles.flatMap { file in
            FunctionSpan.all(in: file).filter { $0.length > Self.functionLimit }.map { span in
                Finding(path: file.path, line: span.firstLine, text: "\(span.name) takes \(span.length) lines")
            }
        }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("the C shims are short, static inline, and have no logic")
    func shims() throws {
        let shims = Repository.paths.filter { $0.hasPrefix("Sources/C") && $0.hasSuffix(".h") }
        #expect(!shims.isEmpty)
        for path in shims {
            let text = try #require(Repository.text(path))
            let lines = text.split(separator: "\n")
            #expect(lines.count < Self.shimLimit, "\(path) has \(lines.count) lines")
            let code = CodeMask.mask(text)
            for keyword in ["if", "for", "while", "switch", "goto", "malloc"] {
                #expect(!Token.all(in: code).contains { $0.text == keyword }, "\(path) has '\(keyword)'")
            }
        }
        let other = Repository.paths.filter { path in
            path.hasPrefix("Sources/") && [".c", ".cpp", ".m"].contains { path.hasSuffix($0) }
        }
        #expect(other.isEmpty, "C belongs to no target: \(other)")
    }

    @Test("spans are found with default arguments, requirements, nested functions and braces in strings")
    func spans() {
        let file = SwiftFile(
            path: "Sources/X/A.swift",
            text: """
                protocol P {
                    func required()
                    init(a: Int)
                }
                struct S {
                    init() { self.init(a: { 1 }()) }
                    func first(
                        _ body: () -> Void = { }
                    ) throws(E) -> [Int] where A: B {
                        let text = "}}} \\(other { "}" })"
                        func inner() {
                        }
                    }
                }
                """
        )
        let spans = FunctionSpan.all(in: file)
        #expect(
            spans == [
                FunctionSpan(name: "init", firstLine: 6, lastLine: 6),
                FunctionSpan(name: "first", firstLine: 7, lastLine: 13),
                FunctionSpan(name: "inner", firstLine: 11, lastLine: 12),
            ]
        )
    }
}
