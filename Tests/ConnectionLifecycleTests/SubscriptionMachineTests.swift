import ConnectionLifecycle
import MonotonicTime
import Testing

/// A subscription under test: the machine and its generator.
struct Subscription {
    var machine: SubscriptionMachine
    var generator = SplitMix64(seed: 42)

    init(
        _ policy: Backoff.Policy = Backoff.Policy(jitter: .none),
        dispositions: DispositionTable = .standard
    ) {
        machine = SubscriptionMachine(backoff: policy, dispositions: dispositions)
    }

    mutating func on(_ event: SubscriptionEvent, _ seconds: Double = 0) -> [SubscriptionAction] {
        machine.handle(event, now: at(seconds), using: &generator)
    }

    /// Ends the current session, which must be running, and says what retry follows.
    mutating func fail(_ end: SessionEnd, _ seconds: Double = 0) -> Retry? {
        let wasDialing = machine.state == .inSession(number: machine.sessions, openedAt: nil)
        let actions = on(.sessionEnded(session: machine.sessions, end), seconds)
        guard actions.last == .releasePermit, case .retryScheduled(let retry) = actions[0] else { return nil }
        var between: [SubscriptionAction] = []
        if case .retryAfter(let asked) = retry.disposition { between.append(.holdHost(asked)) }
        if wasDialing { between.append(.endDial(.failed)) }
        #expect(Array(actions.dropFirst().dropLast()) == between)
        return retry
    }

    /// Waits for the backoff to end and takes a permit at once.
    mutating func redial() {
        guard let deadline = machine.nextDeadline else { return }
        #expect(machine.handle(.deadlineReached, now: deadline, using: &generator) == [.requestPermit])
        #expect(on(.permitGranted) == [.requestDial])
        #expect(on(.dialReleased) == [.startSession(number: machine.sessions)])
    }

    /// One that holds a session, open or not.
    static func inSession(
        _ policy: Backoff.Policy = Backoff.Policy(jitter: .none),
        dispositions: DispositionTable = .standard,
        open: Bool = true
    ) -> Subscription {
        var subscription = Subscription(policy, dispositions: dispositions)
        #expect(subscription.on(.started) == [.requestPermit])
        #expect(subscription.on(.permitGranted) == [.requestDial])
        #expect(subscription.on(.dialReleased) == [.startSession(number: 1)])
        if open { #expect(subscription.on(.sessionOpened(session: 1)) == [.endDial(.opened)]) }
        return subscription
    }
}

@Suite("SubscriptionMachine")
struct SubscriptionMachineTests {
    private let refused = SessionEnd(outcome: .dialFailed, stage: .connecting, fault: .network)

    @Test("the loop: slot, dial gate, session, backoff, slot")
    func loop() {
        var subscription = Subscription()
        #expect(subscription.on(.started) == [.requestPermit])
        #expect(subscription.machine.state == .waitingForSlot)
        #expect(subscription.machine.nextDeadline == nil)
        #expect(subscription.on(.permitGranted, 0.5) == [.requestDial])
        #expect(subscription.machine.state == .waitingForDial)
        #expect(subscription.machine.holdsPermit)
        #expect(subscription.on(.dialReleased, 1) == [.startSession(number: 1)])
        #expect(subscription.machine.state == .inSession(number: 1, openedAt: nil))
        #expect(subscription.on(.sessionOpened(session: 1), 2) == [.endDial(.opened)])
        #expect(subscription.machine.state == .inSession(number: 1, openedAt: at(2)))
        let end = SessionEnd(outcome: .peerVanished, stage: .open, uptime: .seconds(3))
        #expect(
            subscription.on(.sessionEnded(session: 1, end), 5) == [
                .retryScheduled(Retry(delay: .seconds(1), attempt: 1, disposition: .retry, end: end)),
                .releasePermit,
            ]
        )
        #expect(subscription.machine.nextDeadline == at(6))
        #expect(!subscription.machine.holdsPermit)
        #expect(subscription.on(.deadlineReached, 5.9) == [])
        #expect(subscription.on(.deadlineReached, 6) == [.requestPermit])
        #expect(subscription.on(.permitGranted, 7) == [.requestDial])
        #expect(subscription.on(.dialReleased, 8) == [.startSession(number: 2)])
    }

