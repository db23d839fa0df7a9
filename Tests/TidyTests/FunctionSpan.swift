/// A function with a body, and the lines that it takes.
struct FunctionSpan: Equatable {
    var name: String
    var firstLine: Int
    var lastLine: Int

    /// From its keyword to its closing brace.
    var length: Int { lastLine - firstLine + 1 }

    /// Every function, initializer, deinitializer and subscript of `file`, nested ones too.
    static func all(in file: SwiftFile) -> [FunctionSpan] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            guard starts(at: index, of: tokens), let opening = body(after: index, of: tokens),
                let closing = closingBrace(of: opening, in: tokens)
            else { return nil }
            let name = tokens[index].text == "func" ? tokens[index + 1].text : tokens[index].text
            return FunctionSpan(name: name, firstLine: tokens[index].line, lastLine: tokens[closing].line)
        }
    }

    private static let keywords: Set<String> = ["func", "init", "deinit", "subscript"]

    /// What can only begin another declaration: a requirement of a protocol has no body before it.
    private static let declarations: Set<String> = [
        "func", "init", "deinit", "subscript", "var", "let", "case", "struct", "class", "enum", "actor", "protocol",
        "extension", "typealias", "associatedtype", "import",
    ]

    private static func starts(at index: Int, of tokens: [Token]) -> Bool {
        guard keywords.contains(tokens[index].text), index + 1 < tokens.count else { return false }
        // `.init(…)` is a call, `init:` a label, and a name may stand between back quotes.
        let before = index > 0 ? tokens[index - 1].text : ""
        return before != "." && before != "`" && tokens[index + 1].text != ":"
    }

    private static func body(after index: Int, of tokens: [Token]) -> Int? {
        var depth = 0
        for next in (index + 1)..<tokens.count {
            switch tokens[next].text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return next
            case "}" where depth == 0: return nil
            case let text where depth == 0 && declarations.contains(text) && next > index + 1: return nil
            default: break
            }
        }
        return nil
    }

    private static func closingBrace(of opening: Int, in tokens: [Token]) -> Int? {
        var depth = 0
        for index in opening..<tokens.count {
            if tokens[index].text == "{" { depth += 1 }
            if tokens[index].text == "}" {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }
}
