import Glibc
import TestSupport
import Testing

/// `hawser demo`: the product in one command.
@Suite struct DemoTests {
    @Test("--for 3s: records of three feeds on standard output, state changes and a table on standard error, 0")
    func demo() async throws {
        let started = ContinuousClock.now
        let finished = try await HawserProgram.run(["demo", "--for", "3s"])
        #expect((.seconds(3)...Duration.seconds(8)).contains(ContinuousClock.now - started))
        #expect(finished.exit == .done)
        let records = try finished.output.map { try JSONLine($0) }
        #expect(Set(records.compactMap(\.subscription)) == ["ticker", "flaky", "quiet"])
        let ticks = records.filter { $0.subscription == "ticker" }.compactMap(\.number)
        #expect(ticks.count >= 40, "20 a second")
        #expect(ticks == Array(1..<ticks.count + 1))
        #expect(records.count { $0.mark == "opened" } >= 3)
        #expect(records.count { $0.mark == "opened" } == records.count { $0.mark == "closed" })

        #expect(finished.errorText.contains("subscription.opened") || finished.errorText.contains("open"))
        #expect(!finished.errorText.contains("compression="), "the feed server declines what is offered")
        let table = try #require(finished.errors.firstIndex { $0.hasPrefix("subscription ") })
        let rows = finished.errors[table...].map { $0.split(separator: " ", omittingEmptySubsequences: true) }
        #expect(rows.count == 4, "\(finished.errors[table...])")
        #expect(rows.dropFirst().compactMap(\.first).sorted() == ["flaky", "quiet", "ticker"])
        let ticker = try #require(rows.first { $0.first == "ticker" })
        #expect(ticker.dropFirst(2).first.flatMap { Int($0) } == ticks.count, "\(ticker)")
    }

    @Test("Ctrl-C ends it with the table and 0")
    func interrupted() async throws {
        let process = try HawserProgram.start(["demo"])
        _ = try await process.line(.stdout, containing: #""sub":"quiet""#)
        process.send(signal: SIGINT)
        #expect(try await process.awaitExit() == .done)
        #expect(process.lines(.stderr).contains { $0.hasPrefix("subscription ") && $0.hasSuffix("outcome") })
    }

    @Test("a reader of its output that goes away ends it with 1, like head does")
    func hangUp() async throws {
        let directory = try TemporaryDirectory()
        let reader = try ReluctantReader(in: directory)
        let process = try HawserProgram.start(through: reader.launcher, ["demo"])
        _ = try await onOwnThread { try reader.read { $0.contains("ticker") } }
        reader.hangUp()
        #expect(try await process.awaitExit() == .failed)
        #expect(process.lines(.stderr).contains { $0.contains("its reader is gone") })
    }
}
