import ConnectionLifecycle
import Glibc
import MonotonicTime
import Testing

/// Random worlds. `HAWSER_SEED=n` replays one of them and prints its event log; `HAWSER_SEEDS=n` runs so many.
@Suite("Simulation: random worlds")
struct SeedTests {
    private static let parts = 6

    @Test("300 seeds hold every invariant after every step", arguments: 0..<parts)
    func seeds(part: Int) {
        if let seed = Self.number(from: "HAWSER_SEED") {
            guard part == 0 else { return }
            let world = Self.runWorld(seed: seed, logging: true)
            print(Self.readable(world.log ?? []))
            #expect(world.failure == nil, "seed \(seed)")
            return
        }
        let count = Self.number(from: "HAWSER_SEEDS") ?? 300
        for seed in 0..<count where seed % UInt64(Self.parts) == UInt64(part) {
            let world = Self.runWorld(seed: seed, logging: false)
            guard let failure = world.failure else { continue }
            let log = Self.runWorld(seed: seed, logging: true).log ?? []
            Issue.record(
                """
                seed \(seed): \(failure)
                replay: HAWSER_SEED=\(seed) swift test --filter SimulationTests
                the last of \(log.count) events:
                \(Self.readable(log.suffix(60)))
                """
            )
            return
        }
    }

    @Test("the same seed gives the same run, event by event")
    func deterministic() {
        for seed in [3, 77, 1234] as [UInt64] {
            let first = Self.runWorld(seed: seed, logging: true)
            let second = Self.runWorld(seed: seed, logging: true)
            #expect(first.log == second.log)
            #expect((first.log?.count ?? 0) > 100)
        }
    }

    @Test("the random worlds reach every outcome, stage, disposition and state that they can")
    func coverage() {
        var outcomes: Set<Outcome> = []
        var stages: Set<Stage> = []
        var stopped: Set<String> = []
        var crashed: Set<String> = []
        for seed in 0..<200 as Range<UInt64> {
            let world = Self.runWorld(seed: seed, logging: false)
            crashed.formUnion(world.crashedIn)
            for end in world.sessions.flatMap(\.ends) {
                outcomes.insert(end.outcome)
                stages.insert(end.stage)
                if end.cause == .shutdown { stopped.insert(end.stage.rawValue) }
            }
        }
        // `stale` is asked for by a part that is not in this world, `internal` is a defect.
        #expect(Set(Outcome.allCases).subtracting(outcomes) == [.stale, .internal])
        #expect(stages == Set(Stage.allCases))
        #expect(stopped.count >= 4, "stopped in \(stopped)")
        #expect(crashed.count >= 7, "crashed in \(crashed)")
    }

    private static func readable(_ log: some Sequence<String>) -> String {
        log.joined(separator: "\n").replacing("ConnectionLifecycle.", with: "")
    }

    private static func number(from variable: String) -> UInt64? {
        getenv(variable).flatMap { UInt64(String(cString: $0)) }
    }

