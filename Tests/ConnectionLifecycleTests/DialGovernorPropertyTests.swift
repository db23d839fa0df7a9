import ConnectionLifecycle
import MonotonicTime
import Testing

/// Random dialers in virtual time, with crashes of their process: what the other side counts, at whatever moment of a
/// dial it counts it, is never more than a limit allows.
@Suite("DialGovernor: random worlds")
struct DialGovernorPropertyTests {
    @Test("200 seeds: no window exceeded, no place given twice, in order, and everyone gets a turn", arguments: 0..<4)
    func seeds(part: Int) {
        for seed in 0..<200 as Range<UInt64> where seed % 4 == UInt64(part) {
            var world = DialWorld(seed: seed)
            world.run()
            #expect(world.failure == nil, "seed \(seed)")
            if world.failure != nil { return }
        }
    }

    @Test("the worlds dial, wait for each reason, withdraw, hold and crash")
    func coverage() {
        var reasons: Set<String> = []
        var arrivals = 0
        var crashes = 0
        for seed in 0..<60 as Range<UInt64> {
            var world = DialWorld(seed: seed)
            world.run()
            reasons.formUnion(world.reasons)
            arrivals += world.arrivals.values.reduce(0) { $0 + $1.count }
            crashes += world.crashes
        }
        #expect(reasons == ["retryAfter", "rate", "origin", "process"])
        #expect(arrivals > 5000)
        #expect(crashes > 50)
    }
}

private struct DialWorld {
    private enum Event {
        case wants(Int)
        case ends(Int, epoch: Int)
        case withdraws(Int)
        case holds(String, Duration)
        case crash
    }

    private let limits: DialGovernor.Limits
    private let sites: [DialSite]
    private var governor: DialGovernor
    private var generator: SplitMix64
    private var now = Instant.origin + .seconds(1)
    private var events: [(at: Instant, event: Event)] = []
    /// For each origin, who waits and since which request, kept by the world itself.
    private var queue: [(id: Int, number: Int)] = []
    private var dialing: Set<Int> = []
    private var held: [String: Instant] = [:]
    private var epoch = 0
    private var numbers = 0
    /// Nothing new begins after this.
    private let rest = Instant.origin + .seconds(120)

    private(set) var failure: String?
    private(set) var reasons: Set<String> = []
    private(set) var crashes = 0
    /// When each host's server counted a dial.
    private(set) var arrivals: [String: [Instant]] = [:]

    init(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let rates = [
            [], [Rate(5, per: .seconds(1))], [Rate(1, per: .milliseconds(300))],
            [Rate(4, per: .seconds(1)), Rate(20, per: .seconds(15))], [Rate(7, per: .seconds(3))],
        ]
        limits = DialGovernor.Limits(
            concurrent: Int.random(in: 1...12, using: &generator),
            perOrigin: Bool.random(using: &generator) ? Int.random(in: 1...3, using: &generator) : nil,
            perHost: rates[Int.random(in: 0..<rates.count, using: &generator)]
        )
        let hosts = Int.random(in: 1...4, using: &generator)
        let ports = Int.random(in: 1...3, using: &generator)
        sites = (0..<Int.random(in: 1...40, using: &generator)).map { index in
            DialSite(host: "host\(index % hosts)", origin: "wss://host\(index % hosts):\(index / hosts % ports)")
        }
        governor = DialGovernor(limits)
        self.generator = generator
        for id in sites.indices { after(.zero, upTo: 2, .wants(id)) }
        for _ in 0..<Int.random(in: 0...8, using: &self.generator) { after(.zero, upTo: 120, .crash) }
        for _ in 0..<Int.random(in: 0...3, using: &self.generator) {
            let host = "host\(Int.random(in: 0..<hosts, using: &self.generator))"
            after(.zero, upTo: 100, .holds(host, .seconds(Int.random(in: 0...30, using: &self.generator))))
        }
        for _ in 0..<Int.random(in: 0...40, using: &self.generator) {
            after(.zero, upTo: 120, .withdraws(Int.random(in: sites.indices, using: &self.generator)))
        }
    }

    mutating func run() {
        var steps = 0
        while failure == nil {
            let next = events.indices.min { events[$0].at < events[$1].at }
            let due = [next.map { events[$0].at }, governor.nextDeadline].compactMap { $0 }.min()
            guard let due else { break }
            now = max(now, due)
            steps += 1
            if steps > 200_000 { return fail("it never comes to rest") }
            if let next, events[next].at <= now {
                happen(events.remove(at: next).event)
            } else {
                handle(.deadlineReached)
            }
            if governor.waiting != queue.count { fail("\(governor.waiting) wait, not \(queue.count)") }
            if governor.running != dialing.count { fail("\(governor.running) dial, not \(dialing.count)") }
            if !queue.isEmpty, dialing.isEmpty, governor.nextDeadline == nil { fail("nothing will ever happen") }
            checkIdle()
        }
        if !queue.isEmpty { fail("\(queue.count) wait for ever") }
        // Each that waits when nothing new begins waits at most for all before it.
        let longest = limits.perHost.map(\.per).max() ?? .zero
        let bound = rest + .seconds(30) + (.seconds(4) + longest) * sites.count
        if now > bound { fail("the last was released after \(now.nanoseconds / 1_000_000_000) s") }
        checkWindows()
    }

