import Foundation
import Testing

/// What the documents say is there, and what is there is in the documents.
@Suite("Documentation")
struct DocumentationTests {
    @Test(
        "closed lists are documented to the last name, and nothing else is",
        arguments: [
            ("EventName", "docs/logging.md", "Events"),
            ("LogField", "docs/logging.md", "Fields"),
            ("Outcome", "docs/records.md", "Outcomes"),
            ("GapCause", "docs/records.md", "Causes of a gap"),
        ]
    )
    func closedLists(enumName: String, path: String, heading: String) throws {
        let declared = try #require(RawValues.of(enumName), "no enum \(enumName) in Sources")
        let document = try #require(Markdown(path: path), "\(path) is missing")
        let names = declared.names.map(\.raw)
        let documented = document.firstCells(under: heading)
        #expect(!names.isEmpty)
        #expect(Set(names).subtracting(documented).sorted() == [], "of \(enumName), not in \(path)")
        #expect(Set(documented).subtracting(names).sorted() == [], "in \(path), not in \(enumName)")
        #expect(documented.count == Set(documented).count, "\(path) documents a name twice")
    }

    @Test("every event and field that is documented is written somewhere", arguments: ["EventName", "LogField"])
    func closedListsAreUsed(enumName: String) throws {
        let declared = try #require(RawValues.of(enumName))
        var used: Set<String> = []
        for file in Repository.swiftFiles where file.isProduct && RawValues(of: enumName, in: file) == nil {
            used.formUnion(Self.members(of: enumName, in: file))
        }
        let unused = declared.names.map(\.caseName).filter { !used.contains($0) }
        #expect(unused.isEmpty, "of \(enumName), never used: \(unused)")
    }

    @Test("every link to a file or a heading leads somewhere")
    func links() {
        var findings: [Finding] = []
        for document in Markdown.all {
            let folder = document.path.split(separator: "/").dropLast().joined(separator: "/")
            for (target, line) in document.links where !target.contains(":") {
                let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let file = parts[0].isEmpty ? document.path : Self.resolved(String(parts[0]), from: folder)
                guard Repository.has(file) else {
                    findings.append(Finding(path: document.path, line: line, text: "no file \(target)"))
                    continue
                }
                guard parts.count == 2, let anchors = Markdown(path: file)?.anchors else { continue }
                if !anchors.contains(String(parts[1])) {
                    findings.append(Finding(path: document.path, line: line, text: "no heading \(target)"))
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("every make target that a document names exists")
    func makeTargets() throws {
        let makefile = try #require(Repository.text("Makefile"))
        let targets = Set(makefile.matches(of: /(?m)^([a-z][a-z-]*):/).map { String($0.1) })
        #expect(targets.contains("run") && targets.contains("test"))
        var findings: [Finding] = []
        for document in Markdown.all {
            for (name, line) in document.makeTargets where !targets.contains(name) {
                findings.append(Finding(path: document.path, line: line, text: "make \(name) does not exist"))
            }
        }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("links, make targets, headings and cells are recognised")
    func recognition() {
        let document = Markdown(
            path: "A.md",
            text: """
                # The First
                Make sure of [this](docs/a.md#b-c), `make lint test` and `make install DESTDIR=x`.
                ```sh
                make run   # [no](link)
                ```
                ## Outcomes
                | Name | Meaning |
                | --- | --- |
                | `reset` | `not this` |
                """
        )
        #expect(document.links.map(\.target) == ["docs/a.md#b-c"])
        #expect(document.makeTargets.map(\.name) == ["lint", "test", "install", "run"])
        #expect(document.anchors == ["the-first", "outcomes"])
        #expect(document.firstCells(under: "Outcomes") == ["reset"])
        let file = SwiftFile(
            path: "Sources/X/E.swift",
            text: """
                enum E: String {
                    case a, b = "b_c"
                    case `internal`  // why
                    var x: Int { switch self { case .a: 1 } }
                }
                """
        )
        #expect(RawValues(of: "E", in: file)?.names.map(\.raw) == ["a", "b_c", "internal"])
    }

    /// The names behind `.` where a member of `enumName` may stand: as an argument, an element, a key, or in full.
    private static func members(of enumName: String, in file: SwiftFile) -> Set<String> {
        let tokens = file.tokens
        let openings: Set<String> = ["[", "(", ",", "?", ":", enumName]
        var names: Set<String> = []
        for index in tokens.indices.dropFirst().dropLast() where tokens[index].text == "." {
            if openings.contains(tokens[index - 1].text) { names.insert(tokens[index + 1].text) }
        }
        return names
    }

    /// `target` as a path from the root, seen from `folder`.
    private static func resolved(_ target: String, from folder: String) -> String {
        var parts = folder.split(separator: "/").map(String.init)
        for part in target.split(separator: "/") {
            switch part {
            case ".": continue
            case "..": _ = parts.popLast()
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}