    /// A world of random size, policies and disturbances, stopped at a random time and followed to its end.
    static func runWorld(seed: UInt64, logging: Bool) -> Simulator {
        var generator = SplitMix64(seed: ~seed)
        let count = Int.random(in: 1...12, using: &generator)
        let hosts = Int.random(in: 1...4, using: &generator)
        var setup = Simulator.Setup(hosts: (0..<count).map { "host\($0 % hosts)" })
        setup.limit = Int.random(in: 1...10, using: &generator)
        setup.perHost = Bool.random(using: &generator) ? Int.random(in: 1...4, using: &generator) : nil
        setup.announcesLater = Bool.random(using: &generator)
        setup.dials = DialGovernor.Limits(
            concurrent: Int.random(in: 1...8, using: &generator),
            perOrigin: Bool.random(using: &generator) ? Int.random(in: 1...3, using: &generator) : nil,
            perHost: [
                [], [Rate(5, per: .seconds(1))], [Rate(2, per: .seconds(1)), Rate(8, per: .seconds(20))],
            ][Int.random(in: 0..<3, using: &generator)]
        )
        setup.timeouts.pauseMax = .seconds(Int.random(in: 5...60, using: &generator))
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: setup.keepAlive = .ping(every: .seconds(2), timeout: .seconds(5))
        case 1: setup.keepAlive = .off
        default: break
        }
        if Bool.random(using: &generator) {
            setup.backoff = Backoff.Policy(max: .seconds(60), jitter: .fraction(0.25))
        }
        if Int.random(in: 0..<4, using: &generator) == 0 {
            setup.behaviour = { _, _, generator in .overloaded(using: &generator) }
        }
        let world = Simulator(setup, seed: seed, logging: logging)
        let end = Instant.origin + .seconds(Int.random(in: 1...400, using: &generator))
        for _ in 0..<Int.random(in: 0...60, using: &generator) {
            disturb(world, before: end, using: &generator)
        }
        for crash in crashes(before: end, using: &generator) {
            world.at(crash.at) { $0.crash(crash.kind, downtime: crash.downtime, clockGoesBack: crash.clockGoesBack) }
        }
        world.at(.origin) { $0.startAll() }
        world.at(end) { $0.stopAll() }
        world.run(until: end + .seconds(3))
        // Callbacks that come late find everything ended.
        world.run(until: end + .seconds(1000))
        if world.failure == nil { world.checkEnd() }
        return world
    }

    /// Half of the worlds let the process live; in the others it dies now and then, or over and over from its start on.
    private static func crashes(before end: Instant, using generator: inout SplitMix64) -> [PlannedCrash] {
        let isLoop = Bool.random(using: &generator)
        let count = max(Int.random(in: -6...6, using: &generator), 0)
        var at = Instant.origin
        let crashes = (0..<count).map { _ in
            let limit = isLoop ? min(end.nanoseconds, 4_000_000_000) : end.nanoseconds
            let gap = Duration.nanoseconds(Int64.random(in: 0...limit, using: &generator))
            at = isLoop ? at + gap : Instant.origin + gap
            return PlannedCrash(
                at: at,
                kind: Crash.allCases[Int.random(in: 0..<Crash.allCases.count, using: &generator)],
                downtime: .milliseconds(Int.random(in: 0...(isLoop ? 300 : 8000), using: &generator)),
                clockGoesBack: .milliseconds(Int.random(in: 0...4_000_000, using: &generator))
            )
        }
        // Nobody would stop a process that starts later.
        return crashes.filter { $0.at < end }
    }

    private static func disturb(_ world: Simulator, before end: Instant, using generator: inout SplitMix64) {
        let index = Int.random(in: world.subscriptions.indices, using: &generator)
        let kind = Int.random(in: 0..<9, using: &generator)
        let length = Duration.milliseconds(Int.random(in: 0...70_000, using: &generator))
        let when = Instant(nanoseconds: Int64.random(in: 0...end.nanoseconds, using: &generator))
        world.at(when) { world in
            guard !world.isDown else { return }
            let session = world.subscriptions[index].session
            switch kind {
            case 0 where length < .seconds(20): world.send(.redialRequested, to: index)
            case 0: world.send(.planChanged(world.setup.backoff, keepsSession: length > .seconds(45)), to: index)
            case 1: world.send(.pauseRequested, to: index)
            case 2: world.send(.resumeRequested, to: index)
            case 3: world.send(.deadlineReached, to: index)
            case 4: if let session { world.send(.deadlineReached, to: session) }
            case 5: world.send(.hostRecovered, to: index)
            case 6: if length < .seconds(3) { world.send(.stopRequested(.reloaded), to: index) }
            default:
                guard let session else { return }
                world.pauseReading(session)
                world.at(world.now + length) { $0.resumeReading(session) }
            }
        }
    }
}
