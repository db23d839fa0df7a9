import Yams

/// Turns the text of a file into nodes with places, through Yams; with `SyntaxFault` the only file that knows the
/// parser.
///
/// Bounded in every direction: aliases, depth and number of nodes. Duplicate keys, at which the parser stops, are
/// renamed one by one and the text parsed again, so that all of them are reported along with everything else.
struct ConfigurationDocument {
    /// Nodes of one file, aliases expanded.
    static let maximumNodes = 200_000
    /// Levels of mappings and lists within one another.
    static let maximumDepth = 32
    /// Duplicate keys reported at once.
    static let maximumDuplicates = 20
    /// Bytes parsed again because of duplicates.
    private static let maximumReparsed = 4 << 20

    private enum PathPart {
        case key(String)
        case index(Int)
    }

    /// Why the tree is not copied to its end.
    private enum Excess {
        case nodes, depth
    }

    private let reading: ConfigurationReading
    /// The private-use scalar that stands for the first scalar of a key given before, and that key.
    private var renamed: [Unicode.Scalar: ScalarNode] = [:]
    private var nodes = 0
    private var path: [PathPart] = []
    private var excess: Excess?

    private init(reading: ConfigurationReading) {
        self.reading = reading
    }

    /// The root of the document; nil if it is empty, or if it could not be read, which is then recorded.
    static func parse(_ reading: ConfigurationReading) -> ConfigurationNode? {
        guard isReadable(reading) else { return nil }
        var document = ConfigurationDocument(reading: reading)
        guard let root = document.compose() else { return nil }
        let copy = document.convert(root)
        // A part of a document says nothing about the rest.
        return document.excess == nil ? copy : nil
    }

    // MARK: Before the parser

    private static func isReadable(_ reading: ConfigurationReading) -> Bool {
        for (index, line) in reading.source.lines.enumerated() {
            guard let column = line.firstIndex(where: { !isAllowed($0) }) else { continue }
            if index == 0, column == 0, line[0] == "\u{FEFF}" { continue }
            let value = String(line[column].value, radix: 16, uppercase: true)
            let code = String(repeating: "0", count: max(0, 4 - value.count)) + value
            reading.report(
                at: SourcePosition(line: index + 1, column: column + 1),
                "",
                problem: "control character U+\(code)",
                allowed: "printable text, tabs and line breaks",
                remedy: "is this a YAML file? remove the character, or write it as an escape in double quotes"
            )
            return false
        }
        guard let position = AliasGuard.firstDangerousKey(in: reading.source) else { return true }
        reading.report(
            at: position,
            "",
            problem: "a key that is not plain text, in a file with many aliases",
            remedy: "write keys as plain text"
        )
        return false
    }

    /// The characters that YAML allows, without line breaks.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    // MARK: The parser

    private mutating func compose() -> Yams.Node? {
        var lines = reading.source.lines
        var marks = unusedMarks()
        var budget = max(Self.maximumReparsed, reading.source.text.utf8.count)
        while true {
            // The text is parsed as it is, line breaks too, unless a key had to be renamed.
            let text =
                renamed.isEmpty
                ? reading.source.text : lines.map { String(String.UnicodeScalarView($0)) }.joined(separator: "\n")
            budget -= text.utf8.count
            do {
                return try Yams.Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let position = SourcePosition(line: context.mark.line, column: context.mark.column)
                let name = names.first ?? ""
                guard budget > 0, renamed.count < Self.maximumDuplicates, let mark = marks.popLast(),
                    rename(position, name: name, to: mark, in: &lines)
                else {
                    reading.report(
                        at: position,
                        "",
                        problem: "key \(Shown.quoted(name)) is given more than once",
                        remedy: "keep one of them"
                    )
                    return nil
                }
            } catch {
                let fault = SyntaxFault(error, in: reading.source)
                reading.report(at: fault.position, "", problem: fault.problem, remedy: fault.remedy)
                return nil
            }
        }
    }

    private func unusedMarks() -> [Unicode.Scalar] {
        let candidates = UInt32(0xE000)...0xE0FF
        var used: Set<Unicode.Scalar> = []
        for scalar in reading.source.text.unicodeScalars where candidates.contains(scalar.value) {
            used.insert(scalar)
        }
        return candidates.compactMap(Unicode.Scalar.init).filter { !used.contains($0) }
    }

