/// How log lines look.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `text` if standard error is a terminal, else `json`.
    case auto
    /// One line for a person; coloured on a terminal.
    case text
    /// One JSON object a line.
    case json
}
