import ConnectionLifecycle
import MonotonicTime
import Testing

@Suite("RepeatLimiter")
struct RepeatLimiterTests {
    @Test("the first ten are logged one by one, later ones every five minutes with the count between")
    func policy() {
        var limiter = RepeatLimiter()
        for second in 0..<10 {
            #expect(limiter.shouldLog(at(Double(second))) == (true, 0))
        }
        for second in 10..<309 {
            #expect(limiter.shouldLog(at(Double(second))) == (false, 0))
        }
        #expect(limiter.shouldLog(at(309)) == (true, 299))
        #expect(limiter.shouldLog(at(310)) == (false, 0))
        #expect(limiter.shouldLog(at(609)) == (true, 1))
    }

    @Test("knowing when the next comes, it never is silent for more than five minutes")
    func longestSilence() {
        var limiter = RepeatLimiter()
        var last = at(0)
        var counted = 0
        for attempt in 0..<500 {
            let now = at(Double(attempt) * 37)
            let (log, suppressed) = limiter.shouldLog(now, next: .seconds(37))
            if log {
                #expect(last.duration(to: now) <= .seconds(300))
                last = now
                counted += 1 + suppressed
            } else {
                #expect(suppressed == 0)
            }
        }
        #expect(counted + limiter.reset() == 500)
    }

    @Test("a reset begins a new outage")
    func reset() {
        var limiter = RepeatLimiter(burst: 2, interval: .seconds(60))
        #expect(limiter.shouldLog(at(0)).log)
        #expect(limiter.shouldLog(at(1)).log)
        #expect(!limiter.shouldLog(at(2)).log)
        #expect(limiter.reset() == 1)
        #expect(limiter.shouldLog(at(3)) == (true, 0))
        #expect(limiter.shouldLog(at(4)) == (true, 0))
        #expect(!limiter.shouldLog(at(5)).log)
    }
}
