import Foundation

/// The Swift examples in a target's articles and comments, and those of the README that begin with its import; and the
/// tests that are to compile and run them.
public struct DocumentedExamples {
    /// One example.
    public struct Example {
        /// The name of the file that has it.
        public let file: String
        /// Its lines without their indentation, between line feeds.
        public let text: String
    }

    /// Every example of the target, in no particular order.
    public let all: [Example]
    /// The tests, in the same form.
    private let compiled: String

    /// The examples of the target called `target`, and the files `tests` of its test target.
    ///
    /// - Parameter replacements: what stands in the documentation, and what the tests have for it, such as a server's URL.
    public init(of target: String, compiledIn tests: [String], replacing replacements: [(String, String)]) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let texts = try tests.map { try Self.lines(of: root.appending(path: "Tests/\(target)Tests/\($0)")) }
        compiled = Self.normalized(texts.flatMap(\.self), replacements)
        let files = FileManager.default.enumerator(
            at: root.appending(path: "Sources/\(target)"),
            includingPropertiesForKeys: nil
        )
        let documents = (files?.allObjects ?? []).compactMap { $0 as? URL }
            .filter { ["md", "swift"].contains($0.pathExtension) }
        var all = try documents.flatMap { file in
            Self.examples(in: try Self.lines(of: file)).map { example in
                Example(file: file.lastPathComponent, text: Self.normalized(example, replacements))
            }
        }
        all += Self.examples(in: try Self.lines(of: root.appending(path: "README.md")))
            .filter { $0.first == "import \(target)" }
            .map { example in
                let lines = example.dropFirst().drop(while: \.isEmpty)
                return Example(file: "README.md", text: Self.normalized(Array(lines), replacements))
            }
        self.all = all
    }

    /// Whether a test has the lines of `example`, one behind the other.
    public func isCompiled(_ example: Example) -> Bool {
        compiled.contains(example.text)
    }

    private static func lines(of file: URL) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
    }

    /// The lines between fences for Swift, without the marks of a comment.
    public static func examples(in lines: [String]) -> [[String]] {
        var found: [[String]] = []
        var open: [String]?
        for line in lines.map(uncommented) {
            if line.hasPrefix("```") {
                if let example = open { found.append(example) }
                open = open == nil && line == "```swift" ? [] : nil
            } else {
                open?.append(line)
            }
        }
        return found
    }

    private static func uncommented(_ line: String) -> String {
        let trimmed = line.drop { $0 == " " }
        guard trimmed.hasPrefix("///") else { return line }
        return String(trimmed.dropFirst(trimmed.hasPrefix("/// ") ? 4 : 3))
    }

    /// The lines without their indentation, and with what the tests have in place of what is documented.
    public static func normalized(_ lines: [String], _ replacements: [(String, String)] = []) -> String {
        let trimmed = lines.map { $0.trimmingCharacters(in: .whitespaces) }
        return "\n" + replacements.reduce(trimmed.joined(separator: "\n")) { $0.replacing($1.0, with: $1.1) } + "\n"
    }
}
