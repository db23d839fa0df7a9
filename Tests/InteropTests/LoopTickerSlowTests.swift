import HawserHTTP
import Locking
import MonotonicTime
import NameResolution
import TestSupport
import Testing
import Transport

/// Requests and name look-ups never hold up an event loop, nor Swift's own threads.
@Suite("HTTP interop: nothing is held up", .serialized)
struct LoopTickerSlowTests {
    private static let tick = Duration.milliseconds(10)
    private static let rounds = 4

    /// The largest gaps between two ticks.
    private struct Gaps {
        var loop: Duration
        var pool: Duration
    }

    @Test(
        "tickers on a loop and in the global pool keep their pace through 1,000 slow requests and a stalled DNS server"
    )
    func tickers() async throws {
        let servers = try await HTTPInteropServers.shared()
        let allowance = Duration.milliseconds(20)
        // A busy machine makes a gap now and then; who is held up by requests has one every time.
        for round in 1...Self.rounds {
            let idle = try await gaps { try await Task.sleep(for: .seconds(5)) }
            let busy = try await gaps { try await load(servers) }
            print("largest gaps: loop \(busy.loop) (idle \(idle.loop)), pool \(busy.pool) (idle \(idle.pool))")
            if busy.loop <= idle.loop + allowance, busy.pool <= idle.pool + allowance { return }
            if round == Self.rounds { Issue.record("more than \(allowance) above idle in each of \(round) rounds") }
        }
    }

    /// 1,000 requests of half a second each, 100 at once, while 100 others wait for a name server that answers nothing.
    private func load(_ servers: HTTPInteropServers) async throws {
        let stop = try StopSignal()
        let resolver = NameResolver { host in
            stop.wait(atMost: .seconds(60))
            return .failure(NameResolutionError(host: host, kind: .notFound, detail: "stalled"))
        }
        defer {
            stop.raise()
            resolver.shutdown()
        }
        var stalled = HTTPConfiguration()
        stalled.resolver = resolver
        stalled.timeouts.connect = .seconds(2)
        stalled.pool = HTTPPoolLimits(maxConnections: 100, maxPerHost: 100)
        var slow = servers.configuration()
        slow.pool = HTTPPoolLimits(maxConnections: 100, maxPerHost: 100)
        try await withHTTPClient(stalled) { stuck in
            try await withHTTPClient(slow) { client in
                let names = try (0..<100).map { try HTTPRequest(.get, "http://host-\($0).test/") }
                let requests = try (0..<1000).map { _ in try HTTPRequest(.get, servers.app("/delay/500")) }
                async let unanswered = stuck.gather(names, limit: 100)
                let answers = await client.gather(requests, limit: 100)
                #expect(try answers.allSatisfy { try $0.get().status == 200 })
                for result in await unanswered {
                    let error = #expect(throws: HTTPError.self) { try result.get() }
                    guard case .timedOut(.connect, _) = error?.kind else {
                        Issue.record("\(String(describing: error))")
                        continue
                    }
                }
            }
        }
    }

    /// Runs `body` beside the tickers.
    private func gaps(_ body: () async throws -> Void) async throws -> Gaps {
        let loop = try EventLoop()
        let onLoop = TickGap()
        let inPool = TickGap()
        loop.submit { LoopTicker(loop, Self.tick, onLoop).start() }
        let poolTicker = Task.detached {
            while !Task.isCancelled {
                inPool.tick()
                try? await Task.sleep(for: Self.tick, tolerance: .zero)
            }
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        poolTicker.cancel()
        await poolTicker.value
        onLoop.end()
        try await eventually("the end of the ticker") { onLoop.hasEnded }
        await loop.shutdown()
        try result.get()
        #expect(onLoop.count > 200 && inPool.count > 200)
        return Gaps(loop: onLoop.largest, pool: inPool.largest)
    }
}

/// Ticks on a loop until it ends.
private final class LoopTicker {
    private let tick: Duration
    private let gap: TickGap
    private let loop: EventLoop
    private var timer: LoopTimer?

    init(_ loop: EventLoop, _ tick: Duration, _ gap: TickGap) {
        self.loop = loop
        self.tick = tick
        self.gap = gap
    }

    func start() {
        // It holds itself, as nobody else does, until it has seen the end.
        timer = loop.makeTimer { self.fire() }
        fire()
    }

    private func fire() {
        gap.tick()
        if gap.isEnding {
            timer = nil
            gap.ended()
        } else {
            timer?.arm(at: loop.now + tick)
        }
    }
}

/// The largest time between two ticks.
private final class TickGap: Sendable {
    private struct State {
        var last: ContinuousClock.Instant?
        var largest = Duration.zero
        var count = 0
        var isEnding = false
        var hasEnded = false
    }

    private let state = OrderedMutex(State())

    func tick() {
        let now = ContinuousClock.now
        state.withLock { state in
            if let last = state.last { state.largest = max(state.largest, now - last) }
            state.last = now
            state.count += 1
        }
    }

    /// Asks the ticker to end.
    func end() {
        state.withLock { $0.isEnding = true }
    }

    /// The ticker has ended.
    func ended() {
        state.withLock { $0.hasEnded = true }
    }

    var isEnding: Bool { state.withLock { $0.isEnding } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }
    var largest: Duration { state.withLock { $0.largest } }
    var count: Int { state.withLock { $0.count } }
}
