import Testing

/// Names say what a thing is.
@Suite("Names")
struct NamingTests {
    static let empty = ["Manager", "Helper", "Util", "Common"]

    @Test("no type and no file is called Manager, Helper, Util or Common")
    func emptyNames() {
        var findings: [Finding] = []
        for path in Repository.paths {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            if let word = Self.emptyWord(in: name) { findings.append(Finding(path: path, text: "\(word) in its name")) }
        }
        for file in Repository.swiftFiles {
            for type in Self.declaredTypes(of: file) {
                guard let word = Self.emptyWord(in: type.name) else { continue }
                findings.append(Finding(path: file.path, line: type.line, text: "\(word) in \(type.name)"))
            }
        }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("a file of Sources declares or extends what it is named after")
    func fileNames() {
        var findings: [Finding] = []
        for file in Repository.swiftFiles where file.isProduct {
            let name = file.path.split(separator: "/").last.map { $0.dropLast(".swift".count) } ?? ""
            let subject = name.split(separator: "+").first.map(String.init) ?? ""
            let extended = Self.names(after: ["extension"], in: file).map(\.name)
            let functions = Self.names(after: ["func"], in: file).map { $0.name.lowercased() }
            let types = Self.declaredTypes(of: file).map(\.name)
            if subject == "main" || types.contains(subject) || extended.contains(subject) { continue }
            if functions.contains(subject.lowercased()) { continue }
            findings.append(Finding(path: file.path, text: "it has no \(subject)"))
        }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("nothing is left to be done in a comment")
    func openEnds() {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]
        var findings: [Finding] = []
        for path in Repository.paths {
            guard let text = Repository.text(path), marks.contains(where: { text.contains($0) }) else { continue }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            for (index, line) in lines.enumerated() {
                let words = line.split { !$0.isLetter }
                for mark in marks where words.contains(where: { $0 == mark }) {
                    findings.append(Finding(path: path, line: index + 1, text: mark))
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("an empty word is one of the words of a name, not a part of one")
    func recognition() {
        #expect(Self.emptyWord(in: "ConnectionManager.swift") == "Manager")
        #expect(Self.emptyWord(in: "StringUtils") == "Util")
        #expect(Self.emptyWord(in: "TestHelpers") == "Helper")
        #expect(Self.emptyWord(in: "Utility") == nil)
        #expect(Self.emptyWord(in: "Uncommon") == nil)
    }

    /// The types that `file` declares, with their lines.
    static func declaredTypes(of file: SwiftFile) -> [(name: String, line: Int)] {
        names(after: ["struct", "class", "enum", "actor", "protocol", "typealias"], in: file)
    }

    private static func names(after keywords: Set<String>, in file: SwiftFile) -> [(name: String, line: Int)] {
        zip(file.tokens, file.tokens.dropFirst()).compactMap { keyword, name in
            keywords.contains(keyword.text) && name.isWord ? (name.text, name.line) : nil
        }
    }

    private static func emptyWord(in name: String) -> String? {
        empty.first { word in
            name.ranges(of: word).contains { range in
                let rest = name[range.upperBound...].drop { $0 == "s" }
                return rest.first.map { !$0.isLowercase } ?? true
            }
        }
    }
}
