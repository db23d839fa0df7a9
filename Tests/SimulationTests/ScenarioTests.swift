import ConnectionLifecycle
import MonotonicTime
import Testing

/// Whole stories in virtual time.
@Suite("Simulation: scenarios")
struct ScenarioTests {
    private func seconds(_ seconds: Double) -> Instant {
        Instant.origin + .seconds(seconds)
    }

    @Test(
        "a dead port: 1, 2, 4, 8, 16 s, each within 25 %, up to 60 s, and hours later it still tries",
        arguments: 0..<20
    )
    func deadPort(seed: Int) {
        var setup = Simulator.Setup(hosts: ["dead"])
        setup.backoff = Backoff.Policy(first: .seconds(1), factor: 2, max: .seconds(60), jitter: .fraction(0.25))
        setup.behaviour = { _, _, _ in .refused }
        let world = Simulator(setup, seed: UInt64(seed))
        world.startAll()
        world.run(until: seconds(4 * 3600))
        #expect(world.failure == nil)
        let curve: [Double] = [1, 2, 4, 8, 16, 32, 60, 60, 60]
        for (entry, expected) in zip(world.retries, curve) {
            #expect(abs(entry.retry.delay.seconds / expected - 1) <= 0.25, "seed \(seed)")
        }
        #expect(world.retries.map(\.retry.attempt) == Array(1...world.retries.count))
        #expect(world.retries.count > 200)
        #expect(world.retries.allSatisfy { $0.retry.end.outcome == .dialFailed })
        checkLog(of: world, seed: seed)
    }

    /// The first ten attempts are logged one by one, later ones at least every five minutes with the count between.
    private func checkLog(of world: Simulator, seed: Int) {
        var limiter = RepeatLimiter()
        var logged: [(index: Int, at: Instant)] = []
        var counted = 0
        for (index, entry) in world.retries.enumerated() {
            // A retry is followed by the next after its delay and, at most, a dial.
            let next = entry.retry.delay + world.setup.timeouts.dial
            let (log, suppressed) = limiter.shouldLog(entry.at, next: next)
            guard log else { continue }
            logged.append((index, entry.at))
            counted += 1 + suppressed
        }
        counted += limiter.reset()
        #expect(counted == world.retries.count, "seed \(seed)")
        #expect(logged.prefix(10).map(\.index) == Array(0..<10), "seed \(seed)")
        #expect(logged.count > 40 && logged.count < 100, "seed \(seed): \(logged.count) lines in four hours")
        for (earlier, later) in zip(logged, logged.dropFirst()) {
            #expect(earlier.at.duration(to: later.at) <= .seconds(300), "seed \(seed)")
        }
    }

