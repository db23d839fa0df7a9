import ConnectionLifecycle
import HawserWebSocket

/// One thing that happened to a subscription.
struct Transition: Sendable {
    /// What happened; out of line, so that an entry is two words.
    indirect enum Event: Sendable {
        case opened(Opened)
        case ended(EndedSession)
        case blocked(Blocked)
        /// The host answers again, and the backoff was cut short to this.
        case hostRecovered(Duration)
        case requested(SubscriptionCommand, Requester)
    }

    /// A session that opened.
    struct Opened: Sendable {
        var number: Int
        var address: String
        var tls: String?
        var timings: DialTimings
        var waits: DialWaits
    }

    /// Reading that was paused for full sinks, once or several times in a row.
    struct Blocked: Sendable {
        var sinks: [String]
        var times = 1
        /// What is over of it.
        var total = Duration.zero
    }

    /// When, in nanoseconds since 1970-01-01 UTC.
    var at: Int64
    var event: Event

    var isBlocked: Bool {
        if case .blocked = event { true } else { false }
    }
}

/// What an operator can have done to subscriptions. The raw value is the request's name.
enum SubscriptionCommand: String, Sendable, CaseIterable {
    /// Close the session, and hold none until resumed.
    case pause
    /// Undo a pause.
    case resume
    /// Close the session, or end the backoff, and dial at once.
    case redial

    /// The event of the machine.
    var event: SubscriptionEvent {
        switch self {
        case .pause: .pauseRequested
        case .resume: .resumeRequested
        case .redial: .redialRequested
        }
    }
}