    /// Without rates, whoever has a place and no Retry-After to wait for does not wait.
    private mutating func checkIdle() {
        guard limits.perHost.isEmpty, dialing.count < limits.concurrent else { return }
        for (id, _) in queue where held[sites[id].host] ?? .origin < now {
            let inUse = dialing.count { sites[$0].origin == sites[id].origin }
            if inUse < limits.perOrigin ?? .max { fail("\(id) waits for nothing") }
        }
    }

    private mutating func happen(_ event: Event) {
        switch event {
        case .wants(let id):
            guard !dialing.contains(id), !queue.contains(where: { $0.id == id }) else { return }
            numbers += 1
            queue.append((id, numbers))
            handle(.requested(id, sites[id]))
        case .ends(let id, let epoch):
            guard epoch == self.epoch else { return }
            dialing.remove(id)
            let ends: [DialEvent.End] = [.opened, .failed, .abandoned]
            handle(.ended(id, ends[Int.random(in: 0..<3, using: &generator)]))
            if now < rest { after(.zero, upTo: 3, .wants(id)) }
        case .withdraws(let id):
            queue.removeAll { $0.id == id }
            handle(.withdrawn(id))
        case .holds(let host, let duration):
            held[host] = max(held[host] ?? .origin, now + duration)
            handle(.held(host: host, for: duration))
        case .crash:
            crash()
        }
    }

    /// The process is killed and starts again, perhaps after a while.
    private mutating func crash() {
        guard now < rest else { return }
        crashes += 1
        epoch += 1
        let memory = governor.memory(at: now)
        for host in arrivals.keys { arrivals[host]?.removeAll { $0 > now } }
        now = now + .milliseconds(Int.random(in: 0...1500, using: &generator))
        governor = DialGovernor(limits)
        governor.restore(memory, now: now)
        queue = []
        dialing = []
        for id in sites.indices { after(.zero, upTo: 1, .wants(id)) }
    }

    private mutating func handle(_ event: DialEvent) {
        for action in governor.handle(event, now: now) {
            switch action {
            case .release(let id): release(id)
            case .queued(_, let wait):
                switch wait.reason {
                case .retryAfter: reasons.insert("retryAfter")
                case .rate: reasons.insert("rate")
                case .origin: reasons.insert("origin")
                case .process: reasons.insert("process")
                }
            case .hostRecovered: break
            }
        }
    }

    private mutating func release(_ id: Int) {
        let site = sites[id]
        guard let place = queue.firstIndex(where: { $0.id == id }) else { return fail("\(id) did not wait") }
        let isFirst = !queue[..<place].contains { earlier in
            let other = sites[earlier.id]
            let inUse = dialing.count { sites[$0].origin == other.origin }
            return other.host == site.host && inUse < limits.perOrigin ?? .max
        }
        if !isFirst { fail("\(id) overtook one of its host") }
        queue.remove(at: place)
        dialing.insert(id)
        if dialing.count > limits.concurrent { fail("\(dialing.count) dials at once") }
        let ofOrigin = dialing.count { sites[$0].origin == site.origin }
        if ofOrigin > limits.perOrigin ?? .max { fail("\(ofOrigin) dials of an origin at once") }
        if let until = held[site.host], until > now { fail("released in spite of Retry-After") }
        let length = Duration.milliseconds(Int.random(in: 0...3000, using: &generator))
        events.append((now + length, .ends(id, epoch: epoch)))
        // The server counts it at some moment of the dial, the first and the last included; or not at all if the process is
        // gone by then.
        let whole = length.saturatedNanoseconds
        let moments = [0, whole, Int64.random(in: 0...whole, using: &generator)]
        let arrival = now + .nanoseconds(moments[Int.random(in: 0..<3, using: &generator)])
        arrivals[site.host, default: []].append(arrival)
    }

    private mutating func after(_ delay: Duration, upTo seconds: Int, _ event: Event) {
        let random = Duration.milliseconds(Int.random(in: 0...seconds * 1000, using: &generator))
        events.append((now + delay + random, event))
    }

    private mutating func fail(_ message: String) {
        failure = failure ?? "at \(now.nanoseconds / 1_000_000) ms: \(message)"
    }

    private mutating func checkWindows() {
        for (host, instants) in arrivals {
            let sorted = instants.sorted()
            for rate in limits.perHost where sorted.count > rate.count {
                for index in rate.count..<sorted.count
                where sorted[index] - sorted[index - rate.count] <= rate.per {
                    fail("\(rate.count + 1) dials of \(host) within \(sorted[index] - sorted[index - rate.count])")
                }
            }
        }
    }
}
