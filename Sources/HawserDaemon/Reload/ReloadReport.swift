/// What a reload did.
public struct ReloadReport: Sendable, Hashable {
    /// What became of the things of one kind.
    public struct Counts: Sendable, Hashable {
        /// New ones.
        public var added = 0
        /// Those that began anew.
        public var changed = 0
        /// Those that went on, with other settings from their next dial on, or at once.
        public var adjusted = 0
        /// Those that ended.
        public var removed = 0
        /// Those that are as before.
        public var unchanged = 0
    }

    /// The subscriptions.
    public var subscriptions = Counts()
    /// The requests.
    public var requests = Counts()
    /// The sinks.
    public var sinks = Counts()
    /// The other sections that took effect, such as `limits` and `log.level`.
    public var settings: [String] = []
    /// Whether sinks that ended had written every record within `shutdown.drain`; the log says what they had not.
    public var isComplete = true

    /// One line for a person, such as `subscriptions: 1 added, 2 changed; limits`; what is none is left out.
    public var summary: String {
        let kinds = [("subscriptions", subscriptions), ("requests", requests), ("sinks", sinks)]
        let parts = kinds.compactMap { name, counts in counts.text.map { "\(name): \($0)" } } + settings
        return parts.isEmpty ? "nothing has changed" : parts.joined(separator: "; ")
    }
}

extension ReloadReport.Counts {
    init<Item>(_ change: NamedChange<Item>) {
        added = change.added.count
        changed = change.changed.count
        adjusted = change.adjusted.count
        removed = change.removed.count
        unchanged = change.unchanged.count
    }

    /// Nil if everything is as before.
    fileprivate var text: String? {
        let words = [(added, "added"), (changed, "changed"), (adjusted, "adjusted"), (removed, "removed")]
        let parts = words.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}

extension ReloadReport {
    init(_ change: ConfigurationChange) {
        subscriptions = Counts(change.subscriptions)
        requests = Counts(change.requests)
        sinks = Counts(change.sinks)
        settings = change.settings
    }
}
