import ConnectionLifecycle
import HawserWebSocket
import MonotonicTime
import NameResolution
import Transport
import WebSocketProtocol

/// Holds one subscription: runs its `SubscriptionMachine`, one session after the other, until it is told to stop.
///
/// Isolated to its event loop, so the callbacks of its session step in without a hop.
actor Subscription {
    /// How soon it is asked again whether a full sink has room.
    private static let blockedRetry = Duration.seconds(1)

    /// The name in the configuration.
    nonisolated let name: String
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// What it goes by, and what it will go by once nothing is left that was begun under it.
    private(set) var plan: SubscriptionPlan
    private var nextPlan: SubscriptionPlan?
    /// Its index in the records.
    let index: UInt32
    /// Whom the limits on connections and dials know; another one for each time that it queues.
    private(set) var ticket = 0
    let surroundings: Surroundings
    var journal: SubscriptionJournal
    private(set) var machine: SubscriptionMachine
    private var random = SystemRandomNumberGenerator()
    private var gaps: GapTracker
    /// What status and `hawser why` tell.
    private(set) var history = SubscriptionHistory(now: WallClock.nanoseconds)
    private var statistics: SubscriptionStatistics

    private var timer: LoopTimer?
    var connection: WebSocketConnection?
    var recorder: SessionRecorder?
    var subscribeMessages: [Secret] = []
    /// The session whose references are being read, off the loop, until when they may be, and the request whose answer
    /// it waits for, if it waits for one.
    var preparing: (number: Int, deadline: Instant, request: String?)?
    /// Which values of requests the newest dial was made with, and which of them were refused.
    var generations: CredentialStore.Generations = [:]
    var refused: CredentialStore.Generations = [:]
    private var keepCall: KeepCall?
    /// What those refer to that are read, as it was obtained for that session.
    var answers = CredentialStore.Answers()
    /// A read that hangs is not started a second time.
    var isReading = false
    /// Since when the session is paused, on the wall clock; what it misses then begins there.
    private var pausedAt: Int64?
    private var finished: [CheckedContinuation<Void, Never>] = []
    private var settling: [CheckedContinuation<Void, Never>] = []

    /// - Parameter memory: what one of its name left behind in this run.
    init(plan: SubscriptionPlan, index: UInt32, memory: SubscriptionMemory, surroundings: Surroundings) {
        self.plan = plan
        name = plan.name
        self.index = index
        gaps = memory.gaps
        self.surroundings = surroundings
        loop = surroundings.loop
        journal = SubscriptionJournal(plan: plan, logger: surroundings.logger, outage: surroundings.outage)
        machine = SubscriptionMachine(
            backoff: plan.settings.reconnect,
            dispositions: plan.settings.dispositions,
            sessions: memory.sessions
        )
        statistics = SubscriptionStatistics(name: plan.name)
    }

    /// Holds the subscription from now on, until `stop` ends it.
    func start() {
        guard machine.state != .stopped else { return }
        timer = loop.makeTimer { [unowned self] in assumeIsolated { $0.deadlineReached() } }
        handle(.started)
    }

    /// Returns when it is stopped and its last session is closed.
    func end() async {
        guard machine.state != .stopped else { return }
        await withCheckedContinuation { finished.append($0) }
    }

    /// Goes by `plan`: at the next dial, which is now if the plan differs in anything and the session cannot go on.
    func change(to plan: SubscriptionPlan, _ difference: ConfigurationDifference) {
        nextPlan = plan
        guard difference != .none else { return }
        let settings = plan.settings
        let keepsSession = difference == .adjusted
        handle(.planChanged(settings.reconnect, dispositions: settings.dispositions, keepsSession: keepsSession))
    }

    /// Returns when no session is being closed any more.
    func settle() async {
        guard case .closing = machine.state else { return }
        await withCheckedContinuation { settling.append($0) }
    }

    /// What it leaves behind once it is stopped.
    var memory: SubscriptionMemory {
        SubscriptionMemory(sessions: machine.sessions, gaps: gaps)
    }

    /// Ends the session and the subscription, from whatever state.
    func stop(_ outcome: Outcome) {
        handle(.stopRequested(outcome))
    }

    /// Whether a session has begun and is not open yet.
    var isDialing: Bool {
        SubscriptionStatistics.Phase(machine.state) == .dialing
    }

    /// Another subscription of the host has opened a session after dials of it had failed.
    func hostRecovered() {
        let before = machine.nextDeadline
        handle(.hostRecovered)
        if let deadline = machine.nextDeadline, deadline != before {
            let delay = loop.now.duration(to: deadline)
            journal.hostRecovered(delay: delay)
            history.hostRecovered(delay: delay, now: WallClock.nanoseconds)
        }
    }

    /// Does what an operator asks for.
    func perform(_ command: SubscriptionCommand, by requester: Requester) {
        history.requested(command, by: requester, now: WallClock.nanoseconds)
        handle(command.event)
    }

    /// What it has done so far, the current session included.
    var snapshot: SubscriptionStatistics {
        var snapshot = statistics
        snapshot.phase = SubscriptionStatistics.Phase(machine.state)
        snapshot.messages += connection?.messages ?? 0
        snapshot.bytes += connection?.bytes ?? 0
        snapshot.longestGap = .nanoseconds(gaps.longest(now: WallClock.nanoseconds))
        return snapshot
    }

    // MARK: The runner

    private func handle(_ event: SubscriptionEvent) {
        let actions = machine.handle(event, now: loop.now, using: &random)
        journal.follow(actions, now: loop.now)
        history.follow(SubscriptionStatistics.Phase(machine.state), actions, now: WallClock.nanoseconds)
        for action in actions { perform(action) }
        timer?.arm(at: preparing?.deadline ?? machine.nextDeadline)
        if !settling.isEmpty { resumeSettling() }
    }

    private func resumeSettling() {
        if case .closing = machine.state { return }
        for waiter in settling { waiter.resume() }
        settling = []
    }

    private func deadlineReached() {
        if let (number, deadline, request) = preparing, deadline <= loop.now {
            let limit = plan.settings.timeouts.dial.shortText
            guard let request else {
                preparing = nil
                let text = "its references were not read within \(limit)"
                return sessionEnded(number, .notDialed(.dialFailed, because: text))
            }
            return failDial(number, CredentialFailure(request: request, problem: "no answer within \(limit)"))
        }
        // With nowhere to put its messages a new session would only be paused, and closed again.
        if case .backingOff = machine.state, !outlet.blockedBy.isEmpty {
            timer?.arm(at: loop.now + Self.blockedRetry)
            return
        }
        handle(.deadlineReached)
    }

    private func perform(_ action: SubscriptionAction) {
        switch action {
        case .requestPermit: requestPermit()
        case .withdrawRequest: surroundings.semaphore.withdraw(ticket)
        case .requestDial: requestDial()
        case .withdrawDial: surroundings.gate.withdraw(ticket)
        case .endDial(let end): surroundings.gate.end(ticket, end)
        case .holdHost(let duration): surroundings.gate.hold(plan.site.host, for: duration)
        case .startSession(let number): startSession(number)
        case .closeSession(let outcome): closeSession(outcome)
        case .releasePermit: surroundings.semaphore.release(ticket)
        // Its line is written, and the timer is armed after every event.
        case .retryScheduled(let retry): if retry.disposition == .refreshCredentials { refuseCredentials() }
        case .stopped: finish()
        }
    }

    /// The one place where a new plan is taken over: no session, permit or dial of an older one is left.
    private func requestPermit() {
        if let nextPlan {
            plan = nextPlan
            journal.plan = nextPlan
            self.nextPlan = nil
        }
        let ticket = surroundings.tickets.draw()
        self.ticket = ticket
        let position = surroundings.semaphore.request(ticket, host: plan.site.host) { [self] in
            loop.submit { self.assumeIsolated { $0.permitGranted(ticket) } }
        }
        if let position { journal.waiting(position: position, now: loop.now) }
    }

    private func permitGranted(_ ticket: Int) {
        // Granted in the moment in which the request was withdrawn, and another one made.
        guard ticket == self.ticket else { return surroundings.semaphore.release(ticket) }
        handle(.permitGranted)
    }

    private func requestDial() {
        let asked = loop.now
        let ticket = ticket
        let wait = surroundings.gate.request(ticket, at: plan.site) { [self] in
            loop.submit { self.assumeIsolated { $0.dialReleased(ticket, after: asked.duration(to: $0.loop.now)) } }
        }
        guard let wait else { return }
        journal.waitingToDial(wait, now: loop.now)
        history.waitsAtGate(wait)
    }

    private func dialReleased(_ ticket: Int, after wait: Duration) {
        guard ticket == self.ticket else { return surroundings.gate.end(ticket, .abandoned) }
        journal.released(after: wait)
        history.released(after: wait)
        handle(.dialReleased)
    }

    private func closeSession(_ outcome: Outcome) {
        if let number = preparing?.number {
            preparing = nil
            sessionEnded(number, .notDialed(outcome, because: "not dialled yet"))
        } else {
            connection?.close(outcome, code: .goingAway, reason: outcome.rawValue)
        }
    }

    func sessionMoved(_ number: Int, _ edge: SessionRecorder.Edge) {
        switch edge {
        case .opened(let opening): sessionOpened(number, opening)
        case .drained: sendMessages()
        case .ended(let report, let silence): sessionEnded(number, report, silence)
        case .paused(let sinks):
            pausedAt = pausedAt ?? WallClock.nanoseconds
            journal.paused(by: sinks, now: loop.now)
            history.paused(by: sinks, now: WallClock.nanoseconds)
        case .resumed:
            // In the closing handshake reading goes on, but nothing is recorded any more.
            if connection?.state == .open { pausedAt = nil }
            journal.resumed(now: loop.now)
            history.resumed(now: WallClock.nanoseconds)
        }
    }

    private func sessionOpened(_ number: Int, _ opening: Opening) {
        let now = WallClock.nanoseconds
        let session = UInt32(clamping: number)
        statistics.sessions += 1
        mark(.opened(session: session), now: now)
        if let gap = gaps.sessionOpened(session, now: now) { mark(.gap(gap), now: now) }
        journal.opened(number, opening)
        history.opened(number, opening, now: now)
        handle(.sessionOpened(session: number))
        sendMessages()
        let keep = plan.configuration.keep
        keepCall = KeepCall(keep, surroundings.credentials, on: loop) { [unowned self] failure, suppressed in
            assumeIsolated { $0.journal.keepFailed(number, failure, suppressed: suppressed) }
        }
        keepCall?.start()
    }

    /// Sends what of the messages the rates allow now; the others follow in order when `drained` says that they may.
    private func sendMessages() {
        while let message = subscribeMessages.first, connection?.send(message.revealed) == true {
            subscribeMessages.removeFirst()
        }
    }

    func sessionEnded(_ number: Int, _ report: SessionReport, _ silence: Silence? = nil) {
        connection = nil
        history.lastMessage = recorder?.lastMessage ?? history.lastMessage
        recorder = nil
        subscribeMessages = []
        keepCall?.stop()
        keepCall = nil
        statistics.messages += report.messages
        statistics.bytes += report.bytes
        statistics.outcome = report.end.outcome
        journal.ended(number, report, silence)
        history.ended(number, report, text: journal.redacted(report.detail), now: WallClock.nanoseconds)
        if report.wasOpen {
            close(number, report)
        } else if !report.end.cause.isRequested {
            statistics.failedDials += 1
        }
        handle(.sessionEnded(session: number, report.end))
    }

    private func close(_ number: Int, _ report: SessionReport) {
        let now = WallClock.nanoseconds
        let session = UInt32(clamping: number)
        gaps.sessionClosed(
            session,
            messages: report.messages,
            dropped: report.discarded,
            end: report.end,
            now: pausedAt ?? now
        )
        pausedAt = nil
        mark(
            .closed(
                Mark.Closed(
                    session: session,
                    outcome: report.end.outcome,
                    closeCode: report.end.closeCode,
                    closeReason: report.end.closeReason,
                    messages: report.messages
                )
            ),
            now: now
        )
    }

    var outlet: RecordOutlet {
        surroundings.records.value.outlet(to: plan.configuration.sinks)
    }

    private func mark(_ mark: Mark, now: Int64) {
        outlet.append(mark, subscription: index, now: now)
    }

    private func finish() {
        journal.stopped(snapshot)
        timer?.cancel()
        timer = nil
        for waiter in finished { waiter.resume() }
        finished = []
    }
}
