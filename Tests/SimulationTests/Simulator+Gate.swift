import ConnectionLifecycle
import MonotonicTime

/// The runner of the dial gate, as the daemon's.
extension Simulator {
    func requestDial(_ index: Int) {
        // Withdrawn and asked for again while the release is on its way: that release is the answer to both.
        if dialing.contains(index) { return }
        gated.insert(index)
        let host = subscriptions[index].host
        sendGate(.requested(index, DialSite(host: host, origin: "wss://\(host):443")))
    }

    func sendGate(_ event: DialEvent) {
        note("gate <- \(event)")
        let actions = governor.handle(event, now: now)
        armGate()
        remember(event, actions)
        for action in actions {
            note("gate -> \(action)")
            switch action {
            case .release(let index): release(index)
            case .queued: break
            case .hostRecovered(let host):
                for (index, other) in subscriptions.enumerated() where other.host == host {
                    send(.hostRecovered, to: index)
                }
            }
        }
    }

    /// A timer that was armed for another instant since does not fire.
    func fireGateTimer() {
        guard gateArmed == now else { return }
        gateArmed = nil
        sendGate(.deadlineReached)
    }

    private func armGate() {
        let deadline = governor.nextDeadline.map { max($0, now) }
        guard deadline != gateArmed else { return }
        gateArmed = deadline
        if let deadline { heap.schedule(.gateTimer, at: deadline) }
    }

    private func release(_ index: Int) {
        if !gated.contains(index) { fail("\(index) was released and did not wait") }
        if let until = heldUntil[subscriptions[index].host], now < until { fail("\(index) dials before \(until)") }
        gated.remove(index)
        dialing.insert(index)
        releases.insert(index)
        if setup.announcesLater {
            let delay = Duration.microseconds(Int.random(in: 0...5000, using: &generator))
            schedule(.releaseAnnouncement(index), after: delay)
        } else {
            announceRelease(index)
        }
    }

    func announceRelease(_ index: Int) {
        releases.remove(index)
        send(.dialReleased, to: index)
    }

    /// The server of a session saw its connection.
    func arrived(_ session: SimulatedSession) {
        let host = subscriptions[session.subscription].host
        arrivals[host, default: []].append(now)
        let arrivals = arrivals[host] ?? []
        for rate in setup.dials.perHost where arrivals.count > rate.count {
            let length = arrivals[arrivals.count - 1 - rate.count].duration(to: now)
            if length <= rate.per { fail("\(rate.count + 1) dials of \(host) within \(length)") }
        }
    }
}
