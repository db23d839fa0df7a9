import MonotonicTime

/// What an exchange is waiting for, and until when: events and the time in, the deadline out.
struct ExchangeDeadlines {
    private enum Phase {
        /// There is no place in the pool yet.
        case queued
        case connecting
        /// Content is on its way to the server.
        case sending
        /// The source of the content has none ready; the time is its own.
        case starved
        case receiving
        /// The reader of the answer holds it back; the time is the reader's.
        case held
    }

    private let timeouts: HTTPTimeouts
    private let end: Instant?
    private let hasContent: Bool
    private var phase = Phase.queued
    /// The last sign of progress.
    private var since: Instant

    /// An exchange that asks for a place in the pool.
    ///
    /// - Parameters:
    ///   - end: when the time for the whole call is over; nil for never.
    init(_ timeouts: HTTPTimeouts, end: Instant?, hasContent: Bool, now: Instant) {
        self.timeouts = timeouts
        self.end = end
        self.hasContent = hasContent
        since = now
    }

    /// There is a place in the pool.
    mutating func granted(now: Instant) {
        guard phase == .queued else { return }
        phase = .connecting
        since = now
    }

    /// The connection is ready for the request.
    mutating func connected(now: Instant) {
        guard phase == .connecting else { return }
        phase = hasContent ? .sending : .receiving
        since = now
    }

    /// Content was handed to the connection.
    mutating func sent(now: Instant) {
        guard phase == .sending || phase == .starved else { return }
        phase = .sending
        since = now
    }

    /// There is no content ready to be sent.
    mutating func starved() {
        if phase == .sending { phase = .starved }
    }

    /// All content was handed to the connection.
    mutating func sentAll(now: Instant) {
        guard phase == .sending || phase == .starved else { return }
        phase = .receiving
        since = now
    }

    /// Something of the answer has come; content that is still owed does not matter any more.
    mutating func received(now: Instant) {
        if phase == .starved || phase == .sending || phase == .receiving { phase = .receiving }
        since = now
    }

    /// The reader holds the answer back, or goes on.
    mutating func held(_ isHeld: Bool, now: Instant) {
        if isHeld {
            phase = .held
        } else if phase == .held {
            phase = .receiving
            since = now
        }
    }

    /// What expires first, and when; nil if there is no limit.
    var next: (deadline: Instant, stage: HTTPTimeouts.Stage)? {
        let stage: HTTPTimeouts.Stage? =
            switch phase {
            case .queued: .pool
            case .connecting: .connect
            case .sending: .write
            case .receiving: .read
            case .starved, .held: nil
            }
        let own = stage.flatMap { stage in timeouts[stage].map { (since + $0, stage) } }
        guard let end else { return own }
        guard let own, own.0 <= end else { return (end, .total) }
        return own
    }
}
