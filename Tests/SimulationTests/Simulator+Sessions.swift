import ConnectionLifecycle
import MonotonicTime

/// The runner of sessions: what `WebSocketConnection` does, on a simulated transport.
extension Simulator {
    func send(_ event: SessionEvent, to session: SimulatedSession) {
        note("session \(session.subscription).\(session.number) <- \(event)")
        if case .closeRequested(let outcome, _, _) = event, session.closingSince == nil, session.requested == nil {
            session.requested = outcome
        }
        if case .closeReceived = event, session.transportExists { session.heardClose = true }
        let wasOver = session.isOver
        let actions = session.machine.handle(event, now: now)
        if wasOver, !actions.isEmpty { fail("\(actions) after the end") }
        if session.machine.state == .closing, session.closingSince == nil { session.closingSince = now }
        armTimer(of: session)
        for action in actions { perform(action, of: session) }
    }

    /// A timer that was armed for another instant since does not fire.
    func fireTimer(of session: SimulatedSession) {
        guard session.armed == now else { return }
        session.armed = nil
        send(.deadlineReached, to: session)
    }

    private func armTimer(of session: SimulatedSession) {
        let deadline = session.machine.nextDeadline
        guard deadline != session.armed else { return }
        session.armed = deadline
        guard let deadline else { return }
        heap.schedule(.sessionTimer(session), at: deadline)
    }

    private func perform(_ action: SessionAction, of session: SimulatedSession) {
        note("session \(session.subscription).\(session.number) -> \(action)")
        switch action {
        case .dial:
            session.transportExists = true
            dial(session)
        case .sendUpgrade:
            answerUpgrade(session)
        case .opened:
            opened(session)
        case .sendPing(let id):
            if session.sentClose { fail("a ping after Close") }
            session.lastPingAt = now
            receivePing(id, from: session)
        case .resumeReading:
            resumeReading(session)
        case .sendClose:
            if session.sentClose { fail("two Close frames") }
            session.sentClose = true
            receiveClose(from: session)
        case .abortTransport:
            abort(session)
        case .ended(let end):
            ended(end, session)
        }
    }

    private func opened(_ session: SimulatedSession) {
        session.openedAt = now
        session.serverHeardAt = now
        send(.sessionOpened(session: session.number), to: session.subscription)
        liveOn(session)
    }

    private func abort(_ session: SimulatedSession) {
        guard session.transportExists else { return }
        session.transportExists = false
        if session.behaviour == .abortGetsLost { return }
        if session.abortsInside {
            send(.transportEnded(.aborted), to: session)
        } else {
            schedule(.network(session, .abortReported), after: .milliseconds(1))
        }
    }

    private func ended(_ end: SessionEnd, _ session: SimulatedSession) {
        var end = end
        end.delivered = session.delivered
        session.ends.append(end)
        session.endedAt = now
        if session.ends.count > 1 { fail("two ends") }
        check(end, of: session)
        send(.sessionEnded(session: session.number, end), to: session.subscription)
    }

    // MARK: - Pausing, as a full sink does it

    func pauseReading(_ session: SimulatedSession) {
        guard session.transportExists, session.machine.state == .open else { return }
        session.isReadingPaused = true
        send(.readingPaused, to: session)
    }

    func resumeReading(_ session: SimulatedSession) {
        guard session.isReadingPaused else { return }
        session.isReadingPaused = false
        send(.readingResumed, to: session)
        let unread = session.unread
        session.unread = []
        for event in unread { deliver(event, to: session) }
    }

    /// Brings something from the peer to the session, if its socket is read.
    func deliver(_ event: SessionEvent, to session: SimulatedSession) {
        guard session.transportExists else {
            // A callback that comes after the end: harmless, whatever it is.
            if session.isOver { send(event, to: session) }
            return
        }
        if session.isReadingPaused {
            session.unread.append(event)
            return
        }
        switch event {
        case .transportEnded: session.transportExists = false
        // Before the opening handshake a failed dial leaves nothing behind.
        case .dialFailed where session.machine.state != .upgrading: session.transportExists = false
        default: break
        }
        send(event, to: session)
    }
}
