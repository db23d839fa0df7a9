import ConnectionLifecycle
import Testing

@testable import HawserDaemon

@Suite("The summary of a log")
struct LogSummaryTests {
    private func row(_ name: String, _ report: LogReport) throws -> SubscriptionSummary {
        try #require(report.rows.first { $0.name == name })
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    @Test("sessions, up-time, outages, silence, delays, messages and causes, over a restart")
    func twoHours() throws {
        let report = LogFixture.twoHours.summary(now: 7_200)
        #expect(report.from == LogFixture.origin && report.to == LogFixture.time(7_200))
        let trades = try row("trades.eu", report)
        #expect(trades.sessions == 4 && trades.reconnects == 2)
        // 1.5 s behind the Close, then from the last sign of life at 2,700 s to 4,100 s.
        #expect(trades.outages.count == 2 && trades.outages.worst == 1_400_000 && trades.outages.median == 1_500)
        let open = 1_798 + 898.5 + 1_300 + 1_499
        #expect(abs(Self.seconds(trades.open) - open) < 0.001, "\(trades.open)")
        #expect(abs(Self.seconds(trades.observed) - (open + 1.5 + 1_400)) < 0.001, "\(trades.observed)")
        #expect(trades.longestSilence == 300_000)
        #expect(trades.messages == 70_007 && trades.bytes == 7_000_000)
        #expect(trades.ends == [.peerClosed: 1, .pingTimeout: 1, .shutdown: 1] && trades.closeCodes == [1012: 1])
        // 3 to 12 and 30 have lines, 13 to 29 and 31 to 41 have none.
        #expect(trades.failedDials == [.dialFailed: 11] && trades.unloggedDials == 28)
        #expect(trades.delays.count == 13 && trades.delays.worst == 30_000 && trades.delays.median == 20_000)
        #expect(LogReport.causes(of: trades.ends) == [.peer: 1, .watchdog: 1])
        let calm = try row("calm", report)
        #expect(calm.sessions == 2 && calm.reconnects == 0 && calm.outages.count == 0 && calm.upShare == 1)
        let late = try row("late", report)
        #expect(abs(Self.seconds(late.observed - late.open) - 3_998) < 0.001)
        #expect(report.rows.allSatisfy { $0.phase == .open })
        let totals = report.totals
        #expect(totals.starts == 2 && totals.stops == 1 && totals.cutShort == 0 && totals.run == "m2uy")
        #expect(totals.notRunning == .seconds(300) && totals.suppressed == ["dial.failed": 28])
        #expect(totals.sinks["archive"]?.blocked == 1 && totals.sinks["archive"]?.paused == .milliseconds(12_500))
        #expect(report.all.sessions == 8 && report.all.outages.count == 2)
    }

    @Test("a process that was killed ends what it held at its last line, and the next one begins anew")
    func killed() throws {
        var log = LogFixture()
        log.add(0, .daemonStarting, [:])
        log.opened(1, "a", 1)
        log.add(100, .daemonSummary, [:])
        log.add(160, .daemonStarting, [:])
        log.opened(161, "a", 1)
        log.add(261, .daemonSummary, [:])
        let report = log.summary(now: 261)
        let row = try row("a", report)
        #expect(row.sessions == 2 && row.reconnects == 0 && row.outages.count == 0 && row.ends.isEmpty)
        #expect(abs(Self.seconds(row.open) - 199) < 0.001 && row.upShare == 1)
        #expect(report.totals.cutShort == 1 && report.totals.starts == 2 && report.totals.stops == 0)
    }

    @Test("a stretch of time begins in the state in which it was, and what lies outside is not counted")
    func stretch() throws {
        var query = LogQuery()
        query.since = LogFixture.time(2_000)
        query.until = LogFixture.time(4_000)
        let report = LogFixture.twoHours.summary(query, now: 7_200)
        #expect(report.from == query.since && report.to == query.until)
        let trades = try row("trades.eu", report)
        // Open from before until its last sign of life at 2,700 s; the outage goes on beyond the end.
        #expect(abs(Self.seconds(trades.open) - 700) < 0.001 && abs(Self.seconds(trades.observed) - 2_000) < 0.001)
        #expect(trades.sessions == 0 && trades.ends == [.pingTimeout: 1])
        #expect(trades.outages.count == 1 && trades.outages.worst == 1_300_000)
        #expect(try row("calm", report).upShare == 1)
        #expect(report.totals.starts == 0 && report.totals.suppressed == ["dial.failed": 17])
        var chosen = LogQuery()
        chosen.subscriptions = [NamePattern("c*")]
        #expect(LogFixture.twoHours.summary(chosen, now: 7_200).rows.map(\.name) == ["calm"])
    }

    @Test("a log that begins in the middle knows from the end of a session since when it was open")
    func middle() throws {
        var log = LogFixture()
        log.add(0, .daemonSummary, [:])
        log.closed(100, "a", 5, "reset", up: 3_000, delay: 10)
        log.failed(110, "a", 6, delay: 20)
        var query = LogQuery()
        query.since = LogFixture.origin
        let row = try row("a", log.summary(query, now: 115))
        #expect(abs(Self.seconds(row.open) - 100) < 0.001 && row.outages.worst == 15_000)
        #expect(row.unloggedDials == 0 && row.sessions == 0 && row.phase == .backingOff)
    }

    @Test("a log without openings knows sessions from their ends, and not what became of the last dial")
    func warnings() throws {
        var summary = LogSummary(LogQuery())
        var timeline = Timeline(LogQuery())
        for entry in LogFixture.twoHours.entries where entry.level >= .warning && entry.text(.outcome) != "shutdown" {
            summary.note(entry)
            timeline.note(entry)
        }
        let trades = try row("trades.eu", summary.report(now: LogFixture.time(7_200)))
        // The first one had opened before the log began.
        #expect(trades.sessions == 1 && trades.reconnects == 1 && trades.ends == [.peerClosed: 1, .pingTimeout: 1])
        #expect(trades.unloggedDials == 17 && trades.phase == .unknown)
        #expect(abs(Self.seconds(trades.open) - 898.5) < 0.001)
        let chart = try #require(timeline.chart(now: LogFixture.time(7_200)))
        let segments = try #require(chart.rows.first { $0.name == "trades.eu" }).row.segments
        let unknown = zip(segments, segments.dropFirst()).map { ($0.to, $1.from) }.filter { $0.0 < $0.1 }
        #expect(unknown.map(\.0) == [LogFixture.time(1_801), LogFixture.time(3_002)])
        #expect(segments.last?.to == LogFixture.time(3_630) && segments.allSatisfy { $0.phase != .dialing })
    }

    @Test("an outage that lasts counts with what it has lasted, and an old log is not stretched to the present")
    func lasting() throws {
        var log = LogFixture()
        log.opened(0, "a", 1)
        log.closed(60, "a", 1, "peer_vanished", up: 60, delay: 1)
        log.failed(61, "a", 2, delay: 4)
        #expect(try row("a", log.summary(now: 361)).outages.worst == 301_000)
        let old = log.summary(now: 100_000)
        #expect(try row("a", old).outages.worst == 1_000 && old.to == LogFixture.time(61))
    }

    @Test("lines that contradict each other, or whose numbers are absurd, break nothing")
    func absurd() throws {
        var log = LogFixture()
        let huge: LogEntry.Value = .integer(.max)
        for (index, event) in (EventName.allCases + EventName.allCases.reversed()).enumerated() {
            for value in [huge, .integer(.min), .text("x"), .truth(true), .json("[]")] {
                let fields = Dictionary(uniqueKeysWithValues: LogField.allCases.map { ($0, value) })
                log.add(Double(index % 7), event, "a", fields.filter { $0.key != .subscription })
            }
        }
        log.add(100, .subscriptionOpened, "late", [.session: huge])
        let late = log.entries.count - 1
        var entries = log.entries
        entries[late].wallNanoseconds = LogEntry.times.upperBound
        entries.insert(entries[0], at: 0)
        entries[0].wallNanoseconds = 0
        var summary = LogSummary(LogQuery())
        var timeline = Timeline(LogQuery())
        for entry in entries {
            summary.note(entry)
            timeline.note(entry)
        }
        let report = summary.report(now: .max)
        #expect(report.rows.map(\.name) == ["a", "late"])
        #expect(!LogReportText(width: 80).lines(report, LineTally()).isEmpty)
        #expect(LogReportJSON.lines(report, LineTally()).count == 3)
        let chart = try #require(timeline.chart(now: .max))
        #expect(TimelineView(width: 80, isUnicode: true, isColoured: true).lines(chart).count > 3)
    }

    @Test("requests: how often each failed, why, and whether it works again")
    func requests() throws {
        var log = LogFixture()
        func fields(_ cause: String?, _ suppressed: Int64) -> [LogField: LogEntry.Value] {
            var fields: [LogField: LogEntry.Value] = [.request: .text("book"), .suppressed: .integer(suppressed)]
            if let cause { fields[.cause] = .text(cause) }
            return fields
        }
        log.add(1, .requestFailed, level: .warning, fields("status", 0))
        log.add(2, .requestFailed, level: .warning, fields("timeout", 4))
        log.add(3, .requestRecovered, fields(nil, 2))
        let report = log.summary(now: 10)
        let book = try #require(report.totals.requests["book"])
        #expect(book.failures == 8 && book.recoveries == 1 && book.causes == ["status": 1, "timeout": 1])
        #expect(report.totals.suppressed == ["request.failed": 6])
        let text = LogReportText(width: nil).lines(report, LineTally())
        #expect(text.contains("Request book: 8 calls failed (status 1, timeout 1), worked again once."), "\(text)")
    }

    @Test("names beyond the limit are counted and not kept")
    func limit() {
        var summary = LogSummary(LogQuery())
        for index in 0..<(LogHistory.limit + 50) {
            var log = LogFixture()
            log.opened(Double(index), "s\(index)", 1)
            for entry in log.entries { summary.note(entry) }
        }
        let report = summary.report(now: LogFixture.time(20_000))
        #expect(report.rows.count == LogHistory.limit && report.leftOut == 50)
    }

    @Test("the worst are those that were up the least")
    func worst() {
        var report = LogFixture.twoHours.summary(now: 7_200)
        report.keepWorst(2)
        #expect(report.rows.map(\.name) == ["late", "trades.eu"] && report.hidden == 1 && report.all.sessions == 8)
    }
}
