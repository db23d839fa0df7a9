import Foundation
import Testing

@testable import HawserDaemon

@Suite("What the summary and the timeline look like")
struct LogViewTests {
    private static let tally: LineTally = {
        var tally = LineTally()
        (tally.entries, tally.foreign, tally.damaged) = (44, 2, 1)
        return tally
    }()

    private func timeline(width: Int, isUnicode: Bool) throws -> String {
        let chart = try #require(LogFixture.twoHours.chart(now: 7_200))
        return TimelineView(width: width, isUnicode: isUnicode, isColoured: false).lines(chart).joined(separator: "\n")
    }

    private func summary(width: Int?) -> String {
        let report = LogFixture.twoHours.summary(now: 7_200)
        return LogReportText(width: width).lines(report, Self.tally).joined(separator: "\n")
    }

    @Test("a timeline of 80 columns, with plain characters and with those of Unicode")
    func narrowTimeline() throws {
        let plain = """
            2026-11-26 20:00:00Z to 2026-11-26 22:00:00Z (2h00m), a column is 1m56s

            calm      ===============================================__=============    100%
            late      wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww=============__=============  42.03%
            trades.eu ===============+=======sssxxxxxxxxx+===========__=============  79.67%
                      |20:00         |20:30          |21:00         |21:30

            = open   + open, with a reconnect   s stale   x backing off   w waiting
            _ not running
            """
        #expect(try timeline(width: 80, isUnicode: false) == plain)
        let drawn = """
            2026-11-26 20:00:00Z to 2026-11-26 22:00:00Z (2h00m), a column is 1m56s

            calm      ███████████████████████████████████████████████__█████████████    100%
            late      ──────────────────────────────────█████████████__█████████████  42.03%
            trades.eu ███████████████▄███████▚▚▚░░░░░░░░░▄███████████__█████████████  79.67%
                      |20:00         |20:30          |21:00         |21:30

            █ open   ▄ open, with a reconnect   ▚ stale   ░ backing off   ─ waiting
            _ not running
            """
        #expect(try timeline(width: 80, isUnicode: true) == drawn)
    }

    @Test("a timeline of 200 columns has finer columns, more marks and room for the whole legend")
    func wideTimeline() throws {
        let lines = try timeline(width: 200, isUnicode: false).split(separator: "\n").map(String.init)
        let open = String(repeating: "=", count: 38)
        let calm = "calm      " + String(repeating: "=", count: 137) + "_______" + open + "    100%"
        let late =
            "late      " + String(repeating: "w", count: 101) + String(repeating: "=", count: 36) + "_______" + open
        let trades = [
            "trades.eu " + String(repeating: "=", count: 45) + "+" + String(repeating: "=", count: 22) + "ssssssss",
            "d" + String(repeating: "x", count: 27) + String(repeating: "=", count: 33) + "_______" + open + "  79.67%",
        ]
        #expect(lines[0] == "2026-11-26 20:00:00Z to 2026-11-26 22:00:00Z (2h00m), a column is 39.5s")
        #expect(lines.dropFirst().prefix(3) == [calm, late + "  42.03%", trades.joined()])
        #expect(lines.dropFirst().prefix(3).allSatisfy { $0.count == 200 })
        #expect(lines[4].count { $0 == "|" } == 12 && lines[4].contains("|21:50"))
        #expect(lines[5].hasPrefix("= open   + open, with a reconnect") && lines[5].hasSuffix("_ not running"))
    }

    @Test("in colour nothing moves: without the escape sequences it is the same")
    func colour() throws {
        let chart = try #require(LogFixture.twoHours.chart(now: 7_200))
        for width in [80, 200] {
            let plain = TimelineView(width: width, isUnicode: true, isColoured: false).lines(chart)
            let coloured = TimelineView(width: width, isUnicode: true, isColoured: true).lines(chart)
            #expect(coloured.map { $0.replacing(/\u{1B}\[\d*m/, with: "") } == plain)
            #expect(coloured[2].hasSuffix("\u{1B}[0m    100%"))
        }
    }

    @Test("narrow terminals, long names and names that would steer a terminal keep their places")
    func hostileNames() throws {
        var log = LogFixture()
        for name in [String(repeating: "n", count: 300), "\u{1B}[2J\u{202E}x", "é"] { log.opened(0, name, 1) }
        log.add(100, .daemonSummary)
        let chart = try #require(log.chart(now: 100))
        for width in [1, 40, 80, 200] {
            let lines = TimelineView(width: width, isUnicode: true, isColoured: false).lines(chart)
            let rows = lines.filter { $0.contains("█") && $0.hasSuffix("%") }
            #expect(rows.count == 3 && rows.allSatisfy { $0.count == max(width, 40) }, "\(rows)")
            #expect(!lines.joined().unicodeScalars.contains { ["\u{1B}", "\u{202E}"].contains($0) })
        }
        let text = LogReportText(width: 80).lines(log.summary(now: 100), LineTally())
        #expect(text.allSatisfy { $0.count <= 80 } && !text.joined().contains("\u{1B}"))
    }