    @Test("a server that accepts and drops gets growing delays; one that held for reset_after begins anew")
    func resetAfter() {
        var subscription = Subscription.inSession()
        func dropped(after seconds: Double) -> SessionEnd {
            SessionEnd(outcome: .peerVanished, stage: .open, uptime: .seconds(seconds), delivered: true)
        }
        for (attempt, delay) in [(1, 1), (2, 2), (3, 4), (4, 8)] {
            let retry = subscription.fail(dropped(after: 9.9))
            #expect(retry?.delay == .seconds(delay))
            #expect(retry?.attempt == attempt)
            subscription.redial()
            _ = subscription.on(.sessionOpened(session: subscription.machine.sessions))
        }
        let retry = subscription.fail(dropped(after: 10))
        #expect(retry?.delay == .seconds(1))
        #expect(retry?.attempt == 1)
    }

    @Test("Retry-After is waited for, and never shorter than the backoff")
    func retryAfter() {
        var subscription = Subscription.inSession(open: false)
        func busy(_ after: Duration?) -> SessionEnd {
            SessionEnd(outcome: .rejected, stage: .upgrading, status: 503, retryAfter: after)
        }
        #expect(subscription.fail(busy(.seconds(90)))?.delay == .seconds(90))
        for expected in [2, 4, 8] {
            subscription.redial()
            #expect(subscription.fail(busy(.zero))?.delay == .seconds(expected), "no hot loop")
        }
        subscription.redial()
        #expect(subscription.fail(busy(nil))?.delay == .seconds(30))
        #expect(!subscription.machine.isUnhealthy)
    }

    @Test("the slow lane is five minutes and unhealthy until a session opens")
    func slowLane() {
        var subscription = Subscription.inSession(open: false)
        let missing = SessionEnd(outcome: .rejected, stage: .upgrading, status: 404)
        #expect(subscription.fail(missing)?.delay == .seconds(300))
        #expect(subscription.machine.isUnhealthy)
        subscription.redial()
        #expect(subscription.machine.isUnhealthy)
        _ = subscription.on(.sessionOpened(session: 2))
        #expect(!subscription.machine.isUnhealthy)
    }

    @Test("credentials are refreshed once at the pace of the backoff, then the lane of 60 s")
    func credentials() {
        var subscription = Subscription.inSession(open: false)
        let denied = SessionEnd(outcome: .rejected, stage: .upgrading, status: 401)
        #expect(subscription.fail(denied)?.delay == .seconds(1))
        subscription.redial()
        #expect(subscription.fail(denied)?.delay == .seconds(60))
        subscription.redial()
        #expect(subscription.fail(denied)?.delay == .seconds(60))
        #expect(subscription.machine.isUnhealthy)
        subscription.redial()
        _ = subscription.on(.sessionOpened(session: 4))
        let good = SessionEnd(
            outcome: .peerClosed,
            stage: .open,
            closeCode: 1000,
            uptime: .seconds(60),
            delivered: true
        )
        _ = subscription.fail(good)
        subscription.redial()
        #expect(subscription.fail(denied)?.delay == .seconds(2), "a good session earns a new refresh")
    }

    @Test("with jitter, lanes and Retry-After are spread by up to a tenth, never shorter")
    func spreadLanes() {
        let missing = SessionEnd(outcome: .rejected, stage: .upgrading, status: 404)
        var delays: Set<Duration> = []
        for seed in 0..<100 as Range<UInt64> {
            var subscription = Subscription.inSession(Backoff.Policy(), open: false)
            subscription.generator = SplitMix64(seed: seed)
            guard let delay = subscription.fail(missing)?.delay else { return }
            #expect(delay >= .seconds(300) && delay <= .seconds(330), "seed \(seed)")
            delays.insert(delay)
        }
        #expect(delays.count > 90)
    }

    @Test("a recovered host shortens the backoff, spread over the first delay, once until a success of one's own")
    func hostRecovered() {
        var subscription = Subscription.inSession(open: false)
        for _ in 0..<4 {
            _ = subscription.fail(refused)
            subscription.redial()
        }
        _ = subscription.fail(refused, 100)
        #expect(subscription.machine.nextDeadline == at(116))
        #expect(subscription.on(.hostRecovered, 100) == [])
        #expect(subscription.machine.nextDeadline.map { $0 >= at(100.25) && $0 <= at(101) } == true)
        subscription.redial()
        _ = subscription.fail(refused, 200)
        #expect(subscription.on(.hostRecovered, 200) == [])
        #expect(subscription.machine.nextDeadline == at(230), "not twice")
        subscription.redial()
        _ = subscription.on(.sessionOpened(session: subscription.machine.sessions))
        _ = subscription.fail(refused, 300)
        _ = subscription.on(.hostRecovered, 300)
        #expect(subscription.machine.nextDeadline.map { $0 <= at(301) } == true)
    }