    @Test("eight subscriptions, five permits: never more than five, the rest wait in order, each gets its turn")
    func eightUnderFive() {
        var setup = Simulator.Setup(hosts: (0..<8).map { "feed\($0)" })
        setup.limit = 5
        setup.behaviour = { _, _, generator in
            .closes(1000, after: .seconds(Int.random(in: 5...30, using: &generator)), endsTransport: true)
        }
        let world = Simulator(setup, seed: 8)
        world.startAll()
        world.run(until: seconds(1))
        #expect(
            world.subscriptions.map { $0.machine.holdsPermit } == [true, true, true, true, true, false, false, false]
        )
        #expect([5, 6, 7].map { world.permits.position(of: $0) } == [1, 2, 3])
        #expect([5, 6, 7].allSatisfy { world.subscriptions[$0].machine.state == .waitingForSlot })
        var most = 0
        for second in 2...600 {
            world.run(until: seconds(Double(second)))
            most = max(most, world.sessions.count { $0.transportExists })
        }
        #expect(world.failure == nil)
        #expect(most == 5)
        // First come, first served: the first turns of those who waited come in the order in which they asked.
        #expect(world.sessions.filter { $0.number == 1 }.map(\.subscription) == Array(0..<8))
        #expect(world.subscriptions.allSatisfy { $0.machine.sessions >= 5 })
        // A redial queues at the tail: nobody has two turns while another waits for its first.
        let firsts = world.sessions.firstIndex { $0.number == 2 } ?? 0
        #expect(Set(world.sessions[..<firsts].map(\.subscription)).count >= 6)
    }

    @Test("a peer that stops answering pings is closed exactly after every + timeout, and redialled")
    func halfOpen() throws {
        var setup = Simulator.Setup(hosts: ["feed"])
        setup.behaviour = { _, number, _ in number == 1 ? .goesSilent(after: .zero) : .wellBehaved }
        let world = Simulator(setup, seed: 1)
        world.startAll()
        world.run(until: seconds(60))
        #expect(world.failure == nil)
        #expect(world.sessions.count == 2)
        let session = try #require(world.sessions.first)
        #expect(session.ends.first?.outcome == .pingTimeout)
        #expect(session.openedAt.map { $0 + .seconds(30) } == session.closingSince)
        #expect(session.ends.first?.uptime == .seconds(30))
        // Close is sent, not answered, and after 2 s the socket is aborted, which takes up to 1 ms.
        let closing = (session.closingSince ?? .origin).duration(to: session.endedAt ?? .origin)
        #expect(closing >= .seconds(2) && closing <= .milliseconds(2001))
        let redialled = try #require(world.sessions.last)
        #expect(redialled.number == 2)
        #expect(redialled.openedAt != nil)
        #expect(redialled.ends.isEmpty)
    }

    @Test("a peer that answers the Close but no ping: still ping_timeout, and without waiting for it")
    func deafToPings() throws {
        var setup = Simulator.Setup(hosts: ["feed"])
        setup.behaviour = { _, _, _ in .ignoresPings }
        let world = Simulator(setup, seed: 2)
        world.startAll()
        world.run(until: seconds(32))
        let session = try #require(world.sessions.first)
        #expect(session.ends.map(\.outcome) == [.pingTimeout])
        #expect(session.endedAt.map { $0 - (session.closingSince ?? .origin) < .milliseconds(100) } == true)
    }

    @Test(
        "a server that drops idle peers after 5 s keeps a session that pings every 2 s, and no other",
        arguments: [
            (KeepAlive.Policy.ping(every: .seconds(2), timeout: .seconds(5)), true), (.off, false), (.standard, false),
        ]
    )
    func idleDrop(policy: KeepAlive.Policy, survives: Bool) {
        var setup = Simulator.Setup(hosts: ["quiet"])
        setup.keepAlive = policy
        setup.behaviour = { _, _, _ in .dropsIdle(after: .seconds(5)) }
        let world = Simulator(setup, seed: 3)
        world.startAll()
        world.run(until: seconds(600))
        #expect(world.failure == nil)
        #expect((world.sessions.count == 1) == survives)
        if !survives {
            #expect(world.sessions.first?.ends.map(\.outcome) == [.peerVanished])
            #expect(world.sessions.first?.ends.first?.uptime == .seconds(5))
        }
    }

    @Test("a peer that sends without end and answers no ping is closed after every + three timeouts")
    func feedsWithoutPongs() throws {
        var setup = Simulator.Setup(hosts: ["feed"])
        setup.behaviour = { _, _, _ in .feedsWithoutPongs }
        let world = Simulator(setup, seed: 9)
        world.startAll()
        world.run(until: seconds(60))
        let session = try #require(world.sessions.first)
        #expect(session.ends.map(\.outcome) == [.pingTimeout])
        #expect(session.ends.first?.uptime == .seconds(50))
        #expect(world.failure == nil)
    }

    @Test("reading that is paused does not cost the session its pongs, until pause_max does")
    func pausedReading() throws {
        var setup = Simulator.Setup(hosts: ["feed"])
        setup.behaviour = { _, _, _ in .wellBehaved }
        let world = Simulator(setup, seed: 4)
        world.startAll()
        world.run(until: seconds(19))
        let session = try #require(world.sessions.first)
        world.pauseReading(session)
        world.run(until: seconds(70))
        world.resumeReading(session)
        world.run(until: seconds(200))
        #expect(world.sessions.count == 1)
        world.pauseReading(session)
        world.run(until: seconds(270))
        #expect(session.ends.map(\.outcome) == [.sinkBlocked])
        #expect(session.closingSince == seconds(260))
        #expect(world.failure == nil)
    }

    @Test("a server that accepts and drops at once meets growing delays")
    func acceptAndDrop() {
        var setup = Simulator.Setup(hosts: ["flapping"])
        setup.backoff.jitter = .none
        setup.behaviour = { _, _, _ in .vanishes(after: .milliseconds(1)) }
        let world = Simulator(setup, seed: 5)
        world.startAll()
        world.run(until: seconds(3600))
        #expect(world.failure == nil)
        #expect(world.retries.prefix(6).map(\.retry.delay) == [1, 2, 4, 8, 16, 30].map { .seconds($0) })
        #expect(world.sessions.count < 130)
    }

    @Test("a server that accepts, keeps silent for a minute and drops meets growing delays; one that feeds does not")
    func silentFlapping() {
        for (behaviour, delays) in [
            (Behaviour.dropsIdle(after: .seconds(60)), [1, 2, 4, 8, 16, 30]),
            (.vanishes(after: .seconds(60)), [1, 1, 1, 1, 1, 1]),
        ] {
            var setup = Simulator.Setup(hosts: ["flapping"])
            setup.backoff.jitter = .none
            setup.keepAlive = .off
            setup.behaviour = { _, _, _ in behaviour }
            let world = Simulator(setup, seed: 9)
            world.startAll()
            world.run(until: seconds(3600))
            #expect(world.failure == nil)
            #expect(world.retries.prefix(6).map(\.retry.delay) == delays.map { .seconds($0) }, "\(behaviour)")
        }
    }

    @Test("after an outage of a host the first success brings the others back within a few seconds")
    func hostRecovers() {
        var setup = Simulator.Setup(hosts: Array(repeating: "host", count: 50))
        let recovery = seconds(600)
        weak var current: Simulator?
        setup.behaviour = { _, _, _ in (current?.now ?? .origin) < recovery ? .refused : .wellBehaved }
        let world = Simulator(setup, seed: 6)
        current = world
        world.startAll()
        world.run(until: seconds(660))
        #expect(world.failure == nil)
        let back = world.sessions.compactMap(\.openedAt).sorted()
        #expect(back.count == 50)
        if let first = back.first, let last = back.last {
            #expect(last - first < .seconds(3), "\(last - first)")
        }
    }

    @Test("after an outage of a host 300 feeds come back at the rate of the gate: 20/s, p95 within 20 s of its end")
    func outageThroughTheGate() {
        var setup = Simulator.Setup(hosts: Array(repeating: "host", count: 300))
        setup.limit = 300
        setup.dials = DialGovernor.Limits(concurrent: 20, perOrigin: 20, perHost: [Rate(20, per: .seconds(1))])
        let recovery = seconds(120)
        weak var current: Simulator?
        setup.behaviour = { _, _, _ in
            let now = current?.now ?? .origin
            if now < Instant.origin + .seconds(60) { return .vanishes(after: .seconds(50)) }
            return now < recovery ? .refused : .wellBehaved
        }
        let world = Simulator(setup, seed: 7)
        current = world
        world.startAll()
        world.run(until: seconds(180))
        #expect(world.failure == nil)
        let back = world.sessions.compactMap(\.openedAt).filter { $0 >= recovery }.sorted()
        #expect(back.count == 300)
        if back.count == 300 { #expect(back[284] - recovery <= .seconds(20), "\(back[284] - recovery)") }
    }

    @Test("a Retry-After of one feed holds the others of its host, and nobody else")
    func sharedRetryAfter() {
        var setup = Simulator.Setup(hosts: ["busy", "busy", "busy", "calm"])
        setup.dials = DialGovernor.Limits(perHost: [])
        setup.behaviour = { subscription, number, _ in
            subscription == 0 && number == 1 ? .rejected(429, retryAfter: .seconds(60)) : .wellBehaved
        }
        let world = Simulator(setup, seed: 11)
        world.startAll()
        world.run(until: seconds(100))
        #expect(world.failure == nil)
        let opened = world.sessions.filter { $0.openedAt != nil }
        #expect(opened.filter { $0.subscription < 3 }.allSatisfy { $0.startedAt >= seconds(60) })
        #expect(opened.first { $0.subscription == 3 }.map { $0.startedAt < seconds(1) } == true)
        #expect(Set(opened.map(\.subscription)) == [0, 1, 2, 3])
        #expect(world.sessions.filter { $0.subscription == 1 }.count == 1, "no dial was wasted on the busy host")
    }

    @Test("shutdown in each state: every subscription stops within 3 s, and has given everything back")
    func shutdownEverywhere() {
        for millisecond in stride(from: 0, through: 12_000, by: 37) {
            var generator = SplitMix64(seed: UInt64(millisecond))
            let behaviours = Behaviour.all(using: &generator)
            var setup = Simulator.Setup(hosts: behaviours.indices.map { "host\($0)" })
            setup.limit = behaviours.count - 3
            setup.behaviour = { subscription, _, _ in behaviours[subscription] }
            let world = Simulator(setup, seed: UInt64(millisecond))
            world.startAll()
            world.at(Instant.origin + .milliseconds(millisecond)) { $0.stopAll() }
            world.run(until: Instant.origin + .milliseconds(millisecond + 3000))
            if world.failure == nil { world.checkEnd() }
            #expect(world.failure == nil, "stopped at \(millisecond) ms")
        }
    }
}
