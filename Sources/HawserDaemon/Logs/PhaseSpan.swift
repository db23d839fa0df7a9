/// Where a subscription is, as far as its lines in the log say.
public enum LoggedPhase: String, Sendable, Hashable, CaseIterable {
    /// A session is open.
    case open
    /// A session was open, and nothing came any more until it was ended for that.
    case stale
    /// The next dial is waited for.
    case backingOff = "backing_off"
    /// A dial is under way.
    case dialing
    /// The connection limit is reached.
    case waiting
    /// The subscription had ended, or the daemon.
    case off = "not_running"
    /// The log does not say.
    case unknown

    /// The name for a person.
    var word: String { rawValue.replacing("_", with: " ") }
}

/// A stretch of time in one phase, in nanoseconds since 1970-01-01 UTC; `to` is outside.
public struct PhaseSpan: Sendable, Hashable {
    /// Where it was.
    public var phase: LoggedPhase
    /// Since when.
    public var from: Int64
    /// Until when.
    public var to: Int64

    /// How long it lasts.
    var length: Int64 { to - from }

    /// The part between two moments; nil if it lies outside.
    func clipped(from start: Int64, to end: Int64) -> PhaseSpan? {
        let from = max(from, start)
        let to = min(to, end)
        return from < to ? PhaseSpan(phase: phase, from: from, to: to) : nil
    }
}
