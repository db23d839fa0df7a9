import Testing

/// What the compiler takes on trust stands at the boundary to C, with its proof; the rest cannot crash on bytes from
/// outside.
@Suite("Safety")
struct SafetyTests {
    static let unsafeSpellings = ["Unmanaged", "@unchecked Sendable", "unowned(unsafe)", "nonisolated(unsafe)"]
    static let boundary: Set<String> = ["HawserServers", "TestSupport", "Transport"]

    /// Whether `file` stands at the boundary to C; of HawserHTTP that is the engine alone.
    static func isBoundary(_ file: SwiftFile) -> Bool {
        boundary.contains(file.target ?? "") || file.path.hasPrefix("Sources/HawserHTTP/Engine/")
    }

    @Test("unmanaged references and unchecked sendability stand only at the boundary to C")
    func boundaries() {
        let findings = Repository.swiftFiles.filter { !Self.isBoundary($0) }.flatMap { file in
            Self.unsafeSpellings.flatMap { spelling in
                file.linesOfCode(with: spelling).map { Finding(path: file.path, line: $0, text: spelling) }
            }
        }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("each unchecked declaration says beside it why it holds")
    func proofs() {
        var findings: [Finding] = []
        for file in Repository.swiftFiles where Self.isBoundary(file) {
            for spelling in Self.unsafeSpellings where spelling != "Unmanaged" {
                findings += file.linesOfCode(with: spelling).filter { !Self.hasComment(at: $0, of: file) }
                    .map { Finding(path: file.path, line: $0, text: "\(spelling) without a comment that proves it") }
            }
        }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("no forced try, no forced cast, no fatalError")
    func forced() {
        let findings = Repository.swiftFiles.flatMap(Self.forcings)
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("no test is disabled, skipped or expected to fail")
    func noSilentSkips() {
        let words: Set<String> = ["withKnown" + "Issue", "XCT" + "Skip", "XCT" + "SkipIf"]
        let findings = Repository.swiftFiles.filter { !$0.isProduct }.flatMap { file in
            file.tokens.indices.filter { index in
                let token = file.tokens[index]
                let isTrait = token.text == "disabled" && index > 0 && file.tokens[index - 1].text == "."
                return words.contains(token.text) || isTrait
            }
            .map { Finding(path: file.path, line: file.tokens[$0].line, text: "a test that does not run") }
        }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("forcings are recognised, and optional ones are not")
    func recognition() {
        let file = SwiftFile(
            path: "Sources/X/A.swift",
            text: """
                let a = try! f()
                let b = x as! Int
                let c = (try? f()) ?? (x as? Int)
                fatalError("no")
                let d = "try!"  // as!
                let e = has != try f()
                """
        )
        #expect(Self.forcings(in: file).map(\.line) == [1, 2, 4])
    }

    private static func forcings(in file: SwiftFile) -> [Finding] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            let token = tokens[index]
            let isForced = index + 1 < tokens.count && tokens[index + 1].text == "!" && tokens[index + 1].joined
            switch token.text {
            case "fatalError": return Finding(path: file.path, line: token.line, text: token.text)
            case "try" where isForced, "as" where isForced:
                return Finding(path: file.path, line: token.line, text: token.text + "!")
            default: return nil
            }
        }
    }

    /// A comment on the line, or on the one above it.
    private static func hasComment(at line: Int, of file: SwiftFile) -> Bool {
        let own = file.lines[line - 1]
        let above = line > 1 ? file.lines[line - 2].drop { $0 == " " } : ""
        return own.contains("//") || above.hasPrefix("//")
    }
}
