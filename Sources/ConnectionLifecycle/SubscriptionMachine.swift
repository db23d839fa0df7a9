import MonotonicTime

/// The reconnect loop of one subscription, without its effects: wait for a permit, pass the dial gate, hold a session,
/// back off, again.
///
/// A permit is held from its grant to the session's end; it is given back during backoff, and a redial queues at the
/// tail. The machine never gives up. It stops only when told to, from every state, and then ends as soon as its
/// session has: at once if it has none.
///
/// Every state has a deadline of its own (`nextDeadline`) or a session that has one, except waiting for a slot, waiting
/// at the dial gate, which has the deadline of its governor or waits for the end of another dial, and the states in
/// which nothing is wanted.
///
/// A value with no clock and no randomness of its own; not shared between isolation domains.
public struct SubscriptionMachine: Sendable {
    /// What a session that was asked to close makes room for.
    public enum Next: Sendable, Hashable {
        case redial, pause, stop
    }

    /// Where the subscription is.
    public enum State: Sendable, Hashable {
        /// Not started.
        case idle
        /// In the permit queue: the one state of waiting without any deadline.
        case waitingForSlot
        /// At the dial gate; holds a permit.
        case waitingForDial
        /// Holds a permit and a session: dialling, or open since `openedAt`.
        case inSession(number: Int, openedAt: Instant?)
        /// Holds a permit and a session that was asked to close.
        case closing(number: Int, then: Next)
        /// Waits until then to dial again; holds no permit.
        case backingOff(until: Instant)
        /// On request; holds no permit.
        case paused
        /// For good.
        case stopped
    }

    /// Where it is now.
    public private(set) var state = State.idle
    /// How many sessions there were, the current one included: the number of the newest.
    public private(set) var sessions = 0
    /// Failures in a row. A session that was open for `resetAfter` and brought a message ends the row when it ends.
    public private(set) var failures = 0
    /// Whether the last end says that nothing will change without a person. Ends with the next opened session.
    public private(set) var isUnhealthy = false

    private var backoff: Backoff
    private var dispositions: DispositionTable
    private var credentialsRefreshed = false
    /// A recovered host shortens the backoff once until this subscription opens a session itself: a host on which one
    /// subscription flaps must not keep the delays of the others short.
    private var releaseUsed = false
    private var lastDisposition = Disposition.retry
    /// Whether the dial gate has to be told how the session's dial is over.
    private var isDialing = false

    /// A subscription that has not been started.
    ///
    /// - Parameter sessions: how many there were of its name before; their numbers do not come again.
    public init(
        backoff: Backoff.Policy = Backoff.Policy(),
        dispositions: DispositionTable = .standard,
        sessions: Int = 0
    ) {
        self.backoff = Backoff(backoff)
        self.dispositions = dispositions
        self.sessions = sessions
    }

    /// When to say `deadlineReached`: the end of the backoff. While there is a session, its own deadlines hold.
    public var nextDeadline: Instant? {
        if case .backingOff(let until) = state { until } else { nil }
    }

    /// Whether a permit is held.
    public var holdsPermit: Bool {
        switch state {
        case .waitingForDial, .inSession, .closing: true
        case .idle, .waitingForSlot, .backingOff, .paused, .stopped: false
        }
    }

    /// Moves the machine by one event.
    ///
    /// - Returns: what to do, in order. A permit is released before one is requested.
    public mutating func handle(
        _ event: SubscriptionEvent,
        now: Instant,
        using generator: inout some RandomNumberGenerator
    ) -> [SubscriptionAction] {
        switch event {
        case .started: start()
        case .permitGranted: takePermit()
        case .dialReleased: dial()
        case .sessionOpened(let number): open(number, now: now)
        case .sessionEnded(let number, let end): endSession(number, end, now: now, using: &generator)
        case .deadlineReached: reachDeadline(now: now)
        case .hostRecovered: recoverHost(now: now, using: &generator)
        case .redialRequested: redial(as: .rotated)
        case .pauseRequested: pause()
        case .resumeRequested: resume()
        case .planChanged(let policy, let table, let keepsSession): changePlan(policy, table, keepsSession)
        case .stopRequested(let outcome): stop(outcome)
        }
    }
}

// MARK: - The loop

