import ConnectionLifecycle
import HawserWebSocket
import MonotonicTime

/// What has happened to one subscription, and since when it is where it is. Confined to its subscription.
///
/// Bounded: the newest transitions only, each made on an edge of a session's life and none for a message.
struct SubscriptionHistory {
    /// How many transitions are kept.
    static let limit = 32

    /// The newest last.
    private(set) var transitions: [Transition] = []
    /// Since when the phase holds, in nanoseconds since 1970-01-01 UTC.
    private(set) var since: Int64
    /// The newest end of a session or dial.
    private(set) var lastEnd: EndedSession?
    /// The wait at the dial gate, as it was when it began.
    private(set) var gateWait: DialWait?
    /// The sinks for which reading is paused, and since when.
    private(set) var blocked: (sinks: [String], since: Int64)?
    /// Who paused it, while it is paused or about to be.
    private(set) var pausedBy: Requester?
    /// When the newest message of a session that is over came.
    var lastMessage: Int64?
    /// The newest opening, while that session is open.
    private(set) var opened: Transition.Opened?

    private var phase = SubscriptionStatistics.Phase.idle
    private var slotSince: Int64?
    private var waits = DialWaits()
    private var ended: (number: Int, report: SessionReport, text: String)?

    /// A subscription that has done nothing by `now`.
    init(now: Int64) {
        since = now
    }

    // MARK: Edges

    /// The machine has moved; `actions` say what follows.
    mutating func follow(_ phase: SubscriptionStatistics.Phase, _ actions: [SubscriptionAction], now: Int64) {
        if let (number, report, text) = ended {
            ended = nil
            let retry = actions.lazy.compactMap { action in
                if case .retryScheduled(let retry) = action { retry } else { nil }
            }.first
            let end = EndedSession(report, number: number, at: now, text: text, waits: waits, retry: retry)
            lastEnd = end
            waits = DialWaits()
            add(.ended(end), now: now)
        }
        guard phase != self.phase else { return }
        if self.phase == .waiting, let slotSince { waits.slot = .nanoseconds(max(now - slotSince, 0)) }
        if self.phase == .waitingToDial { gateWait = nil }
        slotSince = phase == .waiting ? now : nil
        if phase == .waiting { waits = DialWaits() }
        self.phase = phase
        since = now
    }

    mutating func waitsAtGate(_ wait: DialWait) {
        gateWait = wait
        waits.reason = wait.reason
    }

    mutating func released(after wait: Duration) {
        waits.gate = wait
    }

    mutating func opened(_ number: Int, _ opening: Opening, now: Int64) {
        let opened = Transition.Opened(
            number: number,
            address: opening.address,
            tls: opening.tls,
            timings: opening.timings,
            waits: waits
        )
        self.opened = opened
        add(.opened(opened), now: now)
    }

    /// Remembers the end until it is known what follows.
    ///
    /// - Parameter text: why, without secrets.
    mutating func ended(_ number: Int, _ report: SessionReport, text: String, now: Int64) {
        var text = text
        if report.end.cause == .sinkBlocked, let blocked {
            let lasted = SpanText.length(.nanoseconds(max(now - blocked.since, 0)))
            text = "our sink \(blocked.sinks.joined(separator: ", ")) kept it from reading for \(lasted)"
        }
        resumed(now: now)
        opened = nil
        ended = (number, report, text)
    }

    mutating func paused(by sinks: [String], now: Int64) {
        guard blocked == nil else { return }
        blocked = (sinks, now)
        // A sink that is full again and again is one entry: it must not push out what else happened.
        if case .blocked(var earlier)? = transitions.last?.event {
            earlier.sinks = sinks
            earlier.times += earlier.times < .max ? 1 : 0
            transitions[transitions.count - 1].event = .blocked(earlier)
        } else {
            add(.blocked(Transition.Blocked(sinks: sinks)), now: now)
        }
    }

    mutating func resumed(now: Int64) {
        guard let blocked else { return }
        self.blocked = nil
        guard let index = transitions.lastIndex(where: { $0.isBlocked }) else { return }
        if case .blocked(var entry) = transitions[index].event {
            entry.total += .nanoseconds(max(now - blocked.since, 0))
            transitions[index].event = .blocked(entry)
        }
    }

    mutating func hostRecovered(delay: Duration, now: Int64) {
        add(.hostRecovered(delay), now: now)
    }

    mutating func requested(_ command: SubscriptionCommand, by requester: Requester, now: Int64) {
        switch command {
        case .pause: pausedBy = requester
        case .resume: pausedBy = nil
        case .redial: break
        }
        add(.requested(command, requester), now: now)
    }

    private mutating func add(_ event: Transition.Event, now: Int64) {
        if transitions.count >= Self.limit { transitions.removeFirst(transitions.count - Self.limit + 1) }
        transitions.append(Transition(at: now, event: event))
    }
}
