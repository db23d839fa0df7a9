/// One thing wrong with a configuration, or worth a warning: where, what, and what to do.
///
/// Nothing in it tells a secret: values of headers, queries and references are covered before it is made.
public struct ConfigurationIssue: Sendable, Hashable {
    /// Whether the configuration can be used in spite of it.
    public enum Severity: String, Sendable, Hashable {
        case error, warning
    }

    /// Whether the configuration can be used in spite of it.
    public var severity: Severity
    /// The file's name as the user gave it.
    public var file: String
    /// The place in the file; nil if the file as a whole is meant, or could not be read.
    public var position: SourcePosition?
    /// The path of the key, such as `subscriptions.trades.ping.every`; empty for the whole file.
    public var keyPath: String
    /// What is wrong, in one clause, with what was seen.
    public var problem: String
    /// The value seen, if there is one that may be shown.
    public var seen: String?
    /// What is allowed instead, if that can be told.
    public var allowed: String?
    /// What to do about it.
    public var remedy: String?
    /// The source line with secrets covered, and the line below it that points at the column.
    public var excerpt: (line: String, marker: String)? {
        sourceExcerpt.map { ($0.line, $0.marker) }
    }

    var sourceExcerpt: SourceText.Excerpt?

    /// The line, from 1.
    public var line: Int? { position?.line }
    /// The column, from 1, in Unicode scalars.
    public var column: Int? { position?.column }

    init(
        _ severity: Severity = .error,
        file: String,
        position: SourcePosition? = nil,
        keyPath: String = "",
        problem: String,
        seen: String? = nil,
        allowed: String? = nil,
        remedy: String? = nil
    ) {
        self.severity = severity
        self.file = file
        self.position = position
        self.keyPath = keyPath
        self.problem = problem
        self.seen = seen
        self.allowed = allowed
        self.remedy = remedy
    }

    /// `file:line:column: error: key.path: problem; allowed: …; remedy`, without the source line.
    public var summary: String {
        var parts = [file + (position.map { ":\($0)" } ?? ""), severity.rawValue]
        if !keyPath.isEmpty { parts.append(keyPath) }
        parts.append(clauses)
        return parts.joined(separator: ": ")
    }

    /// The issue as a compiler prints it: the summary, the source line, and a caret below the column.
    ///
    /// - Parameter color: whether to use ANSI colours; for terminals only.
    public func rendered(color: Bool = false) -> String {
        let paint = Paint(isOn: color)
        var text = paint.bold(file + (position.map { ":\($0)" } ?? "") + ":") + " "
        text += severity == .error ? paint.red("error:") : paint.magenta("warning:")
        if !keyPath.isEmpty { text += " " + paint.bold(keyPath + ":") }
        text += " " + clauses
        if let sourceExcerpt {
            text += "\n    \(sourceExcerpt.line)\n    \(paint.green(sourceExcerpt.marker))"
        }
        return text
    }

    private var clauses: String {
        [problem, allowed.map { "allowed: \($0)" }, remedy].compactMap { $0 }.joined(separator: "; ")
    }

    private struct Paint {
        let isOn: Bool

        func bold(_ text: String) -> String { wrap(text, "1") }
        func red(_ text: String) -> String { wrap(text, "1;31") }
        func magenta(_ text: String) -> String { wrap(text, "1;35") }
        func green(_ text: String) -> String { wrap(text, "1;32") }

        private func wrap(_ text: String, _ code: String) -> String {
            isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
        }
    }
}

/// Everything that keeps a configuration from being used, in the order of the file, with the warnings beside it.
public struct ConfigurationErrors: Error, Sendable, CustomStringConvertible {
    /// The errors, at least one, and the warnings; of each at most a hundred.
    public let issues: [ConfigurationIssue]
    /// Further errors, which are only counted.
    public let suppressed: Int

    init(issues: [ConfigurationIssue], suppressed: Int = 0) {
        self.issues = issues
        self.suppressed = suppressed
    }

    /// The errors alone.
    public var errors: [ConfigurationIssue] { issues.filter { $0.severity == .error } }

    /// All issues as a compiler prints them, and a last line that counts them.
    ///
    /// - Parameter color: whether to use ANSI colours; for terminals only.
    public func rendered(color: Bool = false) -> String {
        let count = errors.count + suppressed
        var lines = issues.map { $0.rendered(color: color) }
        if suppressed > 0 { lines.append("… and \(suppressed) more") }
        return (lines + [Self.tally(count)]).joined(separator: "\n")
    }

    /// The last line: how many errors there are.
    static func tally(_ count: Int) -> String {
        "\(count) error\(count == 1 ? "" : "s") in the configuration"
    }

    /// All issues, rendered without colour.
    public var description: String { rendered() }
}
