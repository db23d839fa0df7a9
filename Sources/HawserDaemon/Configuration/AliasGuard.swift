/// Refuses, before the parser runs, the one kind of document that could keep it busy for ever.
///
/// The parser compares the keys of each mapping with one another. A key that is itself a collection built of aliases
/// of aliases is compared by its full expansion, which can be exponential. Aliases as values are harmless to the
/// parser, and are bounded where its tree is copied.
enum AliasGuard {
    /// So many aliases expand to some ten thousand nodes at most, whatever they refer to.
    static let harmlessAliases = 16

    /// The place of the first key that is a collection or an alias, if there are also enough aliases to do harm.
    ///
    /// Quotes and comments are not understood here, so that nothing can be hidden in them: what this misses cannot be
    /// a key. Ordinary files come nowhere near: they have no such keys.
    static func firstDangerousKey(in source: SourceText) -> SourcePosition? {
        var aliases = 0
        var key: SourcePosition?
        for (index, line) in source.lines.enumerated() {
            for column in line.indices {
                if line[column] == "*", isName(line, column + 1) { aliases += 1 }
                guard key == nil, isComplexKey(line, column) else { continue }
                key = SourcePosition(line: index + 1, column: column + 1)
            }
        }
        return aliases > harmlessAliases ? key : nil
    }

    private static func isComplexKey(_ line: [Unicode.Scalar], _ column: Int) -> Bool {
        switch line[column] {
        case "?":
            let before: Unicode.Scalar = column > 0 ? line[column - 1] : " "
            let after: Unicode.Scalar = column + 1 < line.count ? line[column + 1] : " "
            return [" ", "\t", "[", "{", ",", "?", ":"].contains(before)
                && [" ", "\t", "*", "[", "{", "&", "!", "?"].contains(after)
        case "]", "}":
            return isColon(line, after: column + 1)
        case "*":
            var end = column + 1
            while isName(line, end) { end += 1 }
            return end > column + 1 && isColon(line, after: end)
        default:
            return false
        }
    }

    private static func isColon(_ line: [Unicode.Scalar], after column: Int) -> Bool {
        var column = column
        while column < line.count, line[column] == " " || line[column] == "\t" { column += 1 }
        return column < line.count && line[column] == ":"
    }

    private static func isName(_ line: [Unicode.Scalar], _ column: Int) -> Bool {
        guard column < line.count else { return false }
        let scalar = line[column]
        return scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            || scalar == "_" || scalar == "-"
    }
}
