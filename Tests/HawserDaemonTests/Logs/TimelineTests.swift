import TestSupport
import Testing

@testable import HawserDaemon

@Suite("The timeline of a log")
struct TimelineTests {
    private func spans(_ name: String, _ chart: TimelineChart?) -> [String] {
        chart?.rows.first { $0.name == name }?.row.segments.map { segment in
            let from = Double(segment.from - LogFixture.origin) / 1e9
            let to = Double(segment.to - LogFixture.origin) / 1e9
            return "\(segment.phase.rawValue) \(from) \(to)"
        } ?? []
    }

    @Test("open, stale, backing off, dialing, waiting and not running, each from when to when")
    func phases() {
        let chart = LogFixture.twoHours.chart(now: 7_200)
        #expect(
            spans("late", chart).prefix(3) == ["waiting 2.0 4000.0", "open 4000.0 5400.0", "not_running 5400.0 5700.0"]
        )
        let trades = spans("trades.eu", chart)
        #expect(
            trades.prefix(6) == [
                "open 2.0 1800.0", "backing_off 1800.0 1801.0", "dialing 1801.0 1801.5", "open 1801.5 2700.0",
                "stale 2700.0 3000.0", "backing_off 3000.0 3002.0",
            ]
        )
        // While lines are left out it is not known when it dialled: it backs off.
        #expect(
            trades.suffix(4) == [
                "backing_off 3060.0 4100.0", "open 4100.0 5400.0", "not_running 5400.0 5700.0", "open 5701.0 7200.0",
            ]
        )
    }

    @Test("unknown before the first line; the end of a session says since when it was open")
    func unknown() throws {
        var log = LogFixture()
        log.add(0, .daemonSummary, [:])
        log.closed(100, "a", 1, "reset", up: 40, delay: 10)
        log.add(130, .subscriptionDialing, "a", level: .debug, [.session: .integer(2)])
        log.opened(131, "a", 2)
        let chart = try #require(log.chart(now: 140))
        #expect(chart.from == LogFixture.origin && chart.to == LogFixture.time(140))
        #expect(
            spans("a", chart) == [
                "open 60.0 100.0", "backing_off 100.0 110.0", "dialing 110.0 131.0", "open 131.0 140.0",
            ]
        )
        let row = try #require(chart.rows.first?.row)
        let cells = row.cells(14, from: chart.from, to: chart.to)
        #expect(cells.prefix(6).allSatisfy { $0 == .phase(.unknown) })
        #expect(cells[6] == .phase(.open) && cells[10] == .phase(.backingOff) && cells[11] == .phase(.dialing))
    }

    @Test("a short outage shows in a column that is open for the most part, a first dial does not")
    func interrupted() throws {
        var log = LogFixture()
        log.opened(0, "a", 1)
        log.closed(500, "a", 1, "reset", up: 500, delay: 0.25)
        log.opened(500.3, "a", 2)
        log.closed(700, "a", 2, "reloaded", up: 199.7, delay: nil)
        log.opened(700.1, "a", 3)
        log.add(1_000, .daemonSummary, [:])
        let chart = try #require(log.chart(now: 1_000))
        let cells = chart.rows[0].row.cells(10, from: chart.from, to: chart.to)
        let expected: [TimelineCell] = (0..<10).map { $0 == 5 || $0 == 7 ? .interrupted : .phase(.open) }
        #expect(cells == expected)
    }

    @Test("with too many changes neighbours are drawn together: memory has a bound, and what was open stays so")
    func coarse() throws {
        var generator = SeededGenerator("many changes")
        var log = LogFixture()
        var time = 0.0
        for session in 1...Int64(5_000) {
            for name in ["a", "b"] {
                log.opened(time, name, session)
                let up = Double.random(in: 1...100, using: &generator)
                log.closed(time + up / 2, name, session, "reset", up: up / 2, delay: 0.5)
            }
            time += 110
        }
        let exact = try #require(log.chart(now: time))
        let coarse = try #require(log.chart(now: time, limit: 1_000))
        #expect(exact.rows.reduce(0) { $0 + $1.row.segments.count } > 20_000)
        #expect(coarse.rows.reduce(0) { $0 + $1.row.segments.count } <= 1_000)
        for (fine, rough) in zip(exact.rows, coarse.rows) {
            let cells = (
                fine.row.cells(40, from: exact.from, to: exact.to), rough.row.cells(40, from: exact.from, to: exact.to)
            )
            #expect(zip(cells.0, cells.1).allSatisfy { $0 == $1 || $1 == .interrupted || $0 == .interrupted })
            #expect(rough.row.segments.allSatisfy { $0.from < $0.to })
            #expect(zip(rough.row.segments, rough.row.segments.dropFirst()).allSatisfy { $0.to <= $1.from })
        }
    }

    @Test("an axis has marks at round times whose labels do not touch, whatever the span and the width")
    func axis() {
        var generator = SeededGenerator("time axes")
        for _ in 0..<2_000 {
            let start = Int64.random(in: LogEntry.times, using: &generator)
            let span = Int64(1) << Int64.random(in: 0...60, using: &generator)
            let end = min(LogEntry.times.upperBound, start.addingReportingOverflow(span).partialValue)
            let columns = Int.random(in: 1...300, using: &generator)
            let axis = TimeAxis(from: start, to: max(start, end), columns: columns)
            var free = 0
            for mark in axis.marks {
                #expect(mark.column >= free, "\(axis)")
                free = mark.column + mark.label.count + 2
            }
            #expect(axis.line(columns: columns).count <= columns)
            #expect(axis.marks.allSatisfy { axis.line(columns: columns).contains("|" + $0.label) })
        }
        let day = TimeAxis(from: LogFixture.origin, to: LogFixture.time(86_400), columns: 80)
        #expect(day.marks.map(\.label) == ["21:00", "11-27", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00"])
    }
}
