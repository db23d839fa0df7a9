import TestSupport
import Testing

@testable import HawserHTTP

@Suite("Pool queue")
struct PoolQueueTests {
    @Test("first come first served, and a full host holds up nobody but its own")
    func order() {
        var pool = PoolQueue(HTTPPoolLimits(maxConnections: 3, maxPerHost: 2))
        let granted = [(1, "a"), (2, "a"), (3, "a"), (4, "b"), (5, "b"), (6, "a")].map { pool.enter($0.0, host: $0.1) }
        #expect(granted == [true, true, false, true, false, false])
        let first = pool.release(host: "b")
        #expect(first == 5)
        let second = pool.release(host: "a")
        #expect(second == 3)
        let left = [pool.leave(6), pool.leave(6)]
        #expect(left == [true, false])
        let none = pool.release(host: "a")
        #expect(none == nil)
        #expect(pool.waiting == 0 && pool.active == 2)
    }

    @Test("any sequence: no limit is exceeded, nobody is lost, and order holds within a host")
    func properties() {
        var generator = SeededGenerator("pool")
        for _ in 0..<60 {
            let limits = HTTPPoolLimits(
                maxConnections: Int.random(in: 1...6, using: &generator),
                maxPerHost: Int.random(in: 1...4, using: &generator)
            )
            checkRandomly(limits, &generator)
        }
    }

    private func checkRandomly(_ limits: HTTPPoolLimits, _ generator: inout SeededGenerator) {
        var pool = PoolQueue(limits)
        var waiting: [(id: UInt64, host: String)] = []
        var active: [String: Int] = [:]
        var lastID: UInt64 = 0
        func grant(_ id: UInt64) {
            guard let index = waiting.firstIndex(where: { $0.id == id }) else {
                Issue.record("granted to nobody, seed \(generator.seed)")
                return
            }
            let host = waiting[index].host
            #expect(!waiting[..<index].contains { $0.host == host }, "out of order, seed \(generator.seed)")
            waiting.remove(at: index)
            active[host, default: 0] += 1
        }
        for _ in 0..<400 {
            let host = ["a", "b", "c"].randomElement(using: &generator) ?? "a"
            switch Int.random(in: 0..<10, using: &generator) {
            case 0..<5:
                lastID += 1
                waiting.append((lastID, host))
                if pool.enter(lastID, host: host) { grant(lastID) }
            case 5..<6:
                if let one = waiting.randomElement(using: &generator) {
                    let wasWaiting = pool.leave(one.id)
                    #expect(wasWaiting)
                    waiting.removeAll { $0.id == one.id }
                }
            default:
                guard active[host, default: 0] > 0 else { continue }
                active[host, default: 0] -= 1
                if let id = pool.release(host: host) { grant(id) }
            }
            let total = active.values.reduce(0, +)
            #expect(total <= limits.maxConnections && active.values.allSatisfy { $0 <= limits.maxPerHost })
            #expect(pool.active == total && pool.waiting == waiting.count, "seed \(generator.seed)")
            // Nobody waits for what is free.
            let isFree = waiting.contains { active[$0.host, default: 0] < limits.maxPerHost }
            #expect(!isFree || total == limits.maxConnections, "somebody waits in vain, seed \(generator.seed)")
        }
    }
}