extension SubscriptionMachine {
    private mutating func start() -> [SubscriptionAction] {
        guard state == .idle else { return [] }
        return queue()
    }

    private mutating func queue() -> [SubscriptionAction] {
        state = .waitingForSlot
        return [.requestPermit]
    }

    private mutating func takePermit() -> [SubscriptionAction] {
        switch state {
        case .waitingForSlot:
            state = .waitingForDial
            return [.requestDial]
        case .waitingForDial, .inSession, .closing:
            return []
        case .idle, .backingOff, .paused, .stopped:
            // Granted in the moment in which the request was withdrawn: it must not be lost.
            return [.releasePermit]
        }
    }

    private mutating func dial() -> [SubscriptionAction] {
        switch state {
        case .waitingForDial:
            sessions += 1
            state = .inSession(number: sessions, openedAt: nil)
            isDialing = true
            return [.startSession(number: sessions)]
        case .inSession, .closing:
            return []
        case .idle, .waitingForSlot, .backingOff, .paused, .stopped:
            // Released in the moment in which the request was withdrawn: the place must not be lost.
            return [.endDial(.abandoned)]
        }
    }

    private mutating func endDial(_ end: DialEvent.End) -> [SubscriptionAction] {
        defer { isDialing = false }
        return isDialing ? [.endDial(end)] : []
    }

    private mutating func open(_ number: Int, now: Instant) -> [SubscriptionAction] {
        guard case .inSession(number, nil) = state else { return [] }
        state = .inSession(number: number, openedAt: now)
        isUnhealthy = false
        releaseUsed = false
        return endDial(.opened)
    }

    private mutating func endSession(
        _ number: Int,
        _ end: SessionEnd,
        now: Instant,
        using generator: inout some RandomNumberGenerator
    ) -> [SubscriptionAction] {
        switch state {
        case .inSession(number, _):
            let retry = retry(after: end, using: &generator)
            state = .backingOff(until: now + retry.delay)
            return [.retryScheduled(retry)] + hold(retry) + endDial(.failed) + [.releasePermit]
        case .closing(number, let next):
            noteUptime(end)
            let end = endDial(.abandoned)
            switch next {
            case .redial:
                return end + [.releasePermit] + queue()
            case .pause:
                state = .paused
                return end + [.releasePermit]
            case .stop:
                state = .stopped
                return end + [.releasePermit, .stopped]
            }
        case .idle, .waitingForSlot, .waitingForDial, .inSession, .closing, .backingOff, .paused, .stopped:
            return []
        }
    }

    private mutating func reachDeadline(now: Instant) -> [SubscriptionAction] {
        guard case .backingOff(let until) = state, now >= until else { return [] }
        return queue()
    }

    private mutating func recoverHost(
        now: Instant,
        using generator: inout some RandomNumberGenerator
    ) -> [SubscriptionAction] {
        guard case .backingOff(let until) = state, lastDisposition == .retry, !releaseUsed else { return [] }
        releaseUsed = true
        // Spread over the first delay: all that wait for this host hear of it in the same moment.
        let spread = Jitter.full.applied(to: max(backoff.policy.first.seconds, 0), using: &generator)
        let sooner = now + max(Duration(saturatingSeconds: spread), backoff.policy.floor)
        state = .backingOff(until: min(until, sooner))
        return []
    }
}

// MARK: - Requests

extension SubscriptionMachine {
    private mutating func redial(as outcome: Outcome) -> [SubscriptionAction] {
        switch state {
        case .inSession(let number, _):
            state = .closing(number: number, then: .redial)
            return [.closeSession(outcome)]
        case .backingOff:
            return queue()
        case .idle, .waitingForSlot, .waitingForDial, .closing, .paused, .stopped:
            return []
        }
    }

    private mutating func pause() -> [SubscriptionAction] {
        switch state {
        case .waitingForSlot:
            state = .paused
            return [.withdrawRequest]
        case .waitingForDial:
            state = .paused
            return [.withdrawDial, .releasePermit]
        case .inSession(let number, _):
            state = .closing(number: number, then: .pause)
            return [.closeSession(.paused)]
        case .closing(let number, .redial):
            state = .closing(number: number, then: .pause)
            return []
        case .idle, .backingOff:
            state = .paused
            return []
        case .closing, .paused, .stopped:
            return []
        }
    }

