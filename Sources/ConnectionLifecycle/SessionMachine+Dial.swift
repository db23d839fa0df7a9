import MonotonicTime

/// The states before `open`.
extension SessionMachine {
    mutating func start(now: Instant) -> [SessionAction] {
        guard phase == .idle else { return [] }
        let stage: Stage = needsResolution ? .resolving : .connecting
        phase = .dialing(stage, stageDeadline: now + timeouts.limit(of: stage), dialDeadline: now + timeouts.dial)
        return [.dial]
    }

    /// Moves forward only: an event that comes twice, or after a later one, changes nothing.
    mutating func advance(to stage: Stage, now: Instant) -> [SessionAction] {
        guard case .dialing(let current, _, let dialDeadline) = phase, current.order < stage.order else { return [] }
        phase = .dialing(stage, stageDeadline: now + timeouts.limit(of: stage), dialDeadline: dialDeadline)
        return stage == .upgrading ? [.sendUpgrade] : []
    }

    /// TCP is connected: to the target, or to the proxy that is asked next.
    mutating func connected(now: Instant) -> [SessionAction] {
        usesProxy ? advance(to: .proxying, now: now) : tunneled(now: now)
    }

    /// There is a way for bytes to the target.
    mutating func tunneled(now: Instant) -> [SessionAction] {
        isSecure ? advance(to: .securing, now: now) : []
    }

    mutating func open(now: Instant) -> [SessionAction] {
        guard case .dialing(.upgrading, _, _) = phase else { return [] }
        phase = .open(since: now, pauseDeadline: nil, isPaused: false)
        keepAlive.opened(now: now)
        return [.opened]
    }

    mutating func reject(status: Int, retryAfter: Duration?, now: Instant) -> [SessionAction] {
        guard case .dialing(.upgrading, _, _) = phase else { return [] }
        return abort(
            SessionEnd(outcome: .rejected, stage: .upgrading, status: status, retryAfter: retryAfter),
            now: now
        )
    }

    mutating func failDial(_ fault: DialFault, now: Instant) -> [SessionAction] {
        switch phase {
        case .dialing(.upgrading, _, _):
            return abort(end(of: fault, at: .upgrading), now: now)
        case .dialing(let stage, _, _):
            return finish(end(of: fault, at: stage))
        case .closing(let closing) where closing.awaited == .abort && closing.end.stage.isBeforeOpen:
            // The dial failed in the moment in which it was cancelled: it is gone all the same.
            return finish(closing.end)
        case .idle, .open, .closing, .closed:
            return []
        }
    }

    func end(of fault: DialFault, at stage: Stage) -> SessionEnd {
        let outcome: Outcome =
            switch fault {
            case .name, .unknownName, .network, .refused, .timeout, .credential, .proxy, .proxyRefused,
                .proxyCredentials:
                .dialFailed
            case .tls, .certificate, .trust: .tlsFailed
            case .handshake: .protocolError
            case .resources, .reference: .internal
            }
        return SessionEnd(outcome: outcome, stage: stage, fault: fault)
    }
}

extension Stage {
    var order: Int {
        switch self {
        case .resolving: 0
        case .connecting: 1
        case .proxying: 2
        case .securing: 3
        case .upgrading: 4
        case .open: 5
        case .closing: 6
        }
    }

    var isBeforeOpen: Bool {
        order < Stage.open.order
    }
}
