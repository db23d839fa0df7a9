import ConnectionLifecycle
import Testing

@Suite("PermitQueue")
struct PermitQueueTests {
    @Test("as many as the limit are served at once, the rest in order")
    func order() {
        var queue = PermitQueue<Int>(limit: 2)
        #expect([1, 2, 3, 4, 5].map { queue.request($0, host: "a") } == [true, true, false, false, false])
        #expect(queue.held == 2 && queue.waiting == 3)
        #expect([3, 4, 5].map { queue.position(of: $0) } == [1, 2, 3])
        #expect(queue.position(of: 1) == nil)
        #expect(queue.release(1) == [3])
        #expect(queue.request(1, host: "a") == false, "a redial queues at the tail")
        #expect(queue.position(of: 1) == 3)
        #expect(queue.release(2) == [4])
        #expect(queue.release(3) == [5])
        #expect(queue.release(4) == [1])
        #expect(queue.release(5) == [])
        #expect(queue.release(1) == [])
        #expect(queue.held == 0 && queue.waiting == 0)
    }

    @Test("one who waits only for its host does not block the others")
    func perHost() {
        var queue = PermitQueue<String>(limit: 3, perHost: 1)
        #expect(queue.request("a1", host: "a") == true)
        #expect(queue.request("a2", host: "a") == false)
        #expect(queue.request("a3", host: "a") == false)
        #expect(queue.request("b1", host: "b") == true)
        #expect(queue.request("c1", host: "c") == true)
        #expect(queue.request("d1", host: "d") == false)
        #expect(queue.position(of: "d1") == 3)
        #expect(queue.release("b1") == ["d1"])
        #expect(queue.release("a1") == ["a2"])
        #expect(queue.release("c1") == [])
        #expect(queue.release("a2") == ["a3"])
    }

    @Test("who withdraws is passed over, and may come back at the tail")
    func withdraw() {
        var queue = PermitQueue<Int>(limit: 1)
        #expect(queue.request(0, host: "a") == true)
        for id in 1...4 { #expect(queue.request(id, host: "a") == false) }
        queue.withdraw(1)
        queue.withdraw(3)
        #expect(queue.request(1, host: "a") == false)
        #expect([2, 4, 1].map { queue.position(of: $0) } == [1, 2, 3])
        #expect(queue.release(0) == [2])
        #expect(queue.release(2) == [4])
        #expect(queue.release(4) == [1])
    }

    @Test("double requests, strange releases and withdrawals of holders change nothing")
    func harmless() {
        var queue = PermitQueue<Int>(limit: 1)
        #expect(queue.request(1, host: "a") == true)
        #expect(queue.request(1, host: "a") == true)
        #expect(queue.request(2, host: "a") == false)
        #expect(queue.request(2, host: "a") == false)
        #expect(queue.waiting == 1)
        #expect(queue.release(9) == [])
        #expect(queue.release(2) == [])
        queue.withdraw(1)
        queue.withdraw(9)
        #expect(queue.isHolding(1) && !queue.isHolding(2))
        #expect(queue.release(1) == [2])
        #expect(queue.release(1) == [])
    }

    @Test("limits can change: more serves at once, fewer takes nothing away")
    func changedLimits() {
        var queue = PermitQueue<Int>(limit: 1, perHost: 1)
        for id in 0..<6 { _ = queue.request(id, host: "a") }
        #expect(queue.setLimits(limit: 3, perHost: 2) == [1])
        #expect(queue.setLimits(limit: 3, perHost: nil) == [2])
        #expect(queue.setLimits(limit: 0, perHost: 0) == [])
        #expect(queue.limit == 1 && queue.perHost == 1)
        #expect(queue.held == 3)
        #expect(queue.release(0) == [] && queue.release(1) == [])
        #expect(queue.release(2) == [3])
    }

    @Test("against a plain model, 200 seeds", arguments: 0..<200 as Range<UInt64>)
    func model(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let limit = Int.random(in: 1...5, using: &generator)
        let perHost = Bool.random(using: &generator) ? Int.random(in: 1...3, using: &generator) : nil
        var queue = PermitQueue<Int>(limit: limit, perHost: perHost)
        var held: [Int] = []
        var waiting: [Int] = []
        func host(_ id: Int) -> String { "h\(id % 3)" }
        func serveModel() -> [Int] {
            var granted: [Int] = []
            for id in waiting where held.count < limit {
                if let perHost, held.count(where: { host($0) == host(id) }) >= perHost { continue }
                held.append(id)
                granted.append(id)
            }
            waiting.removeAll(where: granted.contains)
            return granted
        }
        for _ in 0..<400 {
            let id = Int.random(in: 0..<20, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0, 1:
                if !held.contains(id), !waiting.contains(id) { waiting.append(id) }
                _ = serveModel()
                #expect(queue.request(id, host: host(id)) == held.contains(id), "seed \(seed)")
            case 2:
                held.removeAll { $0 == id }
                #expect(queue.release(id) == serveModel(), "seed \(seed)")
            default:
                waiting.removeAll { $0 == id }
                queue.withdraw(id)
            }
            #expect(queue.held == held.count && queue.waiting == waiting.count, "seed \(seed)")
            #expect(queue.position(of: id) == waiting.firstIndex(of: id).map { $0 + 1 }, "seed \(seed)")
        }
    }
}
