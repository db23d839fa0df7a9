import ConnectionLifecycle
import Logging

/// What the command line of `hawser logs` says.
public struct LogsOptions: Sendable {
    /// Where lines are read from.
    public enum Source: Sendable, Hashable {
        /// The journal of systemd.
        case journal(JournalSelection)
        /// Files; `-` is standard input, and a name with `*` or `?` that is no file is a pattern.
        case files([String])
    }

    /// When colours are used.
    public enum Colour: String, Sendable, CaseIterable {
        /// On a terminal, unless `NO_COLOR` is set.
        case auto
        /// Also in a file.
        case always
        /// Nowhere.
        case never
    }

    /// The most lines that can be asked for from the end.
    public static let lineLimit = 100_000
    /// The most files at once.
    public static let fileLimit = 256

    /// Where lines are read from.
    public var source = Source.journal(JournalSelection())
    /// Which lines.
    public var query = LogQuery()
    /// A summary instead of the lines.
    public var showsSummary = false
    /// A timeline instead of the lines.
    public var showsTimeline = false
    /// JSON instead of text.
    public var isJSON = false
    /// Go on when there are no more lines.
    public var follows = false
    /// The last so many lines, or the worst so many subscriptions.
    public var limit: Int?
    /// When colours are used.
    public var colour = Colour.auto

    /// Every line of this machine's journal.
    public init() {}
}

extension LogsOptions {
    /// What is wrong with them, if anything, for a person.
    public var problem: String? {
        if let limit, !(1...Self.lineLimit).contains(limit) { return "-n must be 1 to \(Self.lineLimit)" }
        if let since = query.since, let until = query.until, since >= until { return "--since must be before --until" }
        if showsSummary || showsTimeline {
            if follows { return "--follow is for lines: a summary or timeline needs an end" }
            if query.selectsByContent {
                return "--event, --outcome and --level choose lines: a summary or timeline counts all of a subscription"
            }
        }
        if follows, query.until != nil { return "--follow waits for what comes: --until cannot be with it" }
        if follows, source == .files(["-"]) { return "standard input is read as it comes: --follow is for files" }
        return Self.problem(query.events, "event", EventName.allCases.map(\.rawValue))
            ?? Self.problem(query.outcomes, "outcome", Outcome.allCases.map(\.rawValue))
    }

    /// A name that is none of the list, or a pattern that stands for none, would find nothing for ever.
    private static func problem(_ patterns: [NamePattern], _ what: String, _ names: [String]) -> String? {
        guard let wrong = patterns.first(where: { pattern in !names.contains { pattern.matches($0) } }) else {
            return nil
        }
        let hint = Spelling.closest(to: wrong.text, among: names).map { ": did you mean \($0)?" }
        return "there is no \(what) \"\(wrong.text)\"" + (hint ?? ": docs/logging.md lists them")
    }
}