    @Test("a summary of 80 columns has a second line for each row")
    func narrowSummary() {
        let expected = """
            2026-11-26 20:00:00Z to 2026-11-26 22:00:00Z (2h00m), 3 subscriptions

            subscription      up  sessions  outages  median   worst  silence  messages
            calm            100%         2        0       -       -        -       100
              now open; ended: shutdown 1
            late          42.03%         2        0       -       -        -       100
              now open; ended: shutdown 1; waited 1h06m for a connection
            trades.eu     79.67%         4        2    1.5s  23m20s    5m00s     70007
              now open; ended: peer_closed 1, ping_timeout 1, shutdown 1 (codes 1012: 1);
                dials failed: dial_failed 11, 28 without a line; delays 20.0s to 30.0s
            all           73.90%         8        2    1.5s  23m20s    5m00s     70207
              ended: shutdown 3, peer_closed 1, ping_timeout 1 (codes 1012: 1); dials
                failed: dial_failed 11, 28 without a line; waited 1h06m for a connection;
                delays 20.0s to 30.0s; by cause: peer 1, watchdog 1

            The daemon started with 4 subscriptions; the others have no line here.
            Process: 2 starts, 1 stop, not running for 5m00s; newest run m2uy.
            Sink archive: full 1 time, stood still for 12.5s.
            Left out of the log to keep it short: dial.failed 28.
            34 lines counted (warning 17); 2 lines are not of Hawser's log, 1 is damaged.
            """
        #expect(summary(width: 80) == expected)
    }

    @Test("where there is room a row has it all, and what is longer goes on below in its place")
    func wideSummary() {
        let lines = summary(width: 200).split(separator: "\n").map(String.init)
        let late = "late          42.03%         2        0       -       -        -       100  "
        #expect(lines[3] == late + "now open; ended: shutdown 1; waited 1h06m for a connection")
        let trades = "trades.eu     79.67%         4        2    1.5s  23m20s    5m00s     70007  "
        #expect(
            lines[4].hasPrefix(trades + "now open; ended: peer_closed 1, ping_timeout 1, shutdown 1 (codes 1012: 1); ")
        )
        #expect(lines[5] == String(repeating: " ", count: trades.count + 2) + "delays 20.0s to 30.0s")
        #expect(lines[4].hasSuffix("dials failed: dial_failed 11, 28 without a line;"))
        #expect(lines.allSatisfy { $0.count <= 200 })
    }

    @Test("in a pipe a row has it all")
    func pipedSummary() {
        let lines = summary(width: nil).split(separator: "\n")
        #expect(lines.count == 11)
        let row = lines.first { $0.hasPrefix("trades.eu") }
        #expect(row?.contains("70007  now open; ended: peer_closed 1, ") == true && row?.hasSuffix("30.0s") == true)
    }

    @Test("as JSON each line is an object, with the same numbers")
    func json() throws {
        let report = LogFixture.twoHours.summary(now: 7_200)
        let lines = try LogReportJSON.lines(report, Self.tally).map {
            try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
        #expect(lines.map { $0["subscription"] as? String } == ["calm", "late", "trades.eu", nil])
        let trades = lines[2]
        #expect(
            lines[1]["waiting_ms"] as? Int == 3_998_000 && trades["outage_worst_ms"] as? Int == 1_400_000
                && trades["outage_median_ms"] as? Int == 1_500
        )
        #expect(trades["ends"] as? [String: Int] == ["peer_closed": 1, "ping_timeout": 1, "shutdown": 1])
        #expect(trades["close_codes"] as? [String: Int] == ["1012": 1] && trades["phase"] as? String == "open")
        #expect(abs((trades["up_share"] as? Double ?? 0) - 0.79677) < 0.0001)
        let total = try #require(lines[3]["total"] as? [String: Any])
        #expect(total["from"] as? String == "2026-11-26T20:00:00.000000000Z")
        #expect(total["suppressed"] as? [String: Int] == ["dial.failed": 28] && total["foreign"] as? Int == 2)
        let sink = (total["sinks"] as? [String: [String: Int]])?["archive"]
        #expect(sink == ["blocked": 1, "failures": 0, "lost_records": 0, "paused_ms": 12_500])
    }
}
