import ConnectionLifecycle
import MonotonicTime
import Testing

@Suite("SlidingWindow")
struct SlidingWindowTests {
    private let tick = Duration.nanoseconds(1)

    @Test("each counts from its begin until the window's length after its end")
    func counting() {
        var window = SlidingWindow([Rate(2, per: .seconds(1))])
        #expect(window.nextFree == .origin)
        window.begin()
        window.begin()
        #expect(window.nextFree == nil, "nobody knows when one of them ends")
        window.end(at: at(5))
        #expect(window.nextFree == nil || window.nextFree == at(6) + tick)
        window.end(at: at(5.5))
        #expect(window.nextFree == at(6) + tick, "not at 6 s: the window from 5 to 6 s still holds the first")
        window.begin()
        window.end(at: at(6.1))
        #expect(window.nextFree == at(6.5) + tick)
    }

    @Test("of several rates the latest decides")
    func several() {
        var window = SlidingWindow([Rate(2, per: .seconds(1)), Rate(3, per: .seconds(60))])
        for second in [0.0, 0.1, 1.2] {
            window.begin()
            window.end(at: at(second))
        }
        #expect(window.nextFree == at(60) + tick)
        #expect(window.estimate(after: 0, now: at(2))?.rate == Rate(3, per: .seconds(60)))
    }

    @Test("other rates count what was before, as far as it is known")
    func change() {
        var window = SlidingWindow([Rate(2, per: .seconds(1))])
        for second in [0.0, 0.1] {
            window.begin()
            window.end(at: at(second))
        }
        window.begin()
        window.change([Rate(3, per: .seconds(60))])
        #expect(window.running == 1)
        #expect(window.nextFree == at(60) + tick, "two and the one that runs")
        window.change([Rate(1, per: .seconds(1))])
        #expect(window.nextFree == nil)
        window.end(at: at(5))
        #expect(window.nextFree == at(6) + tick)
        window.change([])
        #expect(window.nextFree == .origin)
    }

    @Test("an estimate is when the last of a queue begins if every dial took no time")
    func estimates() {
        var window = SlidingWindow([Rate(5, per: .seconds(1))])
        #expect(window.estimate(after: 4, now: at(10)) == nil)
        #expect(window.estimate(after: 5, now: at(10))?.begin == at(11))
        for _ in 0..<5 { window.begin() }
        for _ in 0..<5 { window.end(at: at(10)) }
        for (others, expected) in [(0, 11.0), (4, 11), (5, 12), (299, 70)] {
            let begin = window.estimate(after: others, now: at(10))?.begin ?? .origin
            #expect(begin >= at(expected) && begin <= at(expected) + .microseconds(1), "\(others)")
        }
    }

    @Test("it remembers no more ends than its largest count, and nothing longer than its longest window")
    func bounds() {
        var window = SlidingWindow([Rate(3, per: .seconds(1)), Rate(7, per: .seconds(10))])
        for index in 0..<1000 {
            window.begin()
            window.end(at: at(Double(index) / 1000))
        }
        #expect(window.remembered(at: at(1)).count == 7)
        #expect(window.remembered(at: at(1)).last == at(0.999))
        #expect(window.remembered(at: at(10.9955)).count == 4)
        #expect(!window.isForgotten(at: at(10.999)))
        #expect(window.isForgotten(at: at(10.999) + tick))
        #expect(window.remembered(at: at(12)) == [])
    }

    @Test("what was remembered holds again; an end in the future, and what ran, count as now")
    func restoring() {
        var window = SlidingWindow([Rate(3, per: .seconds(10))])
        window.restore([at(500), at(95)], running: 1, now: at(100))
        #expect(window.nextFree == at(105) + tick)
        window.begin()
        window.end(at: at(106))
        #expect(window.nextFree == at(110) + tick)
        var full = SlidingWindow([Rate(3, per: .seconds(10))])
        full.restore([], running: .max, now: at(100))
        #expect(full.nextFree == at(110) + tick)
        full.restore(Array(repeating: at(1), count: 5), running: .min, now: at(100))
        #expect(full.remembered(at: at(100)).count <= 3)
    }

    @Test("without rates everything is free, and nothing is remembered")
    func unlimited() {
        var window = SlidingWindow([])
        for _ in 0..<100 { window.begin() }
        window.end(at: at(1))
        #expect(window.nextFree == .origin)
        #expect(window.estimate(after: 1000, now: at(1)) == nil)
        #expect(window.remembered(at: at(1)) == [])
    }
}