    /// Replaces the key's first scalar in place, so that no column moves.
    private mutating func rename(
        _ position: SourcePosition,
        name: String,
        to mark: Unicode.Scalar,
        in lines: inout [[Unicode.Scalar]]
    ) -> Bool {
        guard let first = reading.source.scalar(at: position) else { return false }
        let isQuoted = first == "\"" || first == "'"
        let column = position.column - 1 + (isQuoted ? 1 : 0)
        guard lines.indices.contains(position.line - 1), lines[position.line - 1].indices.contains(column),
            !["&", "!", "*", "\"", "'"].contains(lines[position.line - 1][column])
        else { return false }
        lines[position.line - 1][column] = mark
        renamed[mark] = ScalarNode(text: name, style: .plain, position: position)
        return true
    }

    // MARK: The parser's tree

    private mutating func convert(_ node: Yams.Node) -> ConfigurationNode? {
        guard excess == nil else { return nil }
        let place = Self.place(of: node)
        nodes += 1
        guard nodes <= Self.maximumNodes else {
            excess = .nodes
            reading.report(
                at: place,
                keyPath,
                problem: "more than \(Self.maximumNodes) values",
                remedy: "an alias (*name) repeats what it refers to: use fewer of them"
            )
            return nil
        }
        guard path.count < Self.maximumDepth else {
            excess = .depth
            reading.report(
                at: place,
                "",
                problem: "nested more than \(Self.maximumDepth) levels deep",
                remedy: "no setting is nested so deep: is this a Hawser configuration?"
            )
            return nil
        }
        checkTag(of: node, at: place)
        switch node {
        case .scalar(let scalar):
            return ConfigurationNode(content: .scalar(Self.scalarNode(scalar, at: place)), position: place)
        case .sequence(let sequence):
            var items: [ConfigurationNode] = []
            for (index, item) in sequence.enumerated() {
                guard excess == nil else { return nil }
                path.append(.index(index))
                if let item = convert(item) { items.append(item) }
                path.removeLast()
            }
            return ConfigurationNode(content: .sequence(items), position: place)
        case .mapping(let mapping):
            return ConfigurationNode(content: .mapping(entries(mapping)), position: place)
        case .alias:
            return nil
        }
    }

    private mutating func entries(_ mapping: Yams.Node.Mapping) -> [ConfigurationNode.Entry] {
        var entries: [ConfigurationNode.Entry] = []
        var earlier: [String: [SourcePosition]] = [:]
        for (key, value) in mapping {
            guard excess == nil else { return entries }
            guard case .scalar(let scalar) = key else {
                reading.report(
                    at: Self.place(of: key),
                    keyPath,
                    problem: "a key that is not plain text",
                    remedy: "write keys as plain text"
                )
                continue
            }
            let node = Self.scalarNode(scalar, at: Self.place(of: key))
            if let first = node.text.unicodeScalars.first, let original = renamed[first] {
                earlier[original.text, default: []].append(original.position)
                continue
            }
            path.append(.key(node.text))
            if let value = convert(value) { entries.append(ConfigurationNode.Entry(key: node, value: value)) }
            path.removeLast()
        }
        for entry in entries {
            guard let places = earlier[entry.key.text]?.sorted(), let first = places.first else { continue }
            for place in places.dropFirst() + [entry.key.position] {
                reading.report(
                    at: place,
                    Shown.path(keyPath, entry.key.text),
                    problem: "key \(Shown.quoted(entry.key.text)) is given twice",
                    remedy: "it was first given in line \(first.line): keep one of them"
                )
            }
        }
        return entries
    }

    private var keyPath: String {
        path.reduce("") { text, part in
            switch part {
            case .key(let key): Shown.path(text, key)
            case .index(let index): "\(text)[\(index)]"
            }
        }
    }

    private func checkTag(of node: Yams.Node, at position: SourcePosition) {
        let tag = node.tag.description
        guard !tag.isEmpty, tag != "!", !tag.hasPrefix("tag:yaml.org,2002:") else { return }
        reading.report(
            at: position,
            keyPath,
            problem: "the tag \(Shown.quoted(tag)) means nothing here",
            remedy: "remove it"
        )
    }

    private static func place(of node: Yams.Node) -> SourcePosition {
        node.mark.map { SourcePosition(line: $0.line, column: $0.column) } ?? SourcePosition(line: 1, column: 1)
    }

    private static func scalarNode(_ scalar: Yams.Node.Scalar, at position: SourcePosition) -> ScalarNode {
        let style: ScalarNode.Style =
            switch scalar.style {
            case .any, .plain: .plain
            case .singleQuoted: .singleQuoted
            case .doubleQuoted: .doubleQuoted
            case .literal: .literal
            case .folded: .folded
            }
        return ScalarNode(text: scalar.string, style: style, position: position)
    }
}
