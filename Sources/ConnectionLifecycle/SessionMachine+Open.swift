import MonotonicTime

/// The open state, and every way out of it.
extension SessionMachine {
    mutating func receivePong(_ id: UInt64?, now: Instant) -> [SessionAction] {
        guard case .open = phase else { return [] }
        if let roundTrip = keepAlive.pongReceived(id: id, now: now) {
            lastRoundTrip = roundTrip
        }
        return []
    }

    mutating func pauseReading(now: Instant) -> [SessionAction] {
        guard case .open(let since, _, false) = phase else { return [] }
        phase = .open(since: since, pauseDeadline: timeouts.pauseMax.map { now + $0 }, isPaused: true)
        keepAlive.readingPaused(now: now)
        return []
    }

    mutating func resumeReading(now: Instant) -> [SessionAction] {
        guard case .open(let since, _, true) = phase else { return [] }
        phase = .open(since: since, pauseDeadline: nil, isPaused: false)
        keepAlive.readingResumed(now: now)
        return []
    }

    /// RFC 6455 section 5.5.1: a Close frame is answered with one, echoing its code.
    mutating func receiveClose(_ code: UInt16, _ reason: String, now: Instant) -> [SessionAction] {
        switch phase {
        case .open(let since, _, _):
            let end = SessionEnd(
                outcome: Self.outcome(ofPeerClose: code),
                stage: .open,
                closeCode: code,
                closeReason: reason,
                uptime: since.duration(to: now),
                wasClean: true
            )
            return beginClosing(.peerEnd, end, code: code, reason: "", now: now)
        case .closing(var closing) where closing.awaited == .peerClose:
            closing.awaited = .peerEnd
            closing.end.wasClean = true
            phase = .closing(closing)
            return []
        case .idle, .dialing, .closing, .closed:
            return []
        }
    }

    /// RFC 6455 section 7.1.7, "fail the connection". A second violation, or one while closing, ends the patience.
    mutating func fail(closeCode code: UInt16, now: Instant) -> [SessionAction] {
        switch phase {
        case .open(let since, _, _):
            let outcome: Outcome = code == 1009 ? .tooBig : .protocolError
            let end = SessionEnd(
                outcome: outcome,
                stage: .open,
                closeCode: code,
                uptime: since.duration(to: now)
            )
            return beginClosing(.peerClose, end, code: code, reason: "", now: now)
        case .dialing(.upgrading, _, _):
            return failDial(.handshake, now: now)
        case .closing(let closing) where closing.awaited != .abort:
            return abort(closing.end, now: now)
        case .idle, .dialing, .closing, .closed:
            return []
        }
    }

    mutating func requestClose(
        _ outcome: Outcome,
        _ code: UInt16,
        _ reason: String,
        now: Instant
    ) -> [SessionAction] {
        switch phase {
        case .idle:
            return finish(SessionEnd(outcome: outcome, stage: needsResolution ? .resolving : .connecting))
        case .dialing(let stage, _, _):
            return abort(SessionEnd(outcome: outcome, stage: stage), now: now)
        case .open(let since, _, _):
            let end = SessionEnd(outcome: outcome, stage: .open, uptime: since.duration(to: now))
            return beginClosing(.peerClose, end, code: code, reason: reason, now: now)
        case .closing, .closed:
            return []
        }
    }

    /// What the Close of a peer means: some codes say that we broke the protocol.
    static func outcome(ofPeerClose code: UInt16) -> Outcome {
        switch code {
        case 1002, 1003, 1007, 1010: .protocolError
        default: .peerClosed
        }
    }
}
