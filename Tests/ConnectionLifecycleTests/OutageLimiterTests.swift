import ConnectionLifecycle
import MonotonicTime
import Testing

@Suite("OutageLimiter")
struct OutageLimiterTests {
    /// Fails 300 dials a minute of 100 subscriptions, evenly, from second `start` on; returns when lines were written and
    /// what was reported.
    private func fail(
        _ limiter: inout OutageLimiter,
        _ seconds: Range<Int>,
        isDue: Bool = true,
        host: (Int) -> String = { _ in "a" }
    ) -> (lines: [Int], reports: [(second: Int, report: OutageLimiter.Report)]) {
        var lines: [Int] = []
        var reports: [(second: Int, report: OutageLimiter.Report)] = []
        for second in seconds {
            for index in 0..<5 {
                let name = "s\((second * 5 + index) % 100)"
                let now = at(Double(second))
                let (log, report) = limiter.dialFailed(name, host: host(second), .dialFailed, isDue: isDue, now: now)
                if log { lines.append(second) }
                if let report { reports.append((second, report)) }
            }
        }
        return (lines, reports)
    }

    @Test("in the first minute all are logged, in each later one two and a report of the others")
    func policy() throws {
        var limiter = OutageLimiter()
        let first = fail(&limiter, 0..<60)
        #expect(first.lines.count == 300 && first.reports.isEmpty && !limiter.isLimiting(at(59)))
        let later = fail(&limiter, 60..<3_600)
        #expect(limiter.isLimiting(at(3_600)))
        for second in 60..<3_540 {
            let minute = second..<(second + 60)
            #expect(later.lines.count { minute.contains($0) } <= 2, "from second \(second)")
            #expect(later.reports.count { minute.contains($0.second) } <= 1, "from second \(second)")
        }
        let last = try #require(later.reports.last)
        let reported = later.reports.reduce(0) { $0 + $1.report.suppressed }
        let known = later.lines.count { $0 <= last.second }
        let failed = (last.second - 60) * 5
        #expect(last.report.subscriptions == 100 && last.report.hosts == 1 && last.report.host == "a")
        #expect((failed...failed + 5).contains(reported + known))
    }

    @Test("a host that is new to a long outage has a line of its own, but never more than one a minute")
    func newHosts() {
        var limiter = OutageLimiter()
        _ = fail(&limiter, 0..<60)
        let later = fail(&limiter, 60..<600) { "h\($0)" }
        for second in 60..<540 {
            #expect(later.lines.count { (second..<(second + 60)).contains($0) } <= 3, "from second \(second)")
        }
        #expect(later.lines.count > 2 * 9)
        #expect(later.reports.contains { $0.report.hosts > 50 })
    }

    @Test("what a subscription leaves out by itself is counted, and is no reason for a report")
    func notDue() {
        var limiter = OutageLimiter()
        _ = fail(&limiter, 0..<60)
        let silent = fail(&limiter, 60..<600, isDue: false)
        #expect(silent.lines.isEmpty && silent.reports.isEmpty)
        let loud = fail(&limiter, 600..<601)
        #expect(loud.reports.first?.report.suppressed == 540 * 5 + 1)
    }

    @Test("two minutes without a failed dial end it")
    func quiet() {
        var limiter = OutageLimiter()
        _ = fail(&limiter, 0..<300)
        #expect(limiter.isLimiting(at(418)) && !limiter.isLimiting(at(419)))
        let next = fail(&limiter, 419..<479)
        #expect(next.lines.count == 300 && next.reports.isEmpty)
    }
}
