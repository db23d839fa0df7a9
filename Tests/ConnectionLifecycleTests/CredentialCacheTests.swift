import ConnectionLifecycle
import MonotonicTime
import Testing

@Suite("CredentialCache")
struct CredentialCacheTests {
    private let empty = CredentialCache(backoff: Backoff.Policy(jitter: .none))

    @Test("one call for all who ask while it is under way, and its value for all who ask later")
    func singleFlight() {
        var cache = empty
        #expect(cache.demand(now: at(0)) == .call)
        for _ in 0..<50 { #expect(cache.demand(now: at(1)) == .wait) }
        #expect(cache.succeeded(lifetime: nil, began: at(0)) == 1)
        #expect(cache.demand(now: at(1_000_000)) == .ready(1))
    }

    @Test("a value is renewed before it ends: a tenth of its life, at most a minute, from the call's begin")
    func margin() {
        var cache = empty
        #expect(cache.demand(now: at(100)) == .call)
        cache.succeeded(lifetime: .seconds(100), began: at(100))
        #expect(cache.demand(now: at(189.9)) == .ready(1))
        #expect(cache.demand(now: at(190)) == .call)
        cache.succeeded(lifetime: .seconds(36_000), began: at(190))
        #expect(cache.demand(now: at(190 + 35_939)) == .ready(2))
        #expect(cache.demand(now: at(190 + 35_940)) == .call)
    }

    @Test("a refused value is gone; a refusal of an older one, or a second one, leaves the newer alone")
    func refusal() {
        var cache = empty
        _ = cache.demand(now: at(0))
        cache.succeeded(lifetime: nil, began: at(0))
        #expect(cache.refused(1) == true)
        #expect(cache.refused(1) == false)
        #expect(cache.demand(now: at(1)) == .call)
        #expect(cache.refused(1) == false, "while its successor is on the way")
        cache.succeeded(lifetime: nil, began: at(1))
        #expect(cache.refused(1) == false)
        #expect(cache.demand(now: at(2)) == .ready(2))
        #expect(cache.refused(3) == false)
    }

    @Test("after a failure nobody calls until the growing pause is over; a success ends the row")
    func failures() {
        var cache = empty
        var generator = SplitMix64(seed: 7)
        var now = at(0)
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            #expect(cache.demand(now: now) == .call)
            let until = cache.failed(now: now, using: &generator)
            #expect(until == now + .seconds(pause))
            #expect(cache.demand(now: now) == .failing(until: until))
            now = until
        }
        #expect(cache.demand(now: now) == .call)
        cache.succeeded(lifetime: nil, began: now)
        #expect(cache.refused(1) == true)
        #expect(cache.demand(now: now) == .call)
        let until = cache.failed(now: now, using: &generator)
        #expect(until == now + .seconds(1))
    }

    @Test("in its margin a value is used on if the next is not to be had, but not beyond its end")
    func failureInMargin() {
        var cache = empty
        var generator = SplitMix64(seed: 7)
        _ = cache.demand(now: at(0))
        cache.succeeded(lifetime: .seconds(10), began: at(0))
        #expect(cache.demand(now: at(9)) == .call)
        cache.failed(now: at(9), using: &generator)
        #expect(cache.demand(now: at(9.5)) == .ready(1))
        #expect(cache.demand(now: at(10)) == .call)
        cache.failed(now: at(10), using: &generator)
        #expect(cache.demand(now: at(10.5)) == .failing(until: at(12)))
    }

    @Test("any order of events: one call at a time, values that never come back, and every demand has an end")
    func anyOrder() {
        var cache = empty
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix64(seed: seed)
        var now = at(0)
        var calling = false
        var last: UInt64 = 0
        var dead: Set<UInt64> = []
        for _ in 0..<20_000 {
            now = now + .milliseconds(Int.random(in: 0...2_000, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0 where calling:
                calling = false
                let life = Bool.random(using: &random) ? nil : Duration.seconds(Int.random(in: 0...20, using: &random))
                let generation = cache.succeeded(lifetime: life, began: now)
                #expect(generation == last + 1, "seed \(seed)")
                last = generation
            case 1 where calling:
                calling = false
                let until = cache.failed(now: now, using: &random)
                #expect(until > now && until <= now + .seconds(30), "seed \(seed)")
            case 2:
                let generation = UInt64.random(in: 0...last + 1, using: &random)
                if cache.refused(generation) { dead.insert(generation) }
            default:
                switch cache.demand(now: now) {
                case .ready(let generation):
                    #expect(generation == last && !dead.contains(generation), "seed \(seed)")
                case .call:
                    #expect(!calling, "seed \(seed)")
                    calling = true
                case .wait: #expect(calling, "seed \(seed)")
                case .failing(let until): #expect(until > now && !calling, "seed \(seed)")
                }
            }
        }
    }
}
