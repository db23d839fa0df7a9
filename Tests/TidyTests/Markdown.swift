import Foundation

/// A Markdown file as rules look at it.
struct Markdown {
    let path: String
    let lines: [Substring]

    /// Every Markdown file of the repository.
    static var all: [Markdown] {
        Repository.paths.filter { $0.hasSuffix(".md") }.compactMap(Markdown.init)
    }

    init?(path: String) {
        guard let text = Repository.text(path) else { return nil }
        self.init(path: path, text: text)
    }

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The headings as links name them: lower case, words joined by hyphens.
    var anchors: Set<String> {
        var anchors: Set<String> = []
        for line in prose where line.text.hasPrefix("#") {
            let words = line.text.drop { $0 == "#" }.dropFirst().lowercased()
            let kept = words.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
            anchors.insert(kept.replacing(" ", with: "-"))
        }
        return anchors
    }

    /// The lines outside fenced blocks, with their numbers from 1.
    var prose: [(text: Substring, number: Int)] {
        var fenced = false
        var kept: [(text: Substring, number: Int)] = []
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("```") {
                fenced.toggle()
            } else if !fenced {
                kept.append((line, index + 1))
            }
        }
        return kept
    }

    /// The targets of its links, with their lines.
    var links: [(target: String, line: Int)] {
        prose.flatMap { line in
            line.text.matches(of: /\]\(([^)\s]+)\)/).map { (String($0.1), line.number) }
        }
    }

    /// What stands between back quotes in the first cell of the tables under `heading`.
    func firstCells(under heading: String) -> [String] {
        var inside = false
        var cells: [String] = []
        for line in lines {
            if line.hasPrefix("#") { inside = line.drop { $0 == "#" }.dropFirst() == heading }
            guard inside, line.hasPrefix("| `") else { continue }
            let cell = line.dropFirst().split(separator: "|").first ?? ""
            cells += cell.matches(of: /`([^`]+)`/).map { String($0.1) }
        }
        return cells
    }

    /// The `make` targets that code in it names, with their lines.
    var makeTargets: [(name: String, line: Int)] {
        var fenced = false
        var found: [(name: String, line: Int)] = []
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("```") { fenced.toggle() }
            let pieces = fenced ? [line] : line.matches(of: /`([^`]+)`/).map { $0.1 }
            for piece in pieces {
                for match in piece.matches(of: /(?:^|[\s;&])make((?: +[a-z][a-z-]*)+)/) {
                    found += match.1.split(separator: " ").map { (String($0), index + 1) }
                }
            }
        }
        return found
    }
}
