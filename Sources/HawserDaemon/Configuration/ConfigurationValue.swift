/// A value with its key's path: reads it as what is wanted there, or records what is wrong with it.
struct ConfigurationValue {
    let node: ConfigurationNode
    let path: String
    let reading: ConfigurationReading

    var position: SourcePosition { node.position }

    /// A text with its references resolved, and what of it may be shown.
    struct Text {
        let node: ScalarNode
        let template: SecretTemplate
        let resolution: SecretTemplate.Resolution
        let reading: ConfigurationReading

        var value: String { resolution.text }

        /// The text for a message, quoted: as it stands in the file, so without what its references yield.
        var shown: String { Shown.quoted(node.text) }

        /// The place in the source of the scalar at `offset` of `value`.
        func position(at offset: Int) -> SourcePosition {
            reading.position(in: node, at: resolution.templateOffset(of: offset))
        }
    }

    /// Records something wrong with this value.
    func report(
        _ severity: ConfigurationIssue.Severity = .error,
        at position: SourcePosition? = nil,
        problem: String,
        seen: String? = nil,
        allowed: String? = nil,
        remedy: String? = nil
    ) {
        reading.report(
            severity,
            at: position ?? node.position,
            path,
            problem: problem,
            seen: seen,
            allowed: allowed,
            remedy: remedy
        )
    }

    // MARK: Shapes

    /// The value as a text, references resolved; `expected` is what to call it if it is none.
    ///
    /// - Parameter takesAnswers: whether references to requests may stand in it, whose values are known only later.
    func text(expected: String = "text", allowed: String? = nil, takesAnswers: Bool = false) -> Text? {
        guard case .scalar(let scalar) = node.content else {
            report(problem: "\(expected) is expected, not \(node.kind)", seen: node.kind, allowed: allowed)
            return nil
        }
        guard !scalar.isNull else {
            report(problem: "\(expected) is expected, not nothing", seen: "nothing", allowed: allowed)
            return nil
        }
        let template: SecretTemplate
        do {
            template = try SecretTemplate(parsing: scalar.text)
        } catch {
            let place = reading.position(in: scalar, at: error.offset)
            report(at: place, problem: error.problem, remedy: error.remedy)
            return nil
        }
        for (reference, offset) in template.requestReferences {
            let place = reading.position(in: scalar, at: offset)
            guard takesAnswers else {
                report(
                    at: place,
                    problem: "\(reference) cannot stand here: its value is not known before a dial or a call",
                    seen: reference.description,
                    remedy: "use ${env:NAME}, ${file:/PATH} or ${credential:NAME}"
                )
                return nil
            }
            reading.noteRequest(reference, at: place, path)
        }
        do {
            let resolution = try template.resolution(using: reading.secrets)
            reading.recordOrigin(of: path, line: node.position.line, references: template.references)
            return Text(node: scalar, template: template, resolution: resolution, reading: reading)
        } catch {
            let place = reading.position(in: scalar, at: error.offset)
            report(
                at: place,
                problem: error.problem,
                seen: error.reference.description,
                remedy: error.remedy
            )
            return nil
        }
    }

    /// The value as a mapping; nothing at all counts as an empty one.
    func mapping(expected: String = "a mapping of keys to values") -> MappingReader? {
        switch node.content {
        case .mapping(let entries):
            return MappingReader(entries: entries, position: node.position, path: path, reading: reading)
        case .scalar(let scalar) where scalar.isNull:
            return MappingReader(entries: [], position: node.position, path: path, reading: reading)
        default:
            report(problem: "\(expected) is expected, not \(node.kind)", seen: node.kind)
            return nil
        }
    }

    /// The value as a mapping, if it is one; records nothing.
    var section: MappingReader? {
        guard case .mapping(let entries) = node.content else { return nil }
        return MappingReader(entries: entries, position: node.position, path: path, reading: reading)
    }

    /// The value as a list of at most `limit` items.
    func list(of items: String, limit: Int) -> [ConfigurationValue]? {
        guard case .sequence(let nodes) = node.content else {
            let isText = node.kind == "text"
            report(
                problem: "a list of \(items) is expected, not \(node.kind)",
                seen: node.kind,
                remedy: isText ? "put it in brackets: [ … ]" : nil
            )
            return nil
        }
        guard nodes.count <= limit else {
            report(problem: "\(nodes.count) \(items) are too many", seen: "\(nodes.count)", allowed: "at most \(limit)")
            return nil
        }
        reading.recordOrigin(of: path, line: node.position.line)
        return nodes.enumerated().map { index, node in
            ConfigurationValue(node: node, path: "\(path)[\(index)]", reading: reading)
        }
    }

    // MARK: Scalars

