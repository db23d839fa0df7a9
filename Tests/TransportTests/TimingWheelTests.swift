import MonotonicTime
import TestSupport
import Testing

@testable import Transport

/// The wheel in virtual time.
@Suite("Timing wheel")
struct TimingWheelTests {
    private func at(_ milliseconds: Double) -> Instant {
        Instant(nanoseconds: Int64(milliseconds * 1e6))
    }

    @Test("nothing fires early, everything fires at most one tick late, in the order of deadlines")
    func orderAndPrecision() {
        var wheel = TimingWheel<Int>(start: .origin)
        let deadlines: [Double] = [5, 1, 63, 64, 65, 4095, 4096, 4097, 1.5, 0.2, 262_144, 300_000, 70]
        for (index, deadline) in deadlines.enumerated() { _ = wheel.insert(index, at: at(deadline)) }
        var order: [Int] = []
        while let next = wheel.nextDeadline {
            var due: [Int] = []
            wheel.expire(upTo: next, into: &due)
            for index in due {
                #expect(at(deadlines[index]) <= next, "\(deadlines[index]) fired early")
                #expect(next < at(deadlines[index] + 1), "\(deadlines[index]) fired late")
            }
            order += due
        }
        #expect(order.map { deadlines[$0] } == deadlines.sorted())
        #expect(wheel.count == 0)
    }

    @Test("entries of one deadline fire in the order in which they were armed, also after a long jump")
    func sameDeadline() {
        var wheel = TimingWheel<Int>(start: at(12_345))
        for index in 0..<100 { _ = wheel.insert(index, at: at(20_000)) }
        _ = wheel.insert(100, at: at(13_000))
        var due: [Int] = []
        wheel.expire(upTo: at(100_000_000), into: &due)
        #expect(due == [100] + Array(0..<100))
    }

    @Test("a removed entry does not fire, and its handle means nothing afterwards")
    func removal() {
        var wheel = TimingWheel<Int>(start: .origin)
        let first = wheel.insert(1, at: at(10))
        let second = wheel.insert(2, at: at(10))
        var removed = [wheel.remove(first), wheel.remove(first)]
        // Takes the place that the first one had.
        let third = wheel.insert(3, at: at(10))
        removed.append(wheel.remove(first))
        #expect(removed == [true, false, false])
        var due: [Int] = []
        wheel.expire(upTo: at(10), into: &due)
        #expect(due == [2, 3])
        removed = [wheel.remove(second), wheel.remove(third)]
        #expect(removed == [false, false])
        #expect(wheel.nextDeadline == nil)
    }

    @Test("a deadline in the past is due at once, one beyond the wheel waits its time")
    func extremes() {
        var wheel = TimingWheel<String>(start: at(1_000_000))
        _ = wheel.insert("past", at: at(5))
        _ = wheel.insert("now", at: at(1_000_000))
        _ = wheel.insert("never", at: .distantFuture)
        let fiveYears = at(1_000_000) + .seconds(5 * 365 * 86400)
        _ = wheel.insert("five years", at: fiveYears)
        var due: [String] = []
        wheel.expire(upTo: at(1_000_000), into: &due)
        #expect(due == ["past", "now"])
        due = []
        wheel.expire(upTo: fiveYears + .milliseconds(-2), into: &due)
        #expect(due.isEmpty)
        wheel.expire(upTo: fiveYears, into: &due)
        #expect(due == ["five years"])
        #expect(wheel.count == 1)
    }

    @Test("any sequence of arming, removing and passing time agrees with a sorted list", arguments: UInt64(1)...20)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var wheel = TimingWheel<Int>(start: .origin)
        var model: [(deadline: Instant, id: Int)] = []
        var handles: [Int: TimingWheel<Int>.Entry] = [:]
        var now = Instant.origin
        for id in 0..<2000 {
            let reaches: [Int64] = [2_000_000, 100_000_000, 10_000_000_000, 5_000_000_000_000]
            let reach = reaches.randomElement(using: &random) ?? 1
            let deadline = now + .nanoseconds(Int64.random(in: -1_000_000...reach, using: &random))
            handles[id] = wheel.insert(id, at: deadline)
            model.append((deadline, id))
            if Bool.random(using: &random), let victim = model.randomElement(using: &random) {
                let handle = handles[victim.id]
                let removed = handle.map { wheel.remove($0) }
                #expect(removed == true, "seed \(seed)")
                model.removeAll { $0.id == victim.id }
            }
            guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
            now = now + .nanoseconds(Int64.random(in: 0...reach, using: &random))
            var due: [Int] = []
            wheel.expire(upTo: now, into: &due)
            let tick = now.nanoseconds / 1_000_000 * 1_000_000
            let expected = model.filter { $0.deadline.nanoseconds <= tick }.sorted {
                ($0.deadline, $0.id) < ($1.deadline, $1.id)
            }
            #expect(due == expected.map(\.id), "seed \(seed)")
            model.removeAll { $0.deadline.nanoseconds <= tick }
            #expect(wheel.count == model.count)
            if let next = wheel.nextDeadline, let earliest = model.map(\.deadline).min() {
                #expect(next < earliest + .milliseconds(1), "seed \(seed): the wheel would sleep through a deadline")
                #expect(next > now || earliest <= now + .milliseconds(1), "seed \(seed): the wheel would spin")
            } else {
                #expect(model.isEmpty)
            }
        }
    }
}
