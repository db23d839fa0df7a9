import Testing

@testable import HawserDaemon

/// Every wrong configuration is told at its exact place, with what to do.
@Suite("Wrong configurations")
struct WrongConfigurationTests {
    @Test(
        "Each mistake is one error with its exact line, column, key path, problem and remedy",
        arguments: WrongConfiguration.all
    )
    func oneError(_ wrong: WrongConfiguration) throws {
        let errors = ConfigurationFixture().issues(wrong.source).filter { $0.severity == .error }
        try #require(errors.count == 1, "\(errors.map(\.summary))")
        let error = errors[0]
        #expect(error.file == "hawser.yaml")
        #expect(error.line == wrong.place.line)
        #expect(error.column == wrong.place.column)
        #expect(error.keyPath == wrong.keyPath)
        #expect(error.problem == wrong.problem)
        #expect(error.allowed == wrong.allowed)
        #expect(error.remedy == wrong.remedy)
    }

    @Test("The caret stands below the column", arguments: WrongConfiguration.all)
    func caret(_ wrong: WrongConfiguration) throws {
        let error = try #require(ConfigurationFixture().issues(wrong.source).first { $0.severity == .error })
        guard let excerpt = error.excerpt else {
            let lines = wrong.source.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines[wrong.place.line - 1].isEmpty)
            return
        }
        #expect(excerpt.marker.last == "^")
        #expect(excerpt.marker.unicodeScalars.count == wrong.place.column)
        #expect(excerpt.marker.dropLast().allSatisfy { $0 == " " || $0 == "\t" })
    }

    @Test("There are at least 45, no two alike")
    func enough() {
        #expect(WrongConfiguration.all.count >= 45)
        #expect(Set(WrongConfiguration.all.map(\.text)).count == WrongConfiguration.all.count)
    }

    @Test("All mistakes are collected, in the order of the file")
    func allAtOnce() {
        let issues = ConfigurationFixture().issues(
            """
            limits: {connections: 0}
            subscriptions:
              trades:
                pnig: {every: 20s}
                sinks: [nowhere]
              quotes:
                url: http://h
            loops: many
            log: {level: lout}
            loops: 2
            """
        )
        #expect(
            issues.map { "\($0.line ?? 0):\($0.column ?? 0) \($0.keyPath)" } == [
                "1:23 limits.connections", "3:3 subscriptions.trades", "4:5 subscriptions.trades.pnig",
                "7:10 subscriptions.quotes.url", "9:14 log.level", "10:1 loops",
            ]
        )
    }

    @Test("Three of the same key are two errors")
    func duplicates() {
        let issues = ConfigurationFixture().issues("log: {level: info, level: debug, 'level': trace}\n")
        #expect(issues.map(\.column) == [20, 34])
        #expect(issues.allSatisfy { $0.remedy == "it was first given in line 1: keep one of them" })
    }

    @Test("More duplicates than are searched for end with an error, too")
    func manyDuplicates() {
        let text = (0..<60).map { "k\($0): 1\nk\($0): 2\n" }.joined()
        let issues = ConfigurationFixture().issues(text)
        #expect(!issues.isEmpty)
        #expect(issues.allSatisfy { $0.severity == .error })
    }

    @Test("After a hundred errors the rest is counted")
    func flood() throws {
        let text = (0..<500).map { "key\($0): 1\n" }.joined()
        do {
            _ = try ConfigurationFixture().load(text)
            Issue.record("it was loaded")
        } catch {
            #expect(error.issues.count == ConfigurationReading.maximumIssues)
            #expect(error.suppressed == 400)
            #expect(error.rendered().hasSuffix("\n… and 400 more\n500 errors in the configuration"))
        }
    }

    @Test("Any number of warnings hides no error, and is none")
    func manyWarnings() throws {
        let text =
            "limits: {connections: 200}\nsubscriptions:\n"
            + (0..<150).map { "  s\($0): {url: wss://h, ping: off}\n" }.joined()
        let loaded = try ConfigurationFixture().load(text)
        #expect(loaded.warnings.count == 101)
        #expect(loaded.warnings.last?.problem == "and 50 more warnings")
        let errors = ConfigurationFixture().issues(text + "log: {level: lout}\n")
        #expect(errors.filter { $0.severity == .error }.map(\.keyPath) == ["log.level"])
    }

    @Test("A subscription that cannot be read does not make its sink unused")
    func noConsequence() {
        let issues = ConfigurationFixture().issues(
            """
            subscriptions: {a: {url: http://h, sinks: [x]}, b: {url: wss://h, sinks: [y]}}
            sinks: {x: {stdout: {}}, y: {file: {path: /y}}}
            """
        )
        #expect(issues.map(\.keyPath) == ["subscriptions.a.url"])
    }
}
