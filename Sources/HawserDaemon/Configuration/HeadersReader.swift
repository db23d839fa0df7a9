/// Reads header fields: a mapping of names to values, which may contain references.
struct HeadersReader {
    let value: ConfigurationValue
    /// What to do instead of setting a field of this name; nil if it may be set.
    let reserved: (String) -> String?
    /// Whether references to requests may stand in them.
    var takesAnswers = true

    private var reading: ConfigurationReading { value.reading }

    /// The fields in the order of the file, but for those that are wrong.
    func read() -> [HeaderTemplate] {
        reading.cover(value.node)
        guard let section = value.mapping(expected: "a mapping of names to values") else { return [] }
        guard section.entries.count <= ConfigurationBounds.headers else {
            value.report(
                problem: "\(section.entries.count) header fields are too many",
                seen: "\(section.entries.count)",
                allowed: "at most \(ConfigurationBounds.headers)"
            )
            return []
        }
        var headers: [HeaderTemplate] = []
        var seen: [String: Int] = [:]
        for (key, value) in section.values {
            reading.understand(key)
            guard isFieldName(key, path: value.path) else { continue }
            if let line = seen.updateValue(key.position.line, forKey: key.text.lowercased()) {
                reading.report(
                    at: key.position,
                    value.path,
                    problem: "the field \"\(key.text)\" is given twice",
                    seen: key.text,
                    remedy: "names do not depend on case; it was first given in line \(line): keep one of them"
                )
                continue
            }
            if let template = read(value, of: key.text) {
                headers.append(HeaderTemplate(name: key.text, value: template))
            }
        }
        return headers
    }

    private func read(_ value: ConfigurationValue, of name: String) -> SecretTemplate? {
        guard let text = value.text(takesAnswers: takesAnswers) else { return nil }
        if let fault = HeaderSyntax.fault(ofValue: text.value) {
            let offset = HeaderSyntax.firstControl(in: text.value) ?? 0
            value.report(
                at: text.position(at: offset),
                problem: fault,
                remedy: text.resolution.isReferenced(offset)
                    ? "correct what the reference yields" : "remove it"
            )
            return nil
        }
        if text.template.isConstant, SensitiveText.isSecretName(name) {
            value.warnOfPlainText("the header \(name)")
        }
        return text.template
    }

    private func isFieldName(_ key: ScalarNode, path: String) -> Bool {
        if let remedy = reserved(key.text) {
            reading.report(
                at: key.position,
                path,
                problem: "the field \"\(key.text)\" cannot be set",
                seen: key.text,
                remedy: remedy
            )
            return false
        }
        guard HeaderSyntax.isToken(key.text) else {
            reading.report(
                at: key.position,
                path,
                problem: "\(Shown.quoted(key.text)) is not the name of a header field",
                seen: Shown.cut(key.text),
                allowed: "letters, digits and !#$%&'*+-.^_`|~"
            )
            return false
        }
        return true
    }
}

extension ConfigurationValue {
    /// Warns that `what` stands here for everybody to read.
    func warnOfPlainText(_ what: String, at position: SourcePosition? = nil) {
        report(
            .warning,
            at: position,
            problem: "\(what) looks like a secret in plain text",
            remedy: "keep it out of the file: ${credential:NAME}, ${file:/PATH} or ${env:NAME}"
        )
    }
}
