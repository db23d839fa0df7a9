import ConnectionLifecycle
import MonotonicTime
import Testing

@Suite("DialGovernor")
struct DialGovernorTests {
    private func site(_ host: String, port: Int = 443) -> DialSite {
        DialSite(host: host, origin: "wss://\(host):\(port)")
    }

    private func released(_ actions: [DialAction]) -> [Int] {
        actions.compactMap { if case .release(let id) = $0 { id } else { nil } }
    }

    private func wait(_ actions: [DialAction]) -> DialWait? {
        actions.lazy.compactMap { if case .queued(_, let wait) = $0 { wait } else { nil } }.first
    }

    @Test("one dial of an origin at once, another origin of the host passes it, and the rest go in order")
    func origins() {
        var governor = DialGovernor(DialGovernor.Limits(perHost: []))
        #expect(governor.handle(.requested(1, site("a")), now: at(0)) == [.release(1)])
        let second = governor.handle(.requested(2, site("a")), now: at(0))
        #expect(wait(second) == DialWait(reason: .origin, position: 1, delay: nil))
        #expect(wait(governor.handle(.requested(3, site("a")), now: at(0)))?.position == 2)
        #expect(governor.handle(.requested(4, site("a", port: 8443)), now: at(0)) == [.release(4)])
        #expect(released(governor.handle(.ended(4, .opened), now: at(1))) == [])
        #expect(released(governor.handle(.ended(1, .opened), now: at(1))) == [2])
        #expect(released(governor.handle(.ended(2, .failed), now: at(1))) == [3])
        #expect(governor.nextDeadline == nil)
    }

    @Test("hosts take turns for the places of the process: one with a hundred waiters does not starve the others")
    func fairness() {
        var governor = DialGovernor(DialGovernor.Limits(concurrent: 1, perHost: []))
        for id in 0..<100 { _ = governor.handle(.requested(id, site("big")), now: at(0)) }
        let small = governor.handle(.requested(100, site("small")), now: at(0))
        #expect(wait(small) == DialWait(reason: .process, position: 1, delay: nil))
        _ = governor.handle(.requested(101, site("other")), now: at(0))
        var order: [Int] = [0]
        while order.count < 102 {
            let next = released(governor.handle(.ended(order[order.count - 1], .opened), now: at(0)))
            #expect(next.count == 1)
            order += next
        }
        #expect(order.firstIndex(of: 100).map { $0 <= 3 } == true)
        #expect(order.firstIndex(of: 101).map { $0 <= 3 } == true)
        #expect(order.filter { $0 < 100 } == Array(0..<100))
    }

    @Test("other bounds hold at once for those that wait, and lower ones as soon as enough dials have ended")
    func change() {
        var governor = DialGovernor(DialGovernor.Limits(concurrent: 2, perHost: [Rate(2, per: .seconds(60))]))
        _ = governor.handle(.requested(1, site("a")), now: at(0))
        for id in 2..<6 { _ = governor.handle(.requested(id, site("a", port: id)), now: at(0)) }
        _ = governor.handle(.requested(6, site("b")), now: at(0))
        #expect(governor.running == 2)
        #expect(released(governor.handle(.ended(1, .opened), now: at(1))) == [6], "the rate of a is spent")
        let wider = DialGovernor.Limits(concurrent: 3, perHost: [Rate(3, per: .seconds(60))])
        #expect(released(governor.change(wider, now: at(2))) == [3], "the first that waits, and no more than the rate")
        #expect(governor.isReleased(2) && governor.isReleased(6))
        let narrow = DialGovernor.Limits(concurrent: 1, perHost: [])
        #expect(governor.change(narrow, now: at(3)).isEmpty)
        #expect(released(governor.handle(.ended(2, .opened), now: at(4))) == [])
        #expect(released(governor.handle(.ended(6, .opened), now: at(4))) == [])
        #expect(released(governor.handle(.ended(3, .opened), now: at(4))) == [4])
        #expect(released(governor.handle(.ended(4, .opened), now: at(5))) == [5])
        #expect(governor.waiting == 0)
    }

