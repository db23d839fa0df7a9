import ConnectionLifecycle
import MonotonicTime
import Testing

@Suite("SendLine")
struct SendLineTests {
    private let tick = Duration.nanoseconds(1)

    @Test("who comes first sends first, and is told when")
    func order() {
        var line = SendLine([Rate(2, per: .seconds(1))])
        for id in [1, 2] as [UInt64] {
            #expect(line.ask(id, now: at(0)) == .granted)
            line.sent(now: at(0))
        }
        #expect(line.ask(3, now: at(0.5)) == .wait(until: at(1) + tick))
        #expect(line.ask(4, now: at(0.6)) == .wait(until: at(1) + tick))
        #expect(line.ask(5, now: at(0.7)) == .wait(until: at(2) + tick))
        #expect(line.ask(4, now: at(1.2)) == .wait(until: at(1.201)), "3 is in front of it")
        #expect(line.ask(3, now: at(1.2)) == .granted)
        #expect(line.ask(4, now: at(1.2)) == .granted, "the one that was granted counts, but leaves a place")
        #expect(line.ask(5, now: at(1.2)) == .wait(until: at(2.2)), "nobody knows when those are sent")
        line.sent(now: at(1.2))
        line.sent(now: at(1.3))
        #expect(line.ask(5, now: at(2.2) + tick) == .granted)
    }

    @Test("who leaves makes room for the next; a turn that it took along counts")
    func leaving() {
        var line = SendLine([Rate(1, per: .seconds(1))])
        #expect(line.ask(1, now: at(0)) == .granted)
        #expect(line.ask(2, now: at(0)) != .granted)
        #expect(line.ask(3, now: at(0)) != .granted)
        line.leave(2, isGranted: false, now: at(0.1))
        line.leave(1, isGranted: true, now: at(0.2))
        #expect(line.ask(3, now: at(1.2)) != .granted)
        #expect(line.ask(3, now: at(1.2) + tick) == .granted)
        line.sent(now: at(1.3))
        #expect(!line.isForgotten(at: at(2.3)))
        #expect(line.isForgotten(at: at(2.3) + tick))
    }

    @Test("who does not come when it is its turn loses its place, and blocks nobody")
    func absence() {
        var line = SendLine([Rate(1, per: .seconds(1))])
        #expect(line.ask(1, now: at(0)) == .granted)
        line.sent(now: at(0))
        #expect(line.ask(2, now: at(0)) == .wait(until: at(1) + tick))
        #expect(line.ask(3, now: at(0)) == .wait(until: at(2) + tick))
        #expect(line.ask(3, now: at(1.2)) != .granted, "2 may only be late")
        #expect(line.ask(3, now: at(1.3)) == .granted)
        line.sent(now: at(1.3))
        #expect(line.ask(2, now: at(1.4)) == .wait(until: at(2.3) + tick))
    }

    @Test("a clock that goes back, as those of two loops may, loosens nothing")
    func clocks() {
        var line = SendLine([Rate(1, per: .seconds(1))])
        #expect(line.ask(1, now: at(5)) == .granted)
        line.sent(now: at(4.9))
        #expect(line.ask(1, now: at(5.95)) != .granted)
        #expect(line.ask(1, now: at(6) + tick) == .granted)
    }

    @Test("whatever connections do, no window holds more than its count, and everyone has a turn")
    func property() {
        for _ in 0..<50 {
            let seed = UInt64.random(in: 0...UInt64.max)
            var generator = SplitMix64(seed: seed)
            let rates = [Rate(3, per: .milliseconds(100)), Rate(7, per: .seconds(1))]
            var line = SendLine(rates)
            var due = [UInt64: Instant]()
            for id in 1...8 as ClosedRange<UInt64> { due[id] = .origin }
            var sent: [Instant] = []
            var turns: [UInt64: Int] = [:]
            while sent.count < 120 {
                guard let (id, now) = due.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { return }
                switch line.ask(id, now: now) {
                case .granted:
                    line.sent(now: now)
                    sent.append(now)
                    turns[id, default: 0] += 1
                    due[id] = now + .milliseconds(Int.random(in: 0...5, using: &generator))
                case .wait(let until):
                    #expect(until > now, "seed \(seed)")
                    due[id] = until + .milliseconds(Int.random(in: 0...2, using: &generator))
                }
            }
            for rate in rates {
                for (first, last) in zip(sent, sent.dropFirst(rate.count)) {
                    #expect(first.duration(to: last) > rate.per, "seed \(seed)")
                }
            }
            #expect(turns.count == 8 && (turns.values.min() ?? 0) >= 10, "seed \(seed): \(turns)")
        }
    }
}
