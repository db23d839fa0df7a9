import ConnectionLifecycle
import MonotonicTime

/// Why a subscription is where it is, whose fault that is, and what led there: the answer to `hawser why`. Pure.
struct WhyAnswer: Sendable {
    /// The reason for where it is now.
    struct Reason: Sendable, Hashable {
        /// In plain words.
        var text: String
        /// Whose fault it is; nil if nothing is wrong.
        var blame: Blame?
        /// What can be done; nil if nothing is to be done here.
        var advice: String?
    }

    let status: SubscriptionStatus
    let transitions: [Transition]
    /// The limits that it may wait for.
    let limits: LimitsConfiguration

    /// The reason for where it is now.
    var reason: Reason {
        switch status.phase {
        case .idle: Reason(text: "the daemon is starting")
        case .waiting: waitingForSlot
        case .waitingToDial: waitingAtGate
        case .open: open
        case .paused: paused("paused")
        case .closing where status.pausedBy != nil: paused("about to be paused")
        case .dialing, .closing, .backingOff, .stopped: afterEnd
        }
    }

    private var waitingForSlot: Reason {
        guard case .slot(let ahead)? = status.waiting else { return afterEnd }
        let place = ahead.map { $0 > 0 ? " behind \($0)" : "" } ?? ""
        return Reason(
            text: "waiting for a connection\(place) for \(age(status.since)): "
                + "\(limits.connections) may be open at once",
            blame: .configuration,
            advice: "raise limits.connections" + (limits.perHost == nil ? "" : " or limits.per_host")
        )
    }

    private var waitingAtGate: Reason {
        guard case .gate(let wait)? = status.waiting else { return afterEnd }
        let place = wait.position > 1 ? ", behind \(wait.position - 1)" : ""
        let what = "held by the dial gate\(place) for \(age(status.since)): \(wait.reason.text)"
        switch wait.reason {
        case .retryAfter: return Reason(text: what + " (Retry-After)", blame: .peer)
        case .rate: return Reason(text: what, blame: .configuration, advice: "limits.dials.per_host sets the pace")
        case .origin: return Reason(text: what, blame: .configuration, advice: "limits.dials.per_origin sets it")
        case .process: return Reason(text: what, blame: .configuration, advice: "limits.dials.concurrent sets it")
        }
    }

    private var open: Reason {
        guard !status.blockedBy.isEmpty else { return Reason(text: "it is open, and nothing is wrong") }
        return Reason(
            text: "our sink \(status.blockedBy.joined(separator: ", ")) has kept it from reading for "
                + age(status.blockedSince ?? status.now),
            blame: .us,
            advice: Advice.text(for: SessionEnd(outcome: .sinkBlocked, stage: .open))
        )
    }

    private func paused(_ what: String) -> Reason {
        let by = status.pausedBy.map { " by \($0.description)" } ?? ""
        return Reason(text: what + by, blame: .operator, advice: "hawser resume \(status.name)")
    }

    /// How long ago `moment` was.
    private func age(_ moment: Int64) -> String {
        SpanText.length(.nanoseconds(max(status.now - moment, 0)))
    }

    private var afterEnd: Reason {
        guard let end = status.lastEnd else {
            return Reason(text: status.phase == .dialing ? "it dials for the first time" : "nothing has happened yet")
        }
        return Reason(text: end.text, blame: end.blame, advice: Advice.text(for: end.end))
    }

    // MARK: JSON

    /// Adds its members.
    func encode(to members: inout JSONMembers) {
        status.encode(to: &members)
        let reason = reason
        members.object("because") { members in
            members.text("text", reason.text)
            if let blame = reason.blame { members.text("fault", blame.rawValue) }
            if let advice = reason.advice { members.text("advice", advice) }
        }
        // The newest first: that is what is asked for.
        members.objects("transitions", transitions.reversed()) { $1.encode(to: &$0) }
    }
}

extension Transition {
    /// What happened, in plain words.
    var text: String {
        switch event {
        case .opened(let opened):
            return "session \(opened.number) opened: \(opened.address)"
        case .ended(let end) where end.wasOpen:
            return "session \(end.number) closed after \(SpanText.length(end.end.uptime)): \(end.text)"
        case .ended(let end):
            return "dial of session \(end.number) failed: \(end.text)"
        case .blocked(let blocked):
            let often = blocked.times == 1 ? "once" : "\(blocked.times) times"
            let names = blocked.sinks.joined(separator: ", ")
            return "reading was paused for sink \(names) \(often), for \(SpanText.length(blocked.total)) so far"
        case .hostRecovered(let delay):
            return "its host answers again: the backoff was cut to \(SpanText.length(delay))"
        case .requested(let command, let requester):
            return "\(command.rawValue) by \(requester.description)"
        }
    }

    fileprivate func encode(to members: inout JSONMembers) {
        members.time("at", at)
        switch event {
        case .opened(let opened):
            members.text("event", "opened")
            members.text("text", text)
            members.number("session", opened.number)
            members.text("address", opened.address)
            if let tls = opened.tls { members.text("tls_version", tls) }
            members.timings(opened.timings, opened.waits)
        case .ended(let end):
            members.text("event", end.wasOpen ? "closed" : "failed")
            members.text("text", text)
            members.object("end") { end.encode(to: &$0) }
        case .blocked(let blocked):
            members.text("event", "blocked")
            members.text("text", text)
            members.texts("sinks", blocked.sinks)
            members.number("times", blocked.times)
            members.number("paused_ms", Int(clamping: blocked.total.milliseconds))
        case .hostRecovered(let delay):
            members.text("event", "host_recovered")
            members.text("text", text)
            members.number("delay_ms", Int(clamping: delay.milliseconds))
        case .requested(let command, let requester):
            members.text("event", command.rawValue)
            members.text("text", text)
            members.text("by", requester.description)
        }
    }
}
