/// Finds where in the source each scalar of a YAML text value stands.
///
/// YAML's parser tells only where a value begins; an error inside a URL, or a secret that must be covered, needs the
/// exact column, also behind an escape or on a later line of a folded text.
enum ScalarPositions {
    /// The place of each scalar of `node.text`, in order, and one more for the place just behind the value.
    ///
    /// Where the walk loses its way (it should not), the remaining places are those of the value's begin.
    static func locate(_ node: ScalarNode, in source: SourceText) -> [SourcePosition] {
        var walker = Walker(source: source, position: node.position)
        walker.skipProperties()
        var places: [SourcePosition] = []
        places.reserveCapacity(node.text.unicodeScalars.count + 1)
        switch node.style {
        case .plain:
            walker.match(node.text.unicodeScalars, into: &places)
        case .literal, .folded:
            walker.advanceLine()
            walker.match(node.text.unicodeScalars, into: &places)
        case .singleQuoted:
            walker.advance()
            walker.match(node.text.unicodeScalars, into: &places, doubled: "'")
        case .doubleQuoted:
            walker.advance()
            walker.matchEscaped(node.text.unicodeScalars, into: &places)
        }
        let count = node.text.unicodeScalars.count
        while places.count < count { places.append(node.position) }
        places.append(walker.position)
        return places
    }

    /// A reading position in the source.
    private struct Walker {
        let source: SourceText
        var position: SourcePosition

        var current: Unicode.Scalar? { source.scalar(at: position) }

        mutating func advance() { position = SourcePosition(line: position.line, column: position.column + 1) }

        mutating func advanceLine() { position = SourcePosition(line: position.line + 1, column: 1) }

        /// Steps over an anchor or a tag in front of the value.
        mutating func skipProperties() {
            while let scalar = current, scalar == "&" || scalar == "!" {
                while let next = current, next != " " { _ = next; advance() }
                while current == " " { advance() }
            }
        }

        /// Goes to the next scalar of the source that is `wanted`, over white space only; false if there is none.
        mutating func find(_ wanted: Unicode.Scalar) -> Bool {
            let start = position
            while position.line <= source.lines.count {
                guard let scalar = current else {
                    advanceLine()
                    continue
                }
                if scalar == wanted { return true }
                guard scalar == " " || scalar == "\t" else { break }
                advance()
            }
            position = start
            return false
        }

        /// Styles without escapes: each scalar stands in the source as it is, except for folded white space.
        mutating func match(
            _ text: String.UnicodeScalarView,
            into places: inout [SourcePosition],
            doubled quote: Unicode.Scalar? = nil
        ) {
            for scalar in text {
                if scalar == " " || scalar == "\t" || scalar == "\n" {
                    places.append(position)
                    if current == scalar { advance() }
                    continue
                }
                guard find(scalar) else { return }
                places.append(position)
                advance()
                if scalar == quote, current == quote { advance() }
            }
        }

        /// The double-quoted style.
        mutating func matchEscaped(_ text: String.UnicodeScalarView, into places: inout [SourcePosition]) {
            for scalar in text {
                skipEscapedBreaks()
                if current == "\\" {
                    places.append(position)
                    advance()
                    let digits: Int
                    switch current {
                    case "x": digits = 2
                    case "u": digits = 4
                    case "U": digits = 8
                    default: digits = 0
                    }
                    for _ in 0...digits { advance() }
                } else if scalar == " " || scalar == "\n" || scalar == "\t" {
                    places.append(position)
                    if current == scalar { advance() }
                } else {
                    guard find(scalar) else { return }
                    places.append(position)
                    advance()
                }
            }
        }

        /// A backslash at the end of a line joins it with the next one.
        private mutating func skipEscapedBreaks() {
            while current == "\\",
                source.scalar(at: SourcePosition(line: position.line, column: position.column + 1)) == nil,
                position.line < source.lines.count
            {
                advanceLine()
                while current == " " || current == "\t" { advance() }
            }
        }
    }
}
