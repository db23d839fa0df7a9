import ConnectionLifecycle
import HawserWebSocket
import MonotonicTime

/// How one subscription is at one moment. Times are nanoseconds since 1970-01-01 UTC; no secret is in it.
struct SubscriptionStatus: Sendable {
    /// What a subscription does next by itself.
    struct Next: Sendable, Hashable {
        /// In plain words.
        var text: String
        /// When, if a time is known.
        var at: Int64?
    }

    /// What it waits for, and behind how many.
    enum Waiting: Sendable, Hashable {
        /// For one of `limits.connections`; nil if its place is not known yet.
        case slot(ahead: Int?)
        /// At the dial gate, by what was true when it came there.
        case gate(DialWait)
    }

    /// The name in the configuration.
    var name: String
    /// Where it connects to, without userinfo and query.
    var endpoint: String
    /// The host that the limits on dials count it for.
    var host: String
    /// Where it is, and since when.
    var phase: SubscriptionStatistics.Phase
    var since: Int64
    /// The stage of the dial, while it dials.
    var stage: Stage?
    /// The number of the newest session; 0 before the first.
    var session: Int
    /// The address of the open session.
    var address: String?
    /// Failures in a row.
    var attempt: Int
    /// Whether nothing will change without a person.
    var isUnhealthy: Bool
    /// Totals, as in the log.
    var statistics: SubscriptionStatistics
    /// When the newest message came; nil if none has yet.
    var lastMessage: Int64?
    /// The newest ping's round trip.
    var pingRoundTrip: Duration?
    /// The full sinks that keep it from reading, and since when.
    var blockedBy: [String] = []
    var blockedSince: Int64?
    /// Who paused it.
    var pausedBy: Requester?
    /// What it waits for.
    var waiting: Waiting?
    /// The newest end.
    var lastEnd: EndedSession?
    /// What follows.
    var next: Next?
    /// Its key to the limit on connections.
    var ticket: Int
    /// When this was taken.
    var now: Int64
}

extension Subscription {
    /// How it is now.
    var status: SubscriptionStatus {
        let now = WallClock.nanoseconds
        var status = SubscriptionStatus(
            name: plan.name,
            endpoint: URLReader.redacted(plan.configuration.url),
            host: plan.site.host,
            phase: snapshot.phase,
            since: history.since,
            session: machine.sessions,
            attempt: machine.failures,
            isUnhealthy: machine.isUnhealthy,
            statistics: snapshot,
            lastMessage: recorder?.lastMessage ?? history.lastMessage,
            lastEnd: history.lastEnd,
            next: next(now),
            ticket: ticket,
            now: now
        )
        switch status.phase {
        case .waiting: status.waiting = .slot(ahead: nil)
        case .waitingToDial: status.waiting = history.gateWait.map { .gate($0) }
        case .dialing: status.stage = connection.flatMap { Stage(rawValue: $0.state.rawValue) } ?? .resolving
        case .open:
            status.address = history.opened?.address
            status.pingRoundTrip = connection?.pingRoundTrip
        case .idle, .closing, .backingOff, .paused, .stopped: break
        }
        if let blocked = history.blocked {
            status.blockedBy = blocked.sinks
            status.blockedSince = blocked.since
        }
        if status.phase == .paused || status.phase == .closing { status.pausedBy = history.pausedBy }
        return status
    }

    private func next(_ now: Int64) -> SubscriptionStatus.Next? {
        switch machine.state {
        case .idle: return .init(text: "it is started with its wave of feeds")
        case .waitingForSlot: return .init(text: "it dials once others have given back their places")
        case .waitingForDial:
            guard let wait = history.gateWait else { return .init(text: "it dials") }
            return .init(
                text: "the dial gate lets it dial",
                at: wait.delay.map { history.since + $0.saturatedNanoseconds }
            )
        case .inSession(_, nil): return .init(text: "it opens, or its dial is given up")
        case .inSession:
            guard let blocked = history.blocked else { return nil }
            let limit = plan.settings.timeouts.pauseMax
            return .init(
                text: limit == nil
                    ? "it reads on once the sink has room"
                    : "it reads on once the sink has room, or the session is closed",
                at: limit.map { blocked.since + $0.saturatedNanoseconds }
            )
        case .closing(_, .redial): return .init(text: "it dials again once the session is closed")
        case .closing(_, .pause): return .init(text: "it pauses once the session is closed")
        case .closing(_, .stop): return .init(text: "it ends once the session is closed")
        case .backingOff(let until):
            let blockers = outlet.blockedBy
            let text = blockers.isEmpty ? "" : ", once \(blockers.joined(separator: ", ")) has room"
            let left = max(loop.now.duration(to: until), .zero)
            return .init(text: "it dials again" + text, at: now + left.saturatedNanoseconds)
        case .paused: return .init(text: "nothing, until: hawser resume \(plan.name)")
        case .stopped: return nil
        }
    }
}
