import Logging

/// Which lines of the log are asked for. What is empty or nil asks for all.
///
/// A value; which lines are of interest depends on the line alone.
public struct LogQuery: Sendable, Hashable {
    /// Lines of one of these subscriptions or requests; lines of none are left out then.
    public var subscriptions: [NamePattern] = []
    /// Lines of one of these events.
    public var events: [NamePattern] = []
    /// Lines with one of these outcomes; lines without one are left out then.
    public var outcomes: [NamePattern] = []
    /// Lines of this level and above.
    public var level = Logger.Level.trace
    /// Lines from this time on, in nanoseconds since 1970-01-01 UTC.
    public var since: Int64?
    /// Lines before this time.
    public var until: Int64?

    /// All lines.
    public init() {}

    /// Whether `entry` is asked for.
    public func accepts(_ entry: LogEntry) -> Bool {
        entry.level >= level && isCovered(entry.wallNanoseconds)
            && accepts(subscription: entry.text(.subscription) ?? entry.text(.request))
            && (events.isEmpty || events.contains { $0.matches(entry.event) })
            && (outcomes.isEmpty || Self.matches(entry.text(.outcome), outcomes))
    }

    /// Whether lines of `subscription`, or of none, are asked for.
    public func accepts(subscription: String?) -> Bool {
        subscriptions.isEmpty || Self.matches(subscription, subscriptions)
    }

    /// Whether the moment `time` is.
    public func isCovered(_ time: Int64) -> Bool {
        time >= since ?? .min && time < until ?? .max
    }

    /// Whether it asks for some lines because of what they say, and not of whom or when.
    public var selectsByContent: Bool {
        !events.isEmpty || !outcomes.isEmpty || level > .trace
    }

    private static func matches(_ name: String?, _ patterns: [NamePattern]) -> Bool {
        guard let name else { return false }
        return patterns.contains { $0.matches(name) }
    }
}
