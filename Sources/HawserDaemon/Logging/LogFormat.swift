/// How log lines look.
public enum LogFormat: String, Sendable, CaseIterable {
    /// `journald` if standard error leads to the journal, `text` if it is a terminal, else `json`.
    case auto
    /// One line for a person; coloured on a terminal.
    case text
    /// One JSON object a line.
    case json
    /// To the journal, each field by itself; JSON on standard error while there is none.
    case journald
}
