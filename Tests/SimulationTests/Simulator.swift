import ConnectionLifecycle
import MonotonicTime

/// A deterministic world for the production machines: virtual clock, event heap, seeded generator, simulated network.
/// It runs `PermitQueue`, `DialGovernor`, `SubscriptionMachine` and `SessionMachine` as the daemon's supervisor and
/// connection do, and checks what must always hold after every step.
final class Simulator {
    struct Setup {
        var hosts: [String]
        var limit = 100
        var perHost: Int?
        var dials = DialGovernor.Limits(concurrent: 1000, perOrigin: nil, perHost: [])
        /// Whether a grant is announced inside the call that brings it, or a little later as between threads.
        var announcesLater = false
        var timeouts = SessionTimeouts()
        var keepAlive = KeepAlive.Policy.standard
        var backoff = Backoff.Policy()
        /// What the next session of a subscription will meet.
        var behaviour: (_ subscription: Int, _ number: Int, inout SplitMix64) -> Behaviour = { _, _, generator in
            .random(using: &generator)
        }
    }

    enum Event {
        case subscriptionTimer(Int)
        case sessionTimer(SimulatedSession)
        case gateTimer
        case permitAnnouncement(Int)
        case releaseAnnouncement(Int)
        case memoryWrite
        case network(SimulatedSession, NetworkEvent)
        /// What the world does, whatever becomes of the process.
        case script((Simulator) -> Void)
    }

    let setup: Setup
    var now = Instant.origin
    var heap = EventHeap<Event>()
    var generator: SplitMix64
    var permits: PermitQueue<Int>
    var governor: DialGovernor
    var gateArmed: Instant?
    /// Who waits at the dial gate, kept by the simulator itself.
    var gated: Set<Int> = []
    /// Who is released by it and has not told it the end.
    var dialing: Set<Int> = []
    /// Who is released and does not know it yet.
    var releases: Set<Int> = []
    /// When the servers of each host saw a connection.
    var arrivals: [String: [Instant]] = [:]
    /// Until when each host asked to be left alone, kept by the simulator itself.
    var heldUntil: [String: Instant] = [:]
    var disk = SimulatedDisk()
    var isWritePending = false
    /// Between a crash and the next start.
    var isDown = false
    /// What the wall clock is ahead of the monotonic one.
    var wallOffset = Duration.seconds(1_700_000_000)
    /// In which states a crash has met a subscription.
    var crashedIn: Set<String> = []
    var subscriptions: [SimulatedSubscription]
    /// Of this life of the process.
    var sessions: [SimulatedSession] = []
    var retries: [(subscription: Int, at: Instant, retry: Retry)] = []
    /// Who waits for a permit, kept by the simulator itself to check the queue.
    var shadowQueue: [Int] = []
    /// Who has a permit and does not know it yet.
    var announcements: Set<Int> = []
    private var stepsAtOnce = 0
    /// The first thing that was wrong; the run ends there.
    private(set) var failure: String?
    /// Kept only on a replay: a failing seed is run again with it.
    var log: [String]?

    init(_ setup: Setup, seed: UInt64, logging: Bool = false) {
        self.setup = setup
        generator = SplitMix64(seed: seed)
        permits = PermitQueue(limit: setup.limit, perHost: setup.perHost)
        governor = DialGovernor(setup.dials)
        log = logging ? [] : nil
        subscriptions = setup.hosts.map {
            SimulatedSubscription(host: $0, machine: SubscriptionMachine(backoff: setup.backoff))
        }
    }

    /// Notes what is wrong. Only the first counts.
    func fail(_ message: @autoclosure () -> String) {
        guard failure == nil else { return }
        failure = "at \(now.nanoseconds / 1_000_000) ms: \(message())"
    }

    func note(_ line: @autoclosure () -> String) {
        guard log != nil else { return }
        log?.append("\(now.nanoseconds / 1_000) us  \(line())")
    }

    func schedule(_ event: Event, after delay: Duration) {
        heap.schedule(event, at: now + delay)
    }

    func at(_ instant: Instant, _ body: @escaping (Simulator) -> Void) {
        heap.schedule(.script(body), at: max(instant, now))
    }

    func startAll() {
        for index in subscriptions.indices { send(.started, to: index) }
    }

    func stopAll(_ outcome: Outcome = .shutdown) {
        for index in subscriptions.indices { send(.stopRequested(outcome), to: index) }
    }

    /// Lets time pass until `end`, or until nothing is left to happen, or something is wrong.
    func run(until end: Instant) {
        while failure == nil, let next = heap.next, next <= end, let (at, event) = heap.pop() {
            if at < now { fail("time ran backwards") }
            stepsAtOnce = at == now ? stepsAtOnce + 1 : 0
            if stepsAtOnce > 10_000 { fail("10,000 steps in one instant: something spins") }
            now = at
            switch event {
            case .subscriptionTimer(let index): fireTimer(of: index)
            case .sessionTimer(let session): fireTimer(of: session)
            case .gateTimer: fireGateTimer()
            case .permitAnnouncement(let index): announce(index)
            case .releaseAnnouncement(let index): announceRelease(index)
            case .memoryWrite: writeMemory()
            case .network(let session, let event): happen(event, to: session)
            case .script(let body): body(self)
            }
            checkInvariants()
        }
        if failure == nil { now = max(now, end) }
    }

