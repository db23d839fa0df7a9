/// A mapping of the file: gives out the values of its keys, and knows which keys do not belong there.
struct MappingReader {
    let entries: [ConfigurationNode.Entry]
    let position: SourcePosition
    let path: String
    let reading: ConfigurationReading

    /// The value of `key`; nil if the mapping does not have it.
    func value(_ key: String) -> ConfigurationValue? {
        guard let entry = entries.first(where: { $0.key.text == key }) else { return nil }
        return ConfigurationValue(node: entry.value, path: self.path(of: key), reading: reading)
    }

    /// Whether `key` is given here.
    func has(_ key: String) -> Bool {
        entries.contains { $0.key.text == key }
    }

    /// All values with their keys, in the order of the file.
    var values: [(key: ScalarNode, value: ConfigurationValue)] {
        entries.map { ($0.key, ConfigurationValue(node: $0.value, path: path(of: $0.key.text), reading: reading)) }
    }

    /// The path of `key` in this mapping.
    func path(of key: String) -> String {
        Shown.path(path, key)
    }

    /// Records every key that is not in `known`.
    ///
    /// - Parameter later: keys of the design that are not supported yet.
    func check(known: [String], later: [String] = []) {
        for entry in entries where !known.contains(entry.key.text) {
            let key = entry.key.text
            if later.contains(key) {
                reading.report(
                    at: entry.key.position,
                    path(of: key),
                    problem: "\"\(key)\" is not supported yet",
                    seen: key,
                    remedy: "remove it"
                )
                continue
            }
            if key == "<<" {
                reading.report(
                    at: entry.key.position,
                    path(of: key),
                    problem: "merge keys are not supported",
                    seen: key,
                    remedy: "put what subscriptions share under \"defaults\""
                )
                continue
            }
            let guess = reading.isFull ? nil : Spelling.closest(to: key, among: known + later)
            // What nobody understands may be a secret.
            if guess == nil || ["headers", "subscribe", "url"].contains(guess) { reading.cover(entry.value) }
            reading.report(
                at: entry.key.position,
                path(of: key),
                problem: "unknown key \(Shown.quoted(key))",
                seen: Shown.cut(key),
                allowed: guess == nil ? known.joined(separator: ", ") : nil,
                remedy: guess.map { "did you mean \"\($0)\"?" }
            )
        }
    }

    /// Records everything that is wrong with `key` as a name of a subscription or sink.
    ///
    /// - Returns: whether it can be one.
    func checkName(_ key: ScalarNode) -> Bool {
        let isName =
            (1...64).contains(key.text.unicodeScalars.count)
            && key.text.unicodeScalars.allSatisfy(Self.isNameScalar)
        guard !isName else { return true }
        let guess = String(
            String.UnicodeScalarView(
                key.text.lowercased().unicodeScalars.prefix(64).map {
                    Self.isNameScalar($0) ? $0 : $0 == " " || $0 == "." || $0 == "/" || $0 == ":" ? "-" : "_"
                }
            )
        )
        reading.report(
            at: key.position,
            path(of: key.text),
            problem: "\(Shown.quoted(key.text)) cannot be a name",
            seen: Shown.cut(key.text),
            allowed: "1 to 64 of a-z, 0-9, _ and -",
            remedy: guess.isEmpty ? nil : "write \"\(guess)\""
        )
        return false
    }

    private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "_" || scalar == "-"
    }
}