    @Test("a recovered host does not break a Retry-After, nor the slow lane, nor lengthen a backoff")
    func hostRecoveredElsewhere() {
        for status in [503, 404, 401] {
            var subscription = Subscription.inSession(open: false)
            _ = subscription.fail(SessionEnd(outcome: .rejected, stage: .upgrading, status: status))
            let deadline = subscription.machine.nextDeadline
            _ = subscription.on(.hostRecovered)
            #expect(subscription.machine.nextDeadline == deadline)
        }
        var almost = Subscription.inSession(open: false)
        _ = almost.fail(refused)
        _ = almost.on(.hostRecovered, 0.999)
        #expect(almost.machine.nextDeadline == at(1))
    }

    @Test("a redial closes the session and queues at the tail, without a delay")
    func redial() {
        var subscription = Subscription.inSession()
        #expect(subscription.on(.redialRequested) == [.closeSession(.rotated)])
        #expect(subscription.on(.redialRequested) == [])
        #expect(subscription.machine.holdsPermit)
        let end = SessionEnd(outcome: .rotated, stage: .open)
        #expect(subscription.on(.sessionEnded(session: 1, end)) == [.releasePermit, .requestPermit])
        #expect(subscription.machine.state == .waitingForSlot)
        _ = subscription.on(.permitGranted)
        #expect(subscription.on(.redialRequested) == [], "it is about to")
        _ = subscription.on(.dialReleased)
        _ = subscription.fail(refused)
        #expect(subscription.on(.redialRequested) == [.requestPermit], "a backoff ends at once")
    }

    @Test("pause ends what there is, resume begins anew, from every state")
    func pauseAndResume() {
        let end = SessionEnd(outcome: .paused, stage: .open)
        var waiting = Subscription()
        _ = waiting.on(.started)
        #expect(waiting.on(.pauseRequested) == [.withdrawRequest])
        #expect(waiting.on(.permitGranted) == [.releasePermit], "granted as it was withdrawn")
        #expect(waiting.on(.redialRequested) == [])
        #expect(waiting.machine.state == .paused)
        #expect(waiting.on(.resumeRequested) == [.requestPermit])

        var gated = Subscription()
        _ = gated.on(.started)
        _ = gated.on(.permitGranted)
        #expect(gated.on(.pauseRequested) == [.withdrawDial, .releasePermit])
        #expect(gated.on(.dialReleased) == [.endDial(.abandoned)], "released as it was withdrawn")
        #expect(gated.on(.resumeRequested) == [.requestPermit])

        var inSession = Subscription.inSession()
        #expect(inSession.on(.pauseRequested) == [.closeSession(.paused)])
        var changedMind = inSession
        #expect(inSession.on(.sessionEnded(session: 1, end)) == [.releasePermit])
        #expect(inSession.machine.state == .paused)
        #expect(changedMind.on(.resumeRequested) == [])
        #expect(changedMind.on(.sessionEnded(session: 1, end)) == [.releasePermit, .requestPermit])

        var backingOff = Subscription.inSession()
        _ = backingOff.fail(refused)
        #expect(backingOff.on(.pauseRequested) == [])
        #expect(backingOff.machine.nextDeadline == nil)
        #expect(backingOff.on(.deadlineReached, 100) == [])
        #expect(backingOff.on(.resumeRequested) == [.requestPermit])
    }

    @Test("stop ends every state at once, or as soon as the session has ended, and exactly once")
    func stop() {
        let end = SessionEnd(outcome: .shutdown, stage: .open)
        var idle = Subscription()
        #expect(idle.on(.stopRequested(.shutdown)) == [.stopped])
        var waiting = Subscription()
        _ = waiting.on(.started)
        #expect(waiting.on(.stopRequested(.shutdown)) == [.withdrawRequest, .stopped])
        #expect(waiting.on(.permitGranted) == [.releasePermit])
        var gated = Subscription()
        _ = gated.on(.started)
        _ = gated.on(.permitGranted)
        #expect(gated.on(.stopRequested(.shutdown)) == [.withdrawDial, .releasePermit, .stopped])
        #expect(gated.on(.dialReleased) == [.endDial(.abandoned)])
        var backingOff = Subscription.inSession()
        _ = backingOff.fail(refused)
        #expect(backingOff.on(.stopRequested(.reloaded)) == [.stopped])
        for open in [true, false] {
            var inSession = Subscription.inSession(open: open)
            #expect(inSession.on(.stopRequested(.shutdown)) == [.closeSession(.shutdown)])
            #expect(inSession.on(.stopRequested(.shutdown)) == [])
            let ending: [SubscriptionAction] = [.releasePermit, .stopped]
            #expect(inSession.on(.sessionEnded(session: 1, end)) == (open ? [] : [.endDial(.abandoned)]) + ending)
        }
        for request in [SubscriptionEvent.redialRequested, .pauseRequested] {
            var closing = Subscription.inSession()
            _ = closing.on(request)
            #expect(closing.on(.stopRequested(.shutdown)) == [])
            #expect(closing.on(.pauseRequested) == [])
            #expect(closing.on(.resumeRequested) == [])
            #expect(closing.on(.sessionEnded(session: 1, end)) == [.releasePermit, .stopped])
        }
        var paused = Subscription()
        _ = paused.on(.pauseRequested)
        #expect(paused.on(.stopRequested(.shutdown)) == [.stopped])
        for event in Self.events {
            let late: [SubscriptionEvent: SubscriptionAction] = [
                .permitGranted: .releasePermit, .dialReleased: .endDial(.abandoned),
            ]
            #expect(paused.on(event) == (late[event].map { [$0] } ?? []))
            #expect(paused.machine.state == .stopped)
        }
    }

