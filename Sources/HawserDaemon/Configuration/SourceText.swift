/// The text of one configuration file, by lines, with the parts of it that must never be printed.
///
/// Lines break where YAML 1.1 breaks them, so that positions agree with the parser's.
struct SourceText {
    /// The file's name as the user gave it.
    let file: String
    /// The whole text.
    let text: String
    /// Each line's scalars, without its line break.
    let lines: [[Unicode.Scalar]]
    /// Columns, from 1, that are covered when a line is shown; by line.
    private var covered: [Int: [Range<Int>]] = [:]
    /// Columns, from 1, whose meaning the reader knows; by line.
    private var understood: [Int: [Range<Int>]] = [:]

    /// Lines are cut to this many columns when they are shown.
    private static let excerptWidth = 120
    private static let lookBehind = 2_048

    init(file: String, text: String) {
        self.file = file
        self.text = text
        lines = Self.split(text)
    }

    /// The scalar at `position`, or nil at and beyond the end of its line.
    func scalar(at position: SourcePosition) -> Unicode.Scalar? {
        guard lines.indices.contains(position.line - 1) else { return nil }
        let line = lines[position.line - 1]
        guard line.indices.contains(position.column - 1) else { return nil }
        return line[position.column - 1]
    }

    /// Covers one scalar of the source in everything shown from now on.
    mutating func cover(_ position: SourcePosition) {
        Self.insert(position, into: &covered)
    }

    /// Takes one scalar of the source as understood: no secret is suspected behind a word that begins there.
    mutating func understand(_ position: SourcePosition) {
        Self.insert(position, into: &understood)
    }

    private static func insert(_ position: SourcePosition, into columns: inout [Int: [Range<Int>]]) {
        var ranges = columns[position.line] ?? []
        if let last = ranges.last, last.upperBound == position.column {
            ranges[ranges.count - 1] = last.lowerBound..<(position.column + 1)
        } else {
            ranges.append(position.column..<(position.column + 1))
        }
        columns[position.line] = ranges
    }

    /// The line of `position` for a person, with what must not be seen replaced by `*`, and a caret under the column.
    ///
    /// A long line is cut around the column. Nil if there is no such line, or nothing on it.
    func excerpt(at position: SourcePosition) -> Excerpt? {
        guard lines.indices.contains(position.line - 1) else { return nil }
        let whole = lines[position.line - 1]
        guard !whole.isEmpty else { return nil }
        let caret = min(max(position.column, 1), whole.count + 1) - 1
        let start = max(0, min(caret - Self.excerptWidth * 2 / 3, whole.count - Self.excerptWidth))
        let end = min(whole.count, start + Self.excerptWidth)
        // Some of what comes before is looked at too: it may say that what is shown is secret.
        let first = max(0, start - Self.lookBehind)
        var shown = whole[first..<end].map(Self.printable)
        for range in covered[position.line] ?? [] {
            for column in range.clamped(to: (first + 1)..<(end + 1)) { shown[column - 1 - first] = "*" }
        }
        let known = understood[position.line] ?? []
        SensitiveText.cover(&shown) { index in known.contains { $0.contains(first + index + 1) } }
        let visible = shown[(start - first)...]
        let before = visible.prefix(caret - start).map { $0 == "\t" ? "\t" : " " }.joined()
        return Excerpt(
            line: (start > 0 ? "…" : "") + String(String.UnicodeScalarView(visible)) + (end < whole.count ? "…" : ""),
            marker: (start > 0 ? " " : "") + before + "^"
        )
    }

    /// A line of the file and the line below it that points at a column.
    struct Excerpt: Hashable, Sendable {
        let line: String
        let marker: String
    }

    private static func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar == "\t" { return scalar }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            return "\u{FFFD}"
        default:
            return scalar
        }
    }

    private static func split(_ text: String) -> [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = []
        var line: [Unicode.Scalar] = []
        var afterReturn = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where afterReturn:
                afterReturn = false
                continue
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
                lines.append(line)
                line.removeAll()
            default:
                line.append(scalar)
            }
            afterReturn = scalar == "\r"
        }
        lines.append(line)
        return lines
    }
}
