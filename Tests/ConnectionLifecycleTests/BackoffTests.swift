import ConnectionLifecycle
import Testing

@Suite("Backoff")
struct BackoffTests {
    private func delays(_ policy: Backoff.Policy, count: Int, seed: UInt64) -> [Duration] {
        var backoff = Backoff(policy)
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in backoff.next(using: &generator) }
    }

    @Test("first 1 s, factor 2, jitter 0.25: 1, 2, 4, 8, 16 s, each within 25 %, and spread over all of it")
    func quarterJitter() {
        let policy = Backoff.Policy(first: .seconds(1), factor: 2, max: .seconds(60), jitter: .fraction(0.25))
        var lowest = [Double](repeating: 9, count: 5)
        var highest = [Double](repeating: 0, count: 5)
        for seed in 0..<500 as Range<UInt64> {
            for (index, delay) in delays(policy, count: 5, seed: seed).enumerated() {
                let ratio = delay.seconds / Double(1 << index)
                #expect(ratio >= 0.749_999_999 && ratio <= 1.25, "seed \(seed), delay \(index): \(delay)")
                lowest[index] = min(lowest[index], ratio)
                highest[index] = max(highest[index], ratio)
            }
        }
        #expect(lowest.allSatisfy { $0 < 0.77 })
        #expect(highest.allSatisfy { $0 > 1.23 })
    }

    @Test("full jitter: at most the curve, at least the floor, the first one jittered too")
    func fullJitter() {
        var firsts: Set<Duration> = []
        for seed in 0..<300 as Range<UInt64> {
            let delays = delays(Backoff.Policy(), count: 9, seed: seed)
            firsts.insert(delays[0])
            for (index, delay) in delays.enumerated() {
                #expect(delay >= .milliseconds(250), "seed \(seed)")
                #expect(delay.seconds <= min(30, Double(1 << index)), "seed \(seed), delay \(index): \(delay)")
            }
        }
        #expect(firsts.count > 200)
    }

    @Test("the maximum caps before the jitter")
    func maximumBeforeJitter() {
        let policy = Backoff.Policy(max: .seconds(10), jitter: .fraction(0.5))
        let late = (0..<200 as Range<UInt64>).map { delays(policy, count: 12, seed: $0)[11].seconds }
        #expect(late.allSatisfy { (4.999_999_999...15).contains($0) })
        #expect((late.max() ?? 0) > 14)
    }

    @Test("without jitter the curve itself, for ever, and no overflow in 10,000 attempts")
    func saturates() {
        let policy = Backoff.Policy(first: .seconds(1), factor: 1e300, max: .seconds(7), jitter: .none)
        #expect(delays(policy, count: 10_000, seed: 1).dropFirst().allSatisfy { $0 == .seconds(7) })
        let plain = Backoff.Policy(jitter: .none)
        #expect(delays(plain, count: 7, seed: 1) == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
    }

    @Test("a reset starts again with the first delay")
    func reset() {
        var backoff = Backoff(Backoff.Policy(jitter: .none))
        var generator = SplitMix64(seed: 1)
        for _ in 0..<4 { _ = backoff.next(using: &generator) }
        #expect(backoff.attempt == 4)
        backoff.reset()
        #expect(backoff.attempt == 0)
        #expect(backoff.next(using: &generator) == .seconds(1))
    }

    @Test(
        "senseless policies give a delay of at least the floor, and no trap",
        arguments: [
            Backoff.Policy(first: .zero, factor: .infinity, max: .zero),
            Backoff.Policy(first: .seconds(-5), factor: -3, max: .seconds(-1)),
            Backoff.Policy(first: .zero, factor: .nan, jitter: .fraction(.nan)),
            Backoff.Policy(first: .seconds(Int64.max), factor: 2, max: .seconds(Int64.max), jitter: .fraction(9)),
            Backoff.Policy(factor: 0, jitter: .fraction(-1)),
            Backoff.Policy(floor: .seconds(-1)),
        ]
    )
    func senselessPolicies(policy: Backoff.Policy) {
        for delay in delays(policy, count: 50, seed: 3) {
            #expect(delay >= .zero && delay >= policy.floor)
        }
    }
}
