import ConnectionLifecycle
import MonotonicTime

/// What must hold after every step, at every end, and when all is over.
extension Simulator {
    func checkInvariants() {
        var running = 0
        for (index, subscription) in subscriptions.enumerated() {
            check(subscription, index)
            if let session = subscription.session, !session.isOver {
                running += 1
                check(session)
            }
        }
        let onTheWay = announcements.count
        let atGate = subscriptions.count { $0.machine.state == .waitingForDial }
        if permits.held != running + onTheWay + atGate {
            fail("\(running) sessions, \(atGate) at the gate and \(onTheWay) grants, \(permits.held) permits")
        }
        checkGate()
        if running > setup.limit { fail("\(running) sessions, \(setup.limit) allowed") }
        if permits.waiting != shadowQueue.count { fail("\(permits.waiting) wait, not \(shadowQueue.count)") }
        if permits.waiting > 0, permits.held < setup.limit, setup.perHost == nil {
            fail("\(permits.waiting) wait although permits are free")
        }
    }

    private func checkGate() {
        if governor.waiting != gated.count { fail("\(governor.waiting) wait at the gate, not \(gated.count)") }
        if governor.running != dialing.count { fail("\(governor.running) dial, not \(dialing.count)") }
        if dialing.count > setup.dials.concurrent { fail("\(dialing.count) dials at once") }
        // Each host has one origin here.
        for (host, dials) in Dictionary(grouping: dialing, by: { subscriptions[$0].host }) {
            if dials.count > setup.dials.perOrigin ?? .max { fail("\(dials.count) dials of \(host) at once") }
        }
        if !gated.isEmpty, dialing.isEmpty, governor.nextDeadline == nil { fail("the gate never opens again") }
        if let deadline = governor.nextDeadline, deadline < now { fail("the gate overslept") }
    }

    private func check(_ subscription: SimulatedSubscription, _ index: Int) {
        let runs = subscription.session.map { !$0.isOver } ?? false
        let isGated = subscription.machine.state == .waitingForDial
        if subscription.machine.holdsPermit != (runs || isGated) {
            fail("subscription \(index) holds a permit for nothing")
        }
        if runs, !permits.isHolding(index) { fail("subscription \(index) has a session without a permit") }
        let isQueued = permits.position(of: index) != nil
        if isQueued, subscription.machine.state != .waitingForSlot { fail("subscription \(index) queues for nothing") }
        switch subscription.machine.state {
        case .idle, .paused, .stopped:
            if runs { fail("subscription \(index) is \(subscription.machine.state) with a session") }
        case .waitingForSlot:
            if !isQueued, !announcements.contains(index) {
                fail("subscription \(index) waits outside the queue")
            }
        case .waitingForDial:
            if !gated.contains(index), !releases.contains(index) { fail("subscription \(index) waits beside the gate") }
        case .backingOff(let until):
            if subscription.machine.nextDeadline != until || until < now { fail("subscription \(index) overslept") }
        case .inSession, .closing:
            if !runs { fail("subscription \(index) has no session") }
        }
        if let asked = subscription.stopRequestedAt, subscription.stoppedAt == nil,
            asked.duration(to: now) > setup.timeouts.hardClose
        {
            fail("subscription \(index) was asked to stop at \(asked) and did not")
        }
        if subscription.stops > 1 { fail("subscription \(index) stopped twice") }
    }

    private func check(_ session: SimulatedSession) {
        let name = "session \(session.subscription).\(session.number)"
        guard let deadline = session.machine.nextDeadline else {
            let isExempt = session.machine.state == .open && setup.keepAlive == .off
            return isExempt ? () : fail("\(name) is \(session.machine.state) without a deadline")
        }
        if deadline < now { fail("\(name) missed its deadline") }
        if let since = session.closingSince, since.duration(to: now) > setup.timeouts.hardClose {
            fail("\(name) closes since \(since)")
        }
        if session.openedAt == nil, session.closingSince == nil,
            session.startedAt.duration(to: now) > setup.timeouts.dial
        {
            fail("\(name) dials since \(session.startedAt)")
        }
    }

    /// An end against what happened.
    func check(_ end: SessionEnd, of session: SimulatedSession) {
        let name = "session \(session.subscription).\(session.number)"
        if let since = session.closingSince, since.duration(to: now) > setup.timeouts.hardClose {
            fail("\(name) took \(since.duration(to: now)) to close")
        }
        if let requested = session.requested, end.cause != requested {
            fail("\(name) was asked to end as \(requested) and ended as \(end)")
        }
        if session.requested == nil, !session.behaviour.outcomes.contains(end.outcome) {
            fail("\(name) met \(session.behaviour) and ended as \(end)")
        }
        if (end.outcome == .closeTimeout) != (end.stage == .closing) { fail("\(name): the stage of \(end)") }
        if end.outcome != .closeTimeout, end.outcome != end.cause { fail("\(name): the cause of \(end)") }
        if end.outcome == .closeTimeout, session.heardClose { fail("\(name): the peer did answer") }
        if end.wasClean != (session.sentClose && session.heardClose) { fail("\(name): was it clean? \(end)") }
        if session.openedAt == nil, end.uptime != .zero { fail("\(name) was never open: \(end)") }
        if session.transportExists { fail("\(name) ended before its transport") }
        if end.outcome == .pingTimeout { checkPingTimeout(of: session) }
    }

    /// No ping timeout comes before the first ping and a full wait.
    private func checkPingTimeout(of session: SimulatedSession) {
        guard case .ping(let every, let timeout) = setup.keepAlive, let openedAt = session.openedAt,
            let since = session.closingSince, openedAt.duration(to: since) >= every + timeout
        else { return fail("session \(session.subscription).\(session.number): a ping timeout too soon") }
    }

    /// When everything was stopped and all events have happened.
    func checkEnd() {
        for (index, subscription) in subscriptions.enumerated() where subscription.stops != 1 {
            fail("subscription \(index) stopped \(subscription.stops) times")
        }
        for session in sessions where session.ends.count != 1 {
            fail("session \(session.subscription).\(session.number) has \(session.ends.count) ends")
        }
        if permits.held != 0 || permits.waiting != 0 { fail("\(permits.held) permits held, \(permits.waiting) wait") }
        if governor.running != 0 || governor.waiting != 0 {
            fail("\(governor.running) dials at the end, \(governor.waiting) wait for one")
        }
    }
}