    private mutating func resume() -> [SubscriptionAction] {
        switch state {
        case .paused:
            return queue()
        case .closing(let number, .pause):
            state = .closing(number: number, then: .redial)
            return []
        case .idle, .waitingForSlot, .waitingForDial, .inSession, .closing, .backingOff, .stopped:
            return []
        }
    }

    /// What went wrong under the old plan says nothing of the new one: the row of failures ends.
    private mutating func changePlan(
        _ policy: Backoff.Policy,
        _ table: DispositionTable,
        _ keepsSession: Bool
    ) -> [SubscriptionAction] {
        backoff = Backoff(policy)
        dispositions = table
        failures = 0
        isUnhealthy = false
        credentialsRefreshed = false
        releaseUsed = false
        switch state {
        case .waitingForSlot:
            return [.withdrawRequest] + queue()
        case .waitingForDial:
            return [.withdrawDial, .releasePermit] + queue()
        case .inSession(_, .some) where keepsSession:
            return []
        case .inSession, .backingOff:
            return redial(as: .reloaded)
        case .idle, .closing, .paused, .stopped:
            return []
        }
    }

    private mutating func stop(_ outcome: Outcome) -> [SubscriptionAction] {
        switch state {
        case .waitingForSlot:
            state = .stopped
            return [.withdrawRequest, .stopped]
        case .waitingForDial:
            state = .stopped
            return [.withdrawDial, .releasePermit, .stopped]
        case .inSession(let number, _):
            state = .closing(number: number, then: .stop)
            return [.closeSession(outcome)]
        case .closing(let number, _):
            state = .closing(number: number, then: .stop)
            return []
        case .idle, .backingOff, .paused:
            state = .stopped
            return [.stopped]
        case .stopped:
            return []
        }
    }
}

// MARK: - Delays

extension SubscriptionMachine {
    private mutating func retry(
        after end: SessionEnd,
        using generator: inout some RandomNumberGenerator
    ) -> Retry {
        noteUptime(end)
        failures += failures == .max ? 0 : 1
        let disposition = dispositions.disposition(of: end)
        lastDisposition = disposition
        let delay = delay(of: disposition, using: &generator)
        return Retry(delay: delay, attempt: failures, disposition: disposition, end: end)
    }

    /// What the server says of when to come back holds for all who want to.
    private func hold(_ retry: Retry) -> [SubscriptionAction] {
        if case .retryAfter(let asked) = retry.disposition { [.holdHost(asked)] } else { [] }
    }

    /// A session that was open long enough and brought a message is a success, however it ended. One that only stayed
    /// open proves that its credentials were good, not that the server works.
    private mutating func noteUptime(_ end: SessionEnd) {
        guard end.uptime > .zero, end.uptime >= backoff.policy.resetAfter else { return }
        credentialsRefreshed = false
        guard end.delivered else { return }
        backoff.reset()
        failures = 0
    }

    /// Never shorter than the backoff: a server that says `Retry-After: 0` for ever gets growing delays too.
    private mutating func delay(
        of disposition: Disposition,
        using generator: inout some RandomNumberGenerator
    ) -> Duration {
        let backedOff = backoff.next(using: &generator)
        switch disposition {
        case .retry:
            return backedOff
        case .retryAfter(let asked):
            return max(backedOff, spread(asked, using: &generator))
        case .after(let asked):
            return max(backedOff, spread(asked, using: &generator))
        case .slow:
            isUnhealthy = true
            return spread(Disposition.slowDelay, using: &generator)
        case .refreshCredentials:
            guard credentialsRefreshed else {
                credentialsRefreshed = true
                return backedOff
            }
            isUnhealthy = true
            return spread(Disposition.credentialDelay, using: &generator)
        }
    }

    /// Up to a tenth longer, never shorter, so that many subscriptions told the same do not come back in step.
    private func spread(_ delay: Duration, using generator: inout some RandomNumberGenerator) -> Duration {
        guard backoff.policy.jitter != .none else { return delay }
        let extra = Jitter.full.applied(to: delay.seconds / 10, using: &generator)
        return delay + Duration(saturatingSeconds: extra)
    }
}