    @Test("events of an older session, and doubled ones, change nothing")
    func lateEvents() {
        var subscription = Subscription.inSession()
        _ = subscription.fail(refused)
        subscription.redial()
        let before = subscription.machine.state
        #expect(subscription.on(.sessionOpened(session: 1)) == [])
        #expect(subscription.on(.sessionEnded(session: 1, refused)) == [])
        #expect(subscription.on(.permitGranted) == [])
        #expect(subscription.on(.dialReleased) == [])
        #expect(subscription.on(.started) == [])
        #expect(subscription.on(.deadlineReached, 1e6) == [])
        #expect(subscription.machine.state == before)
    }

    static let events: [SubscriptionEvent] = [
        .started, .permitGranted, .dialReleased, .sessionOpened(session: 1),
        .sessionEnded(session: 1, SessionEnd(outcome: .reset, stage: .open)), .deadlineReached, .hostRecovered,
        .redialRequested, .pauseRequested, .resumeRequested, .stopRequested(.shutdown),
        .planChanged(Backoff.Policy(), keepsSession: false), .planChanged(Backoff.Policy(), keepsSession: true),
    ]

    @Test("random events: a permit for each session and each who waits to dial, one end for each dial, and one stop")
    func randomEvents() {
        for seed in 0..<2000 as Range<UInt64> {
            var subscription = Subscription(Backoff.Policy())
            subscription.generator = SplitMix64(seed: seed)
            var picker = SplitMix64(seed: ~seed)
            var permits = 0
            var sessions = 0
            var stops = 0
            var requested = false
            var gate = (waiting: 0, dials: 0)
            for step in 0..<60 {
                var event = Self.events[Int.random(in: 0..<Self.events.count, using: &picker)]
                if case .stopRequested = event, step < 50 { event = .deadlineReached }
                if event == .permitGranted {
                    guard requested else { continue }
                    requested = false
                    permits += 1
                }
                if event == .dialReleased {
                    guard gate.waiting > 0 else { continue }
                    gate = (gate.waiting - 1, gate.dials + 1)
                }
                if case .sessionOpened = event { event = .sessionOpened(session: subscription.machine.sessions) }
                if case .sessionEnded(_, let end) = event {
                    event = .sessionEnded(session: subscription.machine.sessions, end)
                    if subscription.machine.hasSession { sessions -= 1 }
                }
                for action in subscription.on(event, Double(step) * 40) {
                    #expect(stops == 0, "seed \(seed)")
                    switch action {
                    case .requestPermit: requested = true
                    case .withdrawRequest: requested = false
                    case .requestDial: gate.waiting += 1
                    case .withdrawDial: gate.waiting -= 1
                    case .endDial: gate.dials -= 1
                    case .startSession: sessions += 1
                    case .releasePermit: permits -= 1
                    case .stopped: stops += 1
                    case .closeSession, .retryScheduled, .holdHost: break
                    }
                }
                let place = "seed \(seed), step \(step), \(event)"
                #expect(permits == sessions + gate.waiting && permits >= 0 && permits <= 1, "\(place)")
                #expect(gate.dials >= 0 && gate.dials <= sessions, "\(place)")
                #expect(subscription.machine.holdsPermit == (permits == 1), "seed \(seed), step \(step)")
                if case .backingOff = subscription.machine.state {
                    #expect(subscription.machine.nextDeadline != nil)
                }
            }
        }
    }
}

extension SubscriptionMachine {
    fileprivate var hasSession: Bool {
        switch state {
        case .inSession, .closing: true
        case .idle, .waitingForSlot, .waitingForDial, .backingOff, .paused, .stopped: false
        }
    }
}
