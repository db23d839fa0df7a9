import MonotonicTime

/// The closing state, deadlines, and the end.
extension SessionMachine {
    /// Sends our Close frame, the first or the answer, and waits for the rest of the closing handshake.
    mutating func beginClosing(
        _ awaited: Awaited,
        _ end: SessionEnd,
        code: UInt16,
        reason: String,
        now: Instant
    ) -> [SessionAction] {
        var actions: [SessionAction] = []
        if case .open(_, _, true) = phase {
            actions.append(.resumeReading)
        }
        phase = .closing(closing(awaited, end, now: now))
        actions.append(.sendClose(code: Self.mayBeSent(code) ? code : nil, reason: reason))
        return actions
    }

    /// Ends the transport without a closing handshake; the session ends when the transport has.
    mutating func abort(_ end: SessionEnd, now: Instant) -> [SessionAction] {
        var next = closing(.abort, end, now: now)
        if case .closing(let current) = phase {
            next.hardDeadline = current.hardDeadline
        }
        phase = .closing(next)
        return [.abortTransport]
    }

    mutating func finish(_ end: SessionEnd) -> [SessionAction] {
        phase = .closed
        return [.ended(end)]
    }

    mutating func endTransport(_ transportEnd: TransportEnd, now: Instant) -> [SessionAction] {
        switch phase {
        case .dialing(let stage, _, _):
            return finish(dialEnd(transportEnd, at: stage))
        case .open(let since, _, _):
            let outcome: Outcome =
                switch transportEnd {
                case .eof: .peerVanished
                case .reset, .tls, .failed: .reset
                // Nobody asked this session to end: its event loop goes away under it.
                case .aborted: .shutdown
                }
            return finish(SessionEnd(outcome: outcome, stage: .open, uptime: since.duration(to: now)))
        case .closing(let closing):
            return finish(closing.end)
        case .idle, .closed:
            return []
        }
    }

    mutating func reachDeadline(now: Instant) -> [SessionAction] {
        switch phase {
        case .idle, .closed:
            return []
        case .dialing(let stage, let stageDeadline, let dialDeadline):
            guard now >= min(stageDeadline, dialDeadline) else { return [] }
            return abort(end(of: .timeout, at: stage), now: now)
        case .open(let since, let pauseDeadline, _):
            if let pauseDeadline, now >= pauseDeadline {
                let end = SessionEnd(outcome: .sinkBlocked, stage: .open, uptime: since.duration(to: now))
                return beginClosing(.peerClose, end, code: 1001, reason: "the receiver is blocked", now: now)
            }
            return keepAlivesDue(since: since, now: now)
        case .closing(let closing):
            return closingDue(closing, now: now)
        }
    }

    private mutating func keepAlivesDue(since: Instant, now: Instant) -> [SessionAction] {
        var actions: [SessionAction] = []
        while let action = keepAlive.due(now: now) {
            switch action {
            case .sendPing(let id):
                actions.append(.sendPing(id: id))
            case .timedOut:
                let end = SessionEnd(outcome: .pingTimeout, stage: .open, uptime: since.duration(to: now))
                return actions + beginClosing(.peerClose, end, code: 1011, reason: "ping timeout", now: now)
            }
        }
        return actions
    }

    private mutating func closingDue(_ current: Closing, now: Instant) -> [SessionAction] {
        let mustAbort = current.awaited != .abort
        var end = current.end
        guard now >= (mustAbort ? min(current.closeDeadline, current.hardDeadline) : current.hardDeadline) else {
            return []
        }
        if current.awaited == .peerClose, Self.wasWell(before: end.cause) {
            end.outcome = .closeTimeout
            end.stage = .closing
        }
        if now >= current.hardDeadline {
            // The transport owes us its end. The session does not wait for it any longer.
            return (mustAbort ? [.abortTransport] : []) + finish(end)
        }
        return abort(end, now: now)
    }

    private func dialEnd(_ transportEnd: TransportEnd, at stage: Stage) -> SessionEnd {
        switch transportEnd {
        case .eof, .reset, .failed: end(of: .network, at: stage)
        case .tls: end(of: .tls, at: stage)
        case .aborted: SessionEnd(outcome: .shutdown, stage: stage)
        }
    }

    private func closing(_ awaited: Awaited, _ end: SessionEnd, now: Instant) -> Closing {
        Closing(
            awaited: awaited,
            closeDeadline: now + timeouts.close,
            hardDeadline: now + timeouts.hardClose,
            end: end
        )
    }

    /// Whether nothing was wrong with the session when it was asked to close.
    private static func wasWell(before cause: Outcome) -> Bool {
        cause.isRequested
    }

    /// RFC 6455 section 7.4: 1004, 1005, 1006 and 1015 never stand in a Close frame, nor does what is not assigned.
    private static func mayBeSent(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
