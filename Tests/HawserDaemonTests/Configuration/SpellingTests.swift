import Testing

@testable import HawserDaemon

/// Did-you-mean, units, and the small pieces.
@Suite("Words and units")
struct SpellingTests {
    @Test(
        "Damerau-Levenshtein counts insertions, deletions, substitutions and swaps",
        arguments: [
            ("", "", 0), ("a", "", 1), ("", "abc", 3), ("ping", "ping", 0), ("pnig", "ping", 1), ("pin", "ping", 1),
            ("pings", "ping", 1), ("pong", "ping", 1), ("gnip", "ping", 3), ("kitten", "sitting", 3), ("ca", "abc", 3),
        ]
    )
    func distance(_ first: String, _ second: String, _ distance: Int) {
        #expect(Spelling.distance(first, second) == distance)
        #expect(Spelling.distance(second, first) == distance)
    }

    @Test(
        "A guess is close or an abbreviation, or there is none",
        arguments: [
            ("pnig", "ping"), ("Ping", "ping"), ("reconect", "reconnect"), ("over-flow", nil), ("timeout", "timeouts"),
            ("zzz", nil), ("", nil), ("p", nil), ("recon", "reconnect"), ("pause-max", "pause_max"),
        ] as [(String, String?)]
    )
    func closest(_ word: String, _ candidate: String?) {
        let candidates = ["timeouts", "ping", "reconnect", "pause_max", "decode"]
        #expect(Spelling.closest(to: word, among: candidates) == candidate)
    }

    @Test("A word of a MiB is not compared")
    func longWord() {
        #expect(Spelling.closest(to: String(repeating: "a", count: 1 << 20), among: ["ping"]) == nil)
    }

    @Test(
        "Durations",
        arguments: [
            ("0s", .zero), ("250ms", .milliseconds(250)), ("20s", .seconds(20)), ("5m", .seconds(300)),
            ("1h", .seconds(3_600)), ("2d", .seconds(172_800)), ("20", nil), ("s", nil), ("", nil), ("1.5s", nil),
            ("-1s", nil), ("+1s", nil), ("1 s", nil), ("1S", nil), ("1us", nil), ("1m30s", nil), ("٣s", nil),
            ("9223372036854775807d", nil), ("99999999999999999999s", nil),
        ] as [(String, Duration?)]
    )
    func durations(_ text: String, _ duration: Duration?) {
        #expect(DurationText.parse(text) == duration)
        if let duration {
            #expect(DurationText.parse(DurationText.format(duration)) == duration)
        }
    }

    @Test(
        "A guess at a duration or size is one",
        arguments: [
            "20", "1.5s", "20 s", "20sec", "2 minutes", "1H", "500 msec", "1e3s", "", "x", "99999999999999999999",
            "1_000ms",
            "1.0001ms", "4MB", "4 mb", "4k", "10 bytes", "4 MiB", "9223372036854775807kb", "-4MB",
        ]
    )
    func guesses(_ text: String) {
        if let guess = DurationText.guess(text) { #expect(DurationText.parse(guess) != nil, "\(guess)") }
        if let guess = SizeText.guess(text) { #expect(SizeText.parse(guess) != nil, "\(guess)") }
    }

    @Test(
        "Sizes",
        arguments: [
            ("0B", 0), ("256B", 256), ("64KiB", 65_536), ("4MiB", 4_194_304), ("1GiB", 1 << 30), ("2TiB", 2 << 40),
            ("4", nil), ("MiB", nil), ("4MB", nil), ("4mib", nil), ("-4MiB", nil), ("4.5MiB", nil), ("", nil),
            ("9223372036854775807TiB", nil),
        ] as [(String, Int?)]
    )
    func sizes(_ text: String, _ bytes: Int?) {
        #expect(SizeText.parse(text) == bytes)
        if let bytes { #expect(SizeText.parse(SizeText.format(bytes)) == bytes) }
    }

    @Test("Colour is used only if asked for")
    func color() throws {
        let issue = try #require(ConfigurationFixture().issues("loops: 0\n").first)
        #expect(!issue.rendered().contains("\u{1B}"))
        #expect(issue.rendered(color: true).contains("\u{1B}[1;31merror:\u{1B}[0m"))
        #expect(
            issue.rendered()
                == "hawser.yaml:1:8: error: loops: \"0\" is out of range; allowed: 1 to 64\n    loops: 0\n           ^"
        )
        #expect(issue.summary == "hawser.yaml:1:8: error: loops: \"0\" is out of range; allowed: 1 to 64")
    }

    @Test("A misspelt key is told as a good compiler would")
    func rendering() throws {
        let issues = ConfigurationFixture().issues(
            "subscriptions:\n  trades:\n    url: wss://feed.example/ws\n    pnig: {every: 20s}\n"
        )
        #expect(
            issues.map { $0.rendered() } == [
                """
                hawser.yaml:4:5: error: subscriptions.trades.pnig: unknown key "pnig"; did you mean "ping"?
                        pnig: {every: 20s}
                        ^
                """
            ]
        )
    }

    @Test("A line longer than a screen is cut around the column")
    func longLine() throws {
        let text = "state: /a\nlimits: {\(String(repeating: " ", count: 5_000))connections: 0}\n"
        let issue = try #require(ConfigurationFixture().issues(text).first)
        #expect(issue.column == 5_023)
        let excerpt = try #require(issue.excerpt)
        #expect(excerpt.line.hasPrefix("…"))
        let offset = excerpt.marker.count - 1
        #expect(Array(excerpt.line)[offset] == "0")
    }

    @Test("Line breaks of every kind count as YAML counts them", arguments: ["\n", "\r\n", "\r", "\u{85}", "\u{2028}"])
    func lineBreaks(_ lineBreak: String) throws {
        let text = ["log: {level: info}", "shutdown: {drain: 7s}", "loops: 0", ""].joined(separator: lineBreak)
        let issue = try #require(ConfigurationFixture().issues(text).first)
        #expect(issue.position == SourcePosition(line: 3, column: 8), "\(issue.summary)")
    }
}