    /// A whole number in `range`.
    func integer(in range: ClosedRange<Int>) -> Int? {
        let allowed = "\(range.lowerBound) to \(range.upperBound)"
        guard let text = text(expected: "a whole number", allowed: allowed) else { return nil }
        guard let value = Int(text.value) else {
            report(problem: "\(text.shown) is not a whole number", seen: text.shown, allowed: allowed)
            return nil
        }
        return check(value, in: range, text, allowed: allowed)
    }

    /// A number in `range`.
    func number(in range: ClosedRange<Double>) -> Double? {
        let allowed = "\(Shown.number(range.lowerBound)) to \(Shown.number(range.upperBound))"
        guard let text = text(expected: "a number", allowed: allowed) else { return nil }
        guard let value = Double(text.value), value.isFinite else {
            report(problem: "\(text.shown) is not a number", seen: text.shown, allowed: allowed)
            return nil
        }
        return check(value, in: range, text, allowed: allowed)
    }

    /// A duration in `range`.
    func duration(in range: ClosedRange<Duration>) -> Duration? {
        let allowed = "\(DurationText.format(range.lowerBound)) to \(DurationText.format(range.upperBound))"
        guard let text = text(expected: "a duration", allowed: allowed) else { return nil }
        guard let value = DurationText.parse(text.value) else {
            let guess = text.template.isConstant ? DurationText.guess(text.value) : nil
            report(
                problem: "\(text.shown) is not a duration",
                seen: text.shown,
                allowed: "a whole number with a unit (ms, s, m, h, d), \(allowed)",
                remedy: guess.map { "write \($0)" }
            )
            return nil
        }
        return check(value, in: range, text, allowed: allowed)
    }

    /// A size in bytes in `range`.
    func size(in range: ClosedRange<Int>) -> Int? {
        let allowed = "\(SizeText.format(range.lowerBound)) to \(SizeText.format(range.upperBound))"
        guard let text = text(expected: "a size", allowed: allowed) else { return nil }
        guard let value = SizeText.parse(text.value) else {
            let guess = text.template.isConstant ? SizeText.guess(text.value) : nil
            report(
                problem: "\(text.shown) is not a size",
                seen: text.shown,
                allowed: "a whole number with a unit (B, KiB, MiB, GiB, TiB), \(allowed)",
                remedy: guess.map { "write \($0)" }
            )
            return nil
        }
        return check(value, in: range, text, allowed: allowed)
    }

    /// `true` or `false`.
    func boolean() -> Bool? {
        guard let text = text(expected: "true or false") else { return nil }
        switch text.value {
        case "true": return true
        case "false": return false
        default:
            let meant: String? =
                switch text.value.lowercased() {
                case "true", "yes", "on", "1": "true"
                case "false", "no", "off", "0": "false"
                default: nil
                }
            let remedy = text.template.isConstant ? meant.map { "write \($0)" } : nil
            report(
                problem: "\(text.shown) is neither true nor false",
                seen: text.shown,
                allowed: "true, false",
                remedy: remedy
            )
            return nil
        }
    }

    /// One of the words of `Choice`.
    ///
    /// - Parameter later: words that are not supported yet.
    func choice<Choice: RawRepresentable & CaseIterable>(_ type: Choice.Type, later: [String] = []) -> Choice?
    where Choice.RawValue == String {
        let words = Choice.allCases.map(\.rawValue)
        guard let text = text(expected: "one of \(words.joined(separator: ", "))") else { return nil }
        if let choice = Choice(rawValue: text.value) { return choice }
        unknownWord(text, words, later: later)
        return nil
    }

    /// Whether the value is the word `word`, such as `none`, without recording anything.
    func isWord(_ word: String) -> Bool {
        if case .scalar(let scalar) = node.content { scalar.text == word } else { false }
    }

    /// Records that `text` is none of `words`.
    func unknownWord(_ text: Text, _ words: [String], later: [String] = [], allowed: String? = nil) {
        if later.contains(text.value) {
            report(
                problem: "\(text.shown) is not supported yet",
                seen: text.shown,
                allowed: allowed ?? words.joined(separator: ", ")
            )
            return
        }
        let guess = text.template.isConstant ? Spelling.closest(to: text.value, among: words) : nil
        report(
            problem: "unknown value \(text.shown)",
            seen: text.shown,
            allowed: allowed ?? words.joined(separator: ", "),
            remedy: guess.map { "did you mean \"\($0)\"?" }
        )
    }

    private func check<Value: Comparable>(
        _ value: Value,
        in range: ClosedRange<Value>,
        _ text: Text,
        allowed: String
    ) -> Value? {
        guard range.contains(value) else {
            report(problem: "\(text.shown) is out of range", seen: text.shown, allowed: allowed)
            return nil
        }
        return value
    }
}