    // MARK: - Subscriptions

    func send(_ event: SubscriptionEvent, to index: Int) {
        let subscription = subscriptions[index]
        note("subscription \(index) <- \(event)")
        if case .stopRequested = event, subscription.stopRequestedAt == nil { subscription.stopRequestedAt = now }
        let wasStopped = subscription.stops > 0
        let actions = subscription.machine.handle(event, now: now, using: &generator)
        let late: [SubscriptionAction] = [.releasePermit, .endDial(.abandoned)]
        if wasStopped, actions.contains(where: { !late.contains($0) }) { fail("\(actions) after stopped") }
        arm(subscription, index)
        for action in actions { perform(action, of: index) }
    }

    /// A timer that was armed for another instant since does not fire.
    private func fireTimer(of index: Int) {
        guard subscriptions[index].armed == now else { return }
        subscriptions[index].armed = nil
        send(.deadlineReached, to: index)
    }

    private func arm(_ subscription: SimulatedSubscription, _ index: Int) {
        let deadline = subscription.machine.nextDeadline
        guard deadline != subscription.armed else { return }
        subscription.armed = deadline
        guard let deadline else { return }
        heap.schedule(.subscriptionTimer(index), at: deadline)
    }

    private func perform(_ action: SubscriptionAction, of index: Int) {
        let subscription = subscriptions[index]
        note("subscription \(index) -> \(action)")
        switch action {
        case .requestPermit:
            requestPermit(index)
        case .withdrawRequest:
            shadowQueue.removeAll { $0 == index }
            permits.withdraw(index)
        case .releasePermit:
            for granted in permits.release(index) { grant(granted) }
        case .requestDial:
            requestDial(index)
        case .withdrawDial:
            gated.remove(index)
            sendGate(.withdrawn(index))
        case .endDial(let end):
            if dialing.remove(index) == nil { fail("\(index) ended a dial that was none") }
            sendGate(.ended(index, end))
        case .holdHost(let duration):
            let until = now + duration
            heldUntil[subscription.host] = max(heldUntil[subscription.host] ?? until, until)
            sendGate(.held(host: subscription.host, for: duration))
        case .startSession(let number):
            startSession(number, of: index)
        case .closeSession(let outcome):
            guard let session = subscription.session else { return fail("no session to close") }
            send(.closeRequested(outcome, code: 1001, reason: ""), to: session)
        case .retryScheduled(let retry):
            retries.append((index, now, retry))
            if retry.delay < setup.backoff.floor { fail("\(retry.delay) is below the floor") }
        case .stopped:
            subscription.stops += 1
            subscription.stoppedAt = now
        }
    }

    private func requestPermit(_ index: Int) {
        // Withdrawn and asked for again while the grant is on its way: that grant is the answer to both.
        if announcements.contains(index) { return }
        shadowQueue.append(index)
        if permits.request(index, host: subscriptions[index].host) { grant(index) }
    }

    /// Checks that it is the turn of `index`, then tells it, once.
    private func grant(_ index: Int) {
        // Those granted by the same release hold their permits already, and still stand in the shadow of the queue.
        let others = subscriptions.indices.filter { permits.isHolding($0) && !shadowQueue.contains($0) }
        let eligible = shadowQueue.first { candidate in
            guard let perHost = setup.perHost else { return true }
            return others.count { subscriptions[$0].host == subscriptions[candidate].host } < perHost
        }
        if eligible != index { fail("\(index) was served, it was the turn of \(eligible ?? -1)") }
        shadowQueue.removeAll { $0 == index }
        announcements.insert(index)
        if setup.announcesLater {
            let delay = Duration.microseconds(Int.random(in: 0...5000, using: &generator))
            schedule(.permitAnnouncement(index), after: delay)
        } else {
            announce(index)
        }
    }

    private func announce(_ index: Int) {
        announcements.remove(index)
        send(.permitGranted, to: index)
    }

    private func startSession(_ number: Int, of index: Int) {
        if number != subscriptions[index].machine.sessions { fail("session \(number) out of order") }
        let behaviour = setup.behaviour(index, number, &generator)
        let session = SimulatedSession(
            subscription: index,
            number: number,
            behaviour: behaviour,
            latency: .microseconds(Int.random(in: 100...40_000, using: &generator)),
            abortsInside: Bool.random(using: &generator),
            startedAt: now,
            machine: SessionMachine(
                timeouts: setup.timeouts,
                keepAlive: setup.keepAlive,
                isSecure: true,
                usesProxy: behaviour.usesProxy,
                needsResolution: true
            )
        )
        subscriptions[index].session = session
        sessions.append(session)
        note("session \(index).\(number) meets \(session.behaviour)")
        send(.started, to: session)
    }
}
