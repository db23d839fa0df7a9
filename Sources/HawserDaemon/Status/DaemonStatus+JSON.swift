import ConnectionLifecycle
import HawserWebSocket
import MonotonicTime

/// The status as JSON, documented in `docs/control.md`. Pure functions of the values.
extension DaemonStatus {
    /// The members of one object, without its braces.
    var json: [UInt8] {
        var members = JSONMembers(capacity: 1024 + subscriptions.count * 640)
        members.text("version", version)
        members.text("run", run)
        members.number("pid", Int(pid))
        members.time("since", since)
        members.time("time", now)
        if let configuration { members.text("configuration", configuration) }
        if let logLevel { members.text("log_level", logLevel) }
        members.object("connections") { members in
            members.places(connections)
            if let perHost { members.number("per_host", perHost) }
        }
        members.object("dials") { $0.places(dials) }
        members.counts(
            "phases",
            SubscriptionStatistics.Phase.allCases.map { phase in
                (phase.rawValue, subscriptions.count { $0.phase == phase })
            }
        )
        members.objects("loops", Array(loops.enumerated())) { members, loop in
            members.number("loop", loop.offset)
            members.number("subscriptions", loop.element.subscriptions)
        }
        members.objects("sinks", sinks) { $1.encode(to: &$0) }
        members.objects("subscriptions", subscriptions) { $1.encode(to: &$0) }
        return members.encoded()
    }
}

extension DaemonStatus.SinkStatus {
    fileprivate func encode(to members: inout JSONMembers) {
        members.text("sink", name)
        if let path { members.text("path", path) }
        members.number("queued_bytes", statistics.queuedBytes)
        members.number("queued_records", statistics.queuedRecords)
        members.number("high_bytes", watermarks.high)
        members.number("low_bytes", watermarks.low)
        members.number("written_records", Int(clamping: statistics.writtenRecords))
        members.number("written_bytes", Int(clamping: statistics.writtenBytes))
        members.number("refused_records", Int(clamping: statistics.refusedRecords))
        members.truth("blocked", blocked != nil)
        if let blocked { members.number("blocked_ms", Int(clamping: blocked.milliseconds)) }
        if let code = statistics.lastError { members.text("error", SystemError.text(code)) }
    }
}

extension SubscriptionStatus {
    /// Adds its members.
    func encode(to members: inout JSONMembers) {
        members.text("subscription", name)
        members.text("phase", phase.rawValue)
        members.time("since", since)
        if let stage { members.text("stage", stage.rawValue) }
        members.text("endpoint", endpoint)
        if let address { members.text("address", address) }
        members.number("session", session)
        members.number("attempt", attempt)
        members.truth("unhealthy", isUnhealthy)
        members.number("sessions", statistics.sessions)
        members.number("reconnects", statistics.reconnects)
        members.number("failed_dials", statistics.failedDials)
        members.number("received_messages", Int(clamping: statistics.messages))
        members.number("received_bytes", Int(clamping: statistics.bytes))
        members.number("longest_gap_ms", Int(clamping: statistics.longestGap.milliseconds))
        if let lastMessage { members.time("last_message", lastMessage) }
        if let pingRoundTrip { members.number("ping_rtt_us", Int(pingRoundTrip.saturatedNanoseconds / 1_000)) }
        if let blockedSince {
            members.texts("blocked_by", blockedBy)
            members.time("blocked_since", blockedSince)
        }
        if let pausedBy { members.text("paused_by", pausedBy.description) }
        waiting?.encode(to: &members)
        if let lastEnd { members.object("last_end") { lastEnd.encode(to: &$0) } }
        if let next {
            members.object("next") { members in
                members.text("text", next.text)
                if let at = next.at { members.time("at", at) }
            }
        }
    }
}

extension SubscriptionStatus.Waiting {
    fileprivate func encode(to members: inout JSONMembers) {
        members.object("waiting") { members in
            switch self {
            case .slot(let ahead):
                members.text("for", "connection")
                if let ahead { members.number("ahead", ahead) }
            case .gate(let wait):
                members.text("for", wait.reason.name)
                members.number("ahead", max(wait.position - 1, 0))
                if let delay = wait.delay { members.number("delay_ms", Int(clamping: delay.milliseconds)) }
            }
        }
    }
}

extension EndedSession {
    /// Adds its members.
    func encode(to members: inout JSONMembers) {
        members.time("at", at)
        members.number("session", number)
        members.text("outcome", end.outcome.rawValue)
        if end.cause != end.outcome { members.text("cause", end.cause.rawValue) }
        members.text("stage", end.stage.rawValue)
        members.text("text", text)
        members.text("fault", blame.rawValue)
        if let code = end.closeCode { members.number("close_code", Int(code)) }
        if let status = end.status { members.number("status", status) }
        if let address { members.text("address", address) }
        if wasOpen {
            members.number("uptime_ms", Int(clamping: end.uptime.milliseconds))
            members.number("received_messages", Int(clamping: messages))
            members.number("received_bytes", Int(clamping: bytes))
        }
        if let retry {
            members.number("attempt", retry.attempt)
            members.number("delay_ms", Int(clamping: retry.delay.milliseconds))
        }
        members.timings(timings, waits)
    }
}

extension JSONMembers {
    /// A moment as RFC 3339 in UTC.
    mutating func time(_ name: String, _ wallNanoseconds: Int64) {
        text(name, SpanText.timestamp(wallNanoseconds))
    }

    /// What a dial waited for, and how long its stages took; a stage that was not reached is left out.
    mutating func timings(_ timings: DialTimings, _ waits: DialWaits) {
        number("slot_ms", Int(clamping: waits.slot.milliseconds))
        number("gate_ms", Int(clamping: waits.gate.milliseconds))
        let stages = [
            ("dns_ms", timings.resolving), ("tcp_ms", timings.connecting), ("tls_ms", timings.securing),
            ("upgrade_ms", timings.upgrading),
        ]
        for (name, duration) in stages {
            if let duration { milliseconds(name, duration) }
        }
    }

    fileprivate mutating func places(_ places: DaemonStatus.Places) {
        number("limit", places.limit)
        number("held", places.held)
        number("waiting", places.waiting)
    }
}
