import ConnectionLifecycle
import MonotonicTime
import Testing

@Suite("Simulation: a thousand ends")
struct ThousandEndsTests {
    @Test(
        "1,000 sessions ended in every way, and told to close in every state: one outcome each, closed within 3 s",
        arguments: [1, 2, 3, 4] as [UInt64]
    )
    func thousandEnds(seed: UInt64) {
        var setup = Simulator.Setup(hosts: (0..<40).map { "host\($0)" })
        setup.limit = 25
        // Short, so that the watchdogs too find their sessions before they are redialled.
        setup.timeouts.pauseMax = .seconds(8)
        setup.keepAlive = .ping(every: .seconds(3), timeout: .seconds(3))
        setup.backoff = Backoff.Policy(max: .seconds(1))
        var next = 0
        setup.behaviour = { _, _, generator in
            let all = Behaviour.all(using: &generator)
            next += 1
            return all[next % all.count]
        }
        let world = Simulator(setup, seed: seed)
        var generator = SplitMix64(seed: ~seed)
        world.startAll()
        while world.sessions.count < 1000, world.failure == nil {
            world.run(until: world.now + .milliseconds(Int.random(in: 1...300, using: &generator)))
            // The slow lanes would take their time; a redial ends a backoff, and a session in whatever state it is.
            let index = Int.random(in: world.subscriptions.indices, using: &generator)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0...3: world.send(.redialRequested, to: index)
            case 4, 5: if let session = world.subscriptions[index].session { world.pauseReading(session) }
            case 6: if let session = world.subscriptions[index].session { world.resumeReading(session) }
            default: close(world.subscriptions[index].session, in: world, using: &generator)
            }
        }
        world.stopAll()
        world.run(until: world.now + .seconds(3))
        if world.failure == nil { world.checkEnd() }
        #expect(world.failure == nil)
        check(world)
    }

    /// As a watchdog, a new configuration, an operator or a defect would.
    private func close(_ session: SimulatedSession?, in world: Simulator, using generator: inout SplitMix64) {
        let outcomes: [Outcome] = [.stale, .reloaded, .paused, .internal]
        guard let session, let outcome = outcomes.randomElement(using: &generator) else { return }
        world.send(.closeRequested(outcome, code: 1001, reason: ""), to: session)
    }

    private func check(_ world: Simulator) {
        #expect(world.sessions.count >= 1000)
        #expect(world.sessions.allSatisfy { $0.ends.count == 1 })
        #expect(world.permits.held == 0 && world.permits.waiting == 0)
        #expect(world.sessions.allSatisfy { !$0.transportExists })
        var longest = Duration.zero
        for session in world.sessions {
            guard let since = session.closingSince, let endedAt = session.endedAt else { continue }
            longest = max(longest, since.duration(to: endedAt))
        }
        #expect(longest == .seconds(3), "the worst peers take exactly the limit, nothing takes longer")
        let ends = world.sessions.flatMap(\.ends)
        #expect(Set(Outcome.allCases).subtracting(ends.map(\.outcome)).isEmpty)
        #expect(Set(ends.map(\.stage)) == Set(Stage.allCases))
        let closedOnRequest = ends.filter { $0.cause == .rotated }
        #expect(Set(closedOnRequest.map(\.stage)) == Set(Stage.allCases))
    }
}