    @Test("5/s: five at once, the sixth when the first has left the window, said beforehand with its reason")
    func rate() throws {
        let rate = Rate(5, per: .seconds(1))
        var governor = DialGovernor(DialGovernor.Limits(perOrigin: nil, perHost: [rate]))
        for id in 0..<5 { #expect(governor.handle(.requested(id, site("a")), now: at(0)) == [.release(id)]) }
        let sixth = try #require(wait(governor.handle(.requested(5, site("a")), now: at(0))))
        #expect(sixth.reason == .rate(rate) && sixth.position == 1 && sixth.delay == .seconds(1))
        #expect(governor.handle(.requested(6, site("b")), now: at(0)) == [.release(6)])
        for id in 0..<5 { #expect(governor.handle(.ended(id, .opened), now: at(0.1 * Double(id + 1))) == []) }
        #expect(governor.nextDeadline == at(1.1) + .nanoseconds(1))
        #expect(governor.handle(.deadlineReached, now: at(1.1)) == [])
        #expect(governor.handle(.deadlineReached, now: at(1.101)) == [.release(5)])
    }

    @Test("a Retry-After holds all of the host, at most 15 minutes, and no other host")
    func retryAfter() {
        var governor = DialGovernor()
        _ = governor.handle(.requested(1, site("a")), now: at(0))
        #expect(governor.handle(.held(host: "a", for: .seconds(90)), now: at(0)) == [])
        #expect(governor.handle(.held(host: "a", for: .seconds(10)), now: at(1)) == [], "the longer one holds")
        let next = governor.handle(.requested(2, site("a", port: 1)), now: at(2))
        #expect(wait(next) == DialWait(reason: .retryAfter, position: 1, delay: .seconds(88)))
        #expect(governor.handle(.requested(3, site("b")), now: at(2)) == [.release(3)])
        #expect(governor.nextDeadline == at(90))
        #expect(governor.handle(.deadlineReached, now: at(90)) == [.release(2)])
        _ = governor.handle(.held(host: "c", for: .seconds(1e9)), now: at(100))
        _ = governor.handle(.requested(4, site("c")), now: at(100))
        #expect(governor.nextDeadline == at(1000))
    }

    @Test("the first dial that opens after one that failed says that the host has recovered, once")
    func recovery() {
        var governor = DialGovernor(DialGovernor.Limits(perHost: []))
        func dial(_ end: DialEvent.End) -> [DialAction] {
            _ = governor.handle(.requested(1, site("a")), now: at(0))
            return governor.handle(.ended(1, end), now: at(0))
        }
        #expect(dial(.opened) == [])
        #expect(dial(.failed) == [])
        #expect(dial(.abandoned) == [])
        #expect(dial(.failed) == [])
        #expect(dial(.opened) == [.hostRecovered("a")])
        #expect(dial(.opened) == [])
    }

    @Test("who withdraws is passed over; doubled requests, strange ends and early deadlines change nothing")
    func harmless() {
        var governor = DialGovernor(DialGovernor.Limits(perHost: []))
        for id in 1...5 { _ = governor.handle(.requested(id, site("a")), now: at(0)) }
        #expect(governor.handle(.requested(1, site("a")), now: at(0)) == [])
        #expect(governor.handle(.requested(2, site("b")), now: at(0)) == [])
        for id in [1, 2, 4, 99] { #expect(governor.handle(.withdrawn(id), now: at(0)) == []) }
        #expect(governor.handle(.ended(99, .opened), now: at(0)) == [])
        #expect(governor.handle(.deadlineReached, now: at(0)) == [])
        #expect(governor.waiting == 2 && governor.running == 1)
        #expect(wait(governor.handle(.requested(2, site("a")), now: at(0)))?.position == 3, "at the tail")
        var order: [Int] = [1]
        while governor.running > 0 {
            order += released(governor.handle(.ended(order[order.count - 1], .opened), now: at(1)))
        }
        #expect(order == [1, 3, 5, 2])
    }

    @Test("a hundred thousand requests that are withdrawn leave nothing behind that grows")
    func withdrawals() {
        var governor = DialGovernor(DialGovernor.Limits(perHost: []))
        _ = governor.handle(.requested(0, site("a")), now: at(0))
        for round in 0..<100_000 {
            _ = governor.handle(.requested(1 + round % 7, site("a")), now: at(0))
            _ = governor.handle(.withdrawn(1 + round % 7), now: at(0))
        }
        #expect(governor.waiting == 0)
        #expect(governor.memory(at: at(0)) == DialMemory())
        #expect(MemoryLayout.size(ofValue: governor) < 400)
    }

    @Test("a restart takes the limits over: what ended, what ran, and the Retry-After")
    func memory() {
        let limits = DialGovernor.Limits(perOrigin: nil, perHost: [Rate(3, per: .seconds(10))])
        var governor = DialGovernor(limits)
        for id in 0..<3 { _ = governor.handle(.requested(id, site("a")), now: at(100)) }
        for id in 0..<2 { _ = governor.handle(.ended(id, .opened), now: at(101)) }
        _ = governor.handle(.held(host: "b", for: .seconds(60)), now: at(101))
        var heir = DialGovernor(limits)
        heir.restore(governor.memory(at: at(102)), now: at(103))
        _ = heir.handle(.requested(7, site("a")), now: at(103))
        #expect(heir.nextDeadline == at(111) + .nanoseconds(1))
        #expect(heir.handle(.deadlineReached, now: at(112)).count == 1)
        _ = heir.handle(.requested(8, site("a")), now: at(112))
        _ = heir.handle(.requested(9, site("a")), now: at(112))
        #expect(heir.running == 2)
        #expect(heir.nextDeadline == at(113) + .nanoseconds(1), "the one that ran counts as ended at the restart")
        #expect(wait(heir.handle(.requested(10, site("b")), now: at(112)))?.reason == .retryAfter)
    }

    @Test("a memory that cannot be read fills the windows of every host, across further restarts too")
    func unknown() {
        let limits = DialGovernor.Limits(perHost: [Rate(2, per: .seconds(10))])
        var governor = DialGovernor(limits)
        governor.restore(DialMemory(assumedFull: at(1e6)), now: at(100))
        _ = governor.handle(.requested(1, site("a")), now: at(100))
        #expect(governor.nextDeadline == at(110) + .nanoseconds(1))
        var heir = DialGovernor(limits)
        heir.restore(governor.memory(at: at(105)), now: at(105))
        _ = heir.handle(.requested(1, site("b")), now: at(105))
        #expect(heir.nextDeadline == at(110) + .nanoseconds(1))
        #expect(heir.handle(.requested(2, site("c")), now: at(111)).contains(.release(2)))
    }

    @Test("after a restart of the machine the wall clock says how long ago it was, unless it went back")
    func conversion() {
        let memory = DialMemory(hosts: [DialMemory.Host(name: "a", ends: [at(90)], heldUntil: at(130))])
        let written = DialMemory.Clock(boot: "one", monotonic: at(100), wall: 1_000_000_000_000)
        func read(_ boot: String, _ monotonic: Double, wall: Int64) -> DialMemory.Host? {
            let now = DialMemory.Clock(boot: boot, monotonic: at(monotonic), wall: wall)
            return memory.converted(from: written, to: now).hosts.first
        }
        #expect(read("one", 105, wall: 7)?.ends == [at(90)], "the wall clock does not matter")
        let later = read("two", 3, wall: 1_005_000_000_000)
        #expect(later?.ends == [at(3 - 15)])
        #expect(later?.heldUntil == at(3 + 25))
        let back = read("two", 3, wall: 5)
        #expect(back?.ends == [at(3 - 10)])
        #expect(back?.heldUntil == at(3 + 30))
        for wall in [Int64.min, .max] {
            _ = read("", 1e9, wall: wall)
        }
    }
}
