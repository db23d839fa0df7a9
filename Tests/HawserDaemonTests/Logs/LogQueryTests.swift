import Testing

@testable import HawserDaemon

@Suite("Which lines are asked for")
struct LogQueryTests {
    @Test(
        "patterns",
        arguments: [
            ("trades", "trades", true), ("trades", "trades2", false), ("*", "", true), ("tr*", "trades", true),
            ("*es", "trades", true), ("t?ades", "trades", true), ("t?ades", "tades", false), ("*a*e*", "trades", true),
            ("*x*", "trades", false), ("**", "é", true), ("?", "é", true), ("a*b*c", "abcbc", true),
            ("a*b*c", "abcb", false), ("", "", true), ("?*", "", false),
        ]
    )
    func patterns(pattern: String, name: String, expected: Bool) {
        #expect(NamePattern(pattern).matches(name) == expected)
    }

    @Test("a pattern full of stars takes no time without end")
    func manyStars() {
        let pattern = NamePattern(String(repeating: "*a", count: 500) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 5_000)))
    }

    @Test("subscription, event, outcome, level and time each leave out what they do not name")
    func filters() {
        let log = LogFixture.twoHours
        func count(_ change: (inout LogQuery) -> Void) -> Int {
            var query = LogQuery()
            change(&query)
            return log.entries.count { query.accepts($0) }
        }
        #expect(count { _ in } == log.entries.count)
        #expect(count { $0.subscriptions = [NamePattern("trades.*")] } == 19)
        #expect(count { $0.subscriptions = [NamePattern("calm"), NamePattern("late")] } == 9)
        #expect(count { $0.events = [NamePattern("sink.*"), NamePattern("daemon.starting")] } == 4)
        #expect(count { $0.outcomes = [NamePattern("ping_timeout")] } == 1)
        #expect(count { $0.level = .warning } == 17)
        #expect(count { $0.since = LogFixture.time(5_400) } == 12)
        #expect(count { $0.until = LogFixture.time(2) } == 2)
        #expect(
            count {
                $0.since = LogFixture.time(1_800)
                $0.until = LogFixture.time(1_800.001)
            } == 1
        )
    }

    @Test("options that make no sense together, and names that are none, are refused with a hint")
    func problems() {
        func problem(_ change: (inout LogsOptions) -> Void) -> String? {
            var options = LogsOptions()
            change(&options)
            return options.problem
        }
        #expect(problem { _ in } == nil)
        #expect(problem { $0.query.events = [NamePattern("dial.*")] } == nil)
        #expect(problem { $0.query.events = [NamePattern("dial.faild")] }?.contains("did you mean dial.failed") == true)
        #expect(problem { $0.query.outcomes = [NamePattern("ping*out"), NamePattern("reset")] } == nil)
        #expect(problem { $0.query.outcomes = [NamePattern("peer-closed")] }?.contains("mean peer_closed") == true)
        #expect(problem { $0.limit = 0 } != nil)
        #expect(problem { $0.limit = LogsOptions.lineLimit + 1 } != nil)
        #expect(problem { ($0.query.since, $0.query.until) = (2, 2) } != nil)
        #expect(problem { ($0.showsSummary, $0.follows) = (true, true) } != nil)
        #expect(problem { ($0.showsTimeline, $0.query.level) = (true, .warning) } != nil)
        #expect(problem { ($0.follows, $0.query.until) = (true, 1) } != nil)
        #expect(problem { ($0.follows, $0.source) = (true, .files(["-"])) } != nil)
    }
}
