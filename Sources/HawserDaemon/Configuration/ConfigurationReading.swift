/// One reading of one file: what was found wrong so far, and where each value came from.
///
/// Confined to the call that loads.
final class ConfigurationReading {
    /// Errors that are kept, and warnings; a file of noise must not yield a book.
    static let maximumIssues = 100

    private(set) var source: SourceText
    let secrets: SecretSources
    private var errors: [ConfigurationIssue] = []
    private var warnings: [ConfigurationIssue] = []
    private(set) var origins: [String: ValueOrigin] = [:]
    /// Every reference to a request, and where it stands.
    private(set) var requestReferences: [(reference: SecretReference, position: SourcePosition, path: String)] = []
    /// Errors, and warnings, that are only counted.
    private(set) var suppressedErrors = 0
    private var suppressedWarnings = 0

    init(source: SourceText, secrets: SecretSources) {
        self.source = source
        self.secrets = secrets
    }

    /// Whether further errors are only counted.
    var isFull: Bool { errors.count >= Self.maximumIssues }

    /// Whether anything is wrong.
    var hasErrors: Bool { !errors.isEmpty }

    /// Records something wrong, or worth a warning.
    func report(
        _ severity: ConfigurationIssue.Severity = .error,
        at position: SourcePosition?,
        _ keyPath: String,
        problem: String,
        seen: String? = nil,
        allowed: String? = nil,
        remedy: String? = nil
    ) {
        let issue = ConfigurationIssue(
            severity,
            file: source.file,
            position: position,
            keyPath: keyPath,
            problem: problem,
            seen: seen,
            allowed: allowed,
            remedy: remedy
        )
        switch severity {
        case .error where errors.count < Self.maximumIssues: errors.append(issue)
        case .error: suppressedErrors += 1
        case .warning where warnings.count < Self.maximumIssues: warnings.append(issue)
        case .warning: suppressedWarnings += 1
        }
    }

    /// Records that the value at `keyPath` was read from the file, and what it refers to.
    func recordOrigin(of keyPath: String, line: Int, references: [SecretReference] = []) {
        origins[keyPath] = .file(line: line, references: references)
    }

    /// Records that the value at `path` refers to a request.
    func noteRequest(_ reference: SecretReference, at position: SourcePosition, _ path: String) {
        requestReferences.append((reference, position, path))
    }

    /// Records that the value at `keyPath` was taken from an environment variable because the file says nothing.
    func recordOrigin(of keyPath: String, variable: String) {
        origins[keyPath] = .environment(variable)
    }

    /// Keeps a text from ever being shown, but for the references in it.
    ///
    /// - Parameter parts: which scalars of the text; all if nil.
    func cover(_ node: ScalarNode, _ parts: [Range<Int>]? = nil) {
        let scalars = Array(node.text.unicodeScalars)
        let positions = ScalarPositions.locate(node, in: source)
        let reference = SensitiveText.referenceMask(scalars)
        for offset in scalars.indices { source.understand(positions[offset]) }
        for part in parts ?? [0..<scalars.count] {
            for offset in part.clamped(to: 0..<scalars.count) where !reference[offset] {
                source.cover(positions[offset])
            }
        }
    }

    /// Keeps every text in `node` from ever being shown: nobody knows what it is.
    func cover(_ node: ConfigurationNode) {
        switch node.content {
        case .scalar(let scalar): cover(scalar)
        case .sequence(let items): for item in items { cover(item) }
        case .mapping(let entries): for entry in entries { cover(entry.value) }
        }
    }

    /// Takes a key as understood: its value has been covered, or need not be.
    func understand(_ key: ScalarNode) {
        for position in ScalarPositions.locate(key, in: source).dropLast() { source.understand(position) }
    }

    /// The place of the scalar at `offset` of a text.
    func position(in node: ScalarNode, at offset: Int) -> SourcePosition {
        let positions = ScalarPositions.locate(node, in: source)
        return positions[min(max(offset, 0), positions.count - 1)]
    }

    /// All issues in the order of the file, each with its line of the source; what must be covered is covered by now.
    func finish() -> [ConfigurationIssue] {
        var all = errors + warnings
        if suppressedWarnings > 0 {
            all.append(
                ConfigurationIssue(
                    .warning,
                    file: source.file,
                    problem: "and \(suppressedWarnings) more warnings",
                    remedy: "attend to the first ones and check again"
                )
            )
        }
        let ordered = all.enumerated().sorted { first, second in
            let end = SourcePosition(line: .max, column: .max)
            let (one, other) = (first.element.position ?? end, second.element.position ?? end)
            return one == other ? first.offset < second.offset : one < other
        }
        return ordered.map { _, issue in
            var issue = issue
            issue.sourceExcerpt = issue.position.flatMap { source.excerpt(at: $0) }
            return issue
        }
    }
}

/// Where an effective value came from.
public enum ValueOrigin: Sendable, Hashable {
    /// Nobody said anything else.
    case builtIn
    /// The file, at a line; with what the value refers to.
    case file(line: Int, references: [SecretReference])
    /// An environment variable, because the file says nothing.
    case environment(String)
}
