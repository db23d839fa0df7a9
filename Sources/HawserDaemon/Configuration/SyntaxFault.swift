import Yams

/// A YAML syntax error in words for the person who wrote the file, at the place where they must look.
struct SyntaxFault {
    let position: SourcePosition
    let problem: String
    let remedy: String?

    /// Rewords an error of the parser, which read `source`.
    init(_ error: any Error, in source: SourceText) {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let end = Self.place(mark, in: source)
            if let fault = SyntaxFault(characterAt: end, problem: problem, in: source) {
                self = fault
                return
            }
            let rule = Self.rules.first { $0.applies(to: problem, in: context?.text ?? "") }
            let start = context.map { Self.place($0.mark, in: source) }
            position = rule?.pointsAtStart == true ? start ?? end : end
            self.problem = rule?.text ?? "this is not YAML: \(problem)"
            remedy = rule?.remedy ?? start.flatMap { start in context.map { "\($0.text) at \(start)" } }
        default:
            position = SourcePosition(line: 1, column: 1)
            problem = "this is not YAML"
            remedy = "write it as in the comments of the configuration that comes with Hawser"
        }
    }

    private init(_ position: SourcePosition, problem: String, remedy: String) {
        self.position = position
        self.problem = problem
        self.remedy = remedy
    }

    /// What only the character at `position` tells: the two mistakes that everybody makes.
    private init?(characterAt position: SourcePosition, problem: String, in source: SourceText) {
        guard let character = source.scalar(at: position) else { return nil }
        if problem.contains("found character that cannot start any token") {
            let isTab = character == "\t"
            self.init(
                position,
                problem: isTab ? "a tab where indentation is expected" : "\"\(character)\" cannot begin a value",
                remedy: isTab ? "indent with spaces" : "put the text in quotes"
            )
            return
        }
        let before = SourcePosition(line: position.line, column: position.column - 1)
        guard character == "{", source.scalar(at: before) == "$" else { return nil }
        self.init(
            before,
            problem: "a reference within brackets or braces needs quotes",
            remedy: "put the whole text in quotes: \"… ${env:NAME} …\""
        )
    }

    /// The parser's mark; beyond the end of the file, the last line.
    private static func place(_ mark: Yams.Mark, in source: SourceText) -> SourcePosition {
        let count = source.lines.count
        return mark.line > count
            ? SourcePosition(line: count, column: 1) : SourcePosition(line: mark.line, column: mark.column)
    }

    private struct Rule {
        let problem: String
        var context: String?
        var pointsAtStart = false
        let text: String
        let remedy: String

        func applies(to problem: String, in context: String) -> Bool {
            problem.contains(self.problem) && (self.context.map { context.contains($0) } ?? true)
        }
    }

    private static let rules = [
        Rule(
            problem: "found another document",
            text: "a second document begins here",
            remedy: "a configuration is one document: remove the line \"---\""
        ),
        Rule(
            problem: "found a tab character",
            text: "a tab where indentation is expected",
            remedy: "indent with spaces"
        ),
        Rule(
            problem: "mapping values are not allowed",
            text: "a \":\" where no key can stand",
            remedy: "indent keys of one mapping alike, and put text that contains \": \" in quotes"
        ),
        Rule(
            problem: "found unexpected end of stream",
            context: "quoted scalar",
            pointsAtStart: true,
            text: "this quote is never closed",
            remedy: "add the closing quote"
        ),
        Rule(
            problem: "found unexpected document indicator",
            context: "quoted scalar",
            pointsAtStart: true,
            text: "this quote is never closed",
            remedy: "add the closing quote"
        ),
        Rule(
            problem: "did not find expected ',' or ']'",
            pointsAtStart: true,
            text: "this \"[\" is never closed",
            remedy: "separate items by \",\" and end the list with \"]\""
        ),
        Rule(
            problem: "did not find expected ',' or '}'",
            pointsAtStart: true,
            text: "this \"{\" is never closed",
            remedy: "separate entries by \",\" and end the mapping with \"}\""
        ),
        Rule(
            problem: "could not find expected ':'",
            pointsAtStart: true,
            text: "a key without \":\"",
            remedy: "write \"key: value\""
        ),
        Rule(
            problem: "did not find expected key",
            text: "a key is expected here",
            remedy: "indent keys of one mapping alike"
        ),
        Rule(
            problem: "did not find expected '-' indicator",
            text: "a list item is expected here",
            remedy: "begin each item with \"- \", all indented alike"
        ),
        Rule(
            problem: "block sequence entries are not allowed",
            text: "a list item cannot stand here",
            remedy: "begin the list on its own line, below its key"
        ),
        Rule(
            problem: "found undefined alias",
            text: "this alias refers to nothing",
            remedy: "define it before, with &name; put text that begins with * in quotes"
        ),
        Rule(
            problem: "found unknown escape character",
            text: "an escape that YAML does not know",
            remedy: "write a backslash in double quotes as \"\\\\\", or use single quotes"
        ),
        Rule(
            problem: "did not find expected hexdecimal number",
            text: "an escape without its hexadecimal digits",
            remedy: "write \\xHH, \\uHHHH or \\UHHHHHHHH"
        ),
        Rule(
            problem: "Maximum nesting level reached",
            text: "nested far too deep",
            remedy: "no setting is nested so deep: is this a Hawser configuration?"
        ),
        Rule(
            problem: "did not find expected <document start>",
            text: "text behind the end of the document",
            remedy: "a configuration is one mapping of keys to values: indent its keys alike"
        ),
        Rule(
            problem: "did not find expected alphabetic or numeric character",
            text: "an anchor or alias without a name",
            remedy: "put text that begins with & or * in quotes"
        ),
    ]
}
