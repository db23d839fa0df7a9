/// One value of the file with its place: what the YAML parser made, freed of the parser's own types.
struct ConfigurationNode: Sendable {
    /// What the value is.
    enum Content: Sendable {
        case scalar(ScalarNode)
        case sequence([ConfigurationNode])
        case mapping([Entry])
    }

    /// A key with its value.
    struct Entry: Sendable {
        let key: ScalarNode
        let value: ConfigurationNode
    }

    let content: Content
    let position: SourcePosition

    /// What a person would call it.
    var kind: String {
        switch content {
        case .scalar(let scalar): scalar.isNull ? "nothing" : "text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// Whether there is no value: nothing at all, `~` or `null`.
    var isNull: Bool {
        if case .scalar(let scalar) = content { scalar.isNull } else { false }
    }
}

/// A text value as it stands in the file, references not yet resolved.
struct ScalarNode: Sendable {
    /// How it was written; it decides how its scalars are found in the source.
    enum Style: Sendable {
        case plain, singleQuoted, doubleQuoted, literal, folded
    }

    let text: String
    let style: Style
    let position: SourcePosition

    /// Whether it is YAML's way to say "nothing".
    var isNull: Bool {
        style == .plain && ["", "~", "null", "Null", "NULL"].contains(text)
    }
}
