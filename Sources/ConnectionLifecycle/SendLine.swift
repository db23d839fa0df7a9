import MonotonicTime

/// Whose turn it is to send to one host, whose rates all its connections share: first come, first served, and no window
/// of any rate ever holds more than its count.
///
/// Whoever is told to wait asks again at the instant it is told. A turn that was granted counts from then until the
/// window's length after the message was sent.
///
/// A value; time is an argument, and one that goes back counts as the latest.
public struct SendLine: Sendable {
    /// The answer to one who wants to send.
    public enum Turn: Sendable, Hashable {
        /// Send now, and say `sent` then.
        case granted
        /// Ask again then: not before it is one's turn, as far as that is known.
        case wait(until: Instant)
    }

    /// The least time until one who waits asks again.
    static let pause = Duration.milliseconds(1)

    /// Who does not ask again so long after the instant it was told loses its place: it may have nothing to send any more.
    static let patience = Duration.milliseconds(250)

    private var window: SlidingWindow
    private var waiting: [(id: UInt64, due: Instant)] = []
    private var latest = Instant.origin

    /// A line in which nobody waits.
    public init(_ rates: [Rate]) {
        window = SlidingWindow(rates)
    }

    /// `id` wants to send one message; who waits already keeps its place.
    public mutating func ask(_ id: UInt64, now: Instant) -> Turn {
        let now = passed(now)
        while let head = waiting.first, head.id != id, head.due + Self.patience < now { waiting.removeFirst() }
        let place = waiting.firstIndex { $0.id == id }
        let ahead = place ?? waiting.count
        if ahead == 0, let free = window.nextFree, free <= now {
            if place != nil { waiting.removeFirst() }
            window.begin()
            return .granted
        }
        let due = max(window.estimate(after: ahead, now: now)?.begin ?? now, now + Self.pause)
        if let place { waiting[place].due = due } else { waiting.append((id, due)) }
        return .wait(until: due)
    }

    /// The message for which the turn was granted has been sent.
    public mutating func sent(now: Instant) {
        window.end(at: passed(now))
    }

    /// Something was sent that waits for nobody.
    public mutating func note(now: Instant) {
        window.begin()
        window.end(at: passed(now))
    }

    /// `id` sends nothing any more.
    ///
    /// - Parameter isGranted: whether it was granted a turn that it has not used; that counts as used.
    public mutating func leave(_ id: UInt64, isGranted: Bool, now: Instant) {
        waiting.removeAll { $0.id == id }
        if isGranted { window.end(at: passed(now)) }
    }

    /// Whether nobody waits, and nothing that was sent matters any more.
    public func isForgotten(at now: Instant) -> Bool {
        waiting.isEmpty && window.isForgotten(at: now)
    }

    private mutating func passed(_ now: Instant) -> Instant {
        latest = max(latest, now)
        return latest
    }
}
