import ConnectionLifecycle
import Dispatch
import Locking
import TestSupport
import Testing

@testable import HawserDaemon

/// Reloads that follow each other, come at once, or meet the end of the daemon.
@Suite("Reloads in a row and at once")
struct ReloadConcurrencyTests {
    private static let head = """
        defaults: {decode: json, reconnect: {first: 1ms, floor: 0s, max: 5ms}}
        sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}

        """

    @Test("a hundred reloads while feeds run: every message once or within a marked gap, and no descriptor more")
    func hundred() async {
        await #expect(processExitsWith: .success) {
            // The first loop that watches signals makes a pipe that libuv keeps for good.
            _ = try await DaemonRunner(ReloadConcurrencyTests.head).run { runner in
                try await eventually("it is ready", within: SteadyFeeds.patience) {
                    !runner.lines(.daemonReady).isEmpty
                }
            }
            let before = await ProcessCensus.baseline()
            try await ReloadConcurrencyTests.runHundred()
            let left = await before.leftOver()
            #expect(left.isEmpty, "\(left)")
        }
    }

    private static func runHundred() async throws {
        let feeds = SteadyFeeds()
        let server = try FaultServer(feeds.behaviour)
        var generator = SeededGenerator("a hundred reloads")
        func text(_ round: Int) -> String {
            let members = (0..<8).compactMap { index -> String? in
                guard round == 0 || index < 2 || Bool.random(using: &generator) else { return nil }
                // The first one is never touched, the second one always.
                let ping = index == 0 ? 20 : index == 1 ? 20 + round : Int.random(in: 20...21, using: &generator)
                return "  s\(index): {url: \"\(server.url("/s\(index)"))\", ping: {every: \(ping)s}}\n"
            }
            let shuffled = members.shuffled(using: &generator)
            return head + "log: {level: \(Bool.random(using: &generator) ? "info" : "debug")}\n"
                + "subscriptions:\n" + shuffled.joined()
        }
        let runner = try DaemonRunner(text(0))
        let texts = (1...100).map(text)
        let ending = try await runner.run { runner in
            try await eventually("all are open", within: SteadyFeeds.patience) {
                (0..<8).allSatisfy { feeds.sent("s\($0)") > 10 }
            }
            let descriptors = ProcessCensus().descriptors.count
            for text in texts {
                let sent = feeds.sent("s0")
                _ = try await runner.reload(text)
                try await eventually("time passes", within: SteadyFeeds.patience) { feeds.sent("s0") > sent }
            }
            try await eventually("descriptors are given back", within: SteadyFeeds.patience) {
                ProcessCensus().descriptors.count <= descriptors
            }
        }
        #expect(ending.status == .done)
        #expect(runner.lines(.daemonReloaded).count == 100)
        #expect(feeds.connections("s0") == 1)
        let records = try runner.records()
        for index in 0..<8 {
            let audit = FeedAudit(records.filter { $0.subscription == "s\(index)" })
            #expect(audit.problems.isEmpty, "s\(index): \(audit.problems)")
            #expect(audit.gaps.allSatisfy { $0 == "reload" }, "s\(index): \(audit.gaps)")
            #expect(audit.last > 0)
        }
        server.stop()
    }

    @Test("asked for many times at once, all are answered, and the newest file is in force")
    func atOnce() async throws {
        let server = try FaultServer(.echo)
        @Sendable func text(_ count: Int) -> String {
            Self.head + "subscriptions:\n"
                + (0..<count).map { "  s\($0): {url: \"\(server.url())\"}\n" }.joined()
        }
        let runner = try DaemonRunner(text(1))
        let ending = try await runner.run { runner in
            try await eventually("it is open", within: SteadyFeeds.patience) { server.counts.now == 1 }
            try await withThrowingTaskGroup { group in
                for count in 2...20 {
                    group.addTask { try await runner.reload(text(count > 10 ? 5 : 3)) }
                }
                try await group.waitForAll()
            }
            _ = try await runner.reload(text(4))
            try await eventually("four are open", within: SteadyFeeds.patience) { server.counts.now == 4 }
        }
        #expect(ending.statistics.count == 4)
        let reloads = runner.lines(.daemonReloaded).count
        #expect((2...20).contains(reloads), "those that waited shared one")
        server.stop()
    }

    @Test("a stop while a reload closes sessions ends both, in bounded time")
    func stopWhileClosing() async throws {
        let server = try FaultServer(.neverAnswersClose)
        let feeds = (0..<5).map { "  s\($0): {url: \"\(server.url())\"}\n" }.joined()
        let runner = try DaemonRunner(Self.head + "subscriptions:\n" + feeds)
        let reload = Collected<Task<ReloadReport, any Error>>()
        let ending = try await runner.run { runner in
            try await eventually("all are open", within: SteadyFeeds.patience) { server.counts.now == 5 }
            reload.append(Task { try await runner.reload(Self.head + "subscriptions: {}\n") })
            try await eventually("it has begun", within: SteadyFeeds.patience) {
                !runner.lines(.daemonReloading).isEmpty
            }
        }
        #expect(ending.status == .done)
        // Either it had begun to change something, and did all of it, or nothing.
        let outcome = await reload.values.first?.result
        switch outcome {
        case .success(let report)?: #expect(report.subscriptions.removed == 5)
        case .failure(let error)?: #expect((error as? ReloadError)?.reason == .stopping)
        case nil: Issue.record("there was no reload")
        }
        let late = await #expect(throws: ReloadError.self) { try await runner.daemon.reload() }
        #expect(late?.reason == .stopping)
        server.stop()
    }

    @Test("a stop does not wait for a file that hangs, nor does the next reload pile up behind it")
    func hangingFile() async throws {
        let gate = DispatchSemaphore(value: 0)
        let reads = OrderedMutex(0)
        let files = FileAccess { path, limit in
            reads.withLock { $0 += 1 }
            gate.wait()
            return FileAccess.system.read(path, limit)
        }
        let runner = try DaemonRunner(Self.head + "subscriptions: {}\n", files: files)
        let reload = Collected<Task<ReloadReport, any Error>>()
        let ending = try await runner.run { runner in
            reload.append(Task { try await runner.reload(Self.head + "subscriptions: {}\n") })
            try await eventually("it reads", within: SteadyFeeds.patience) { reads.withLock { $0 } == 1 }
        }
        #expect(ending.status == .done)
        await #expect(throws: ReloadError.self) { try await reload.values.first?.value }
        gate.signal()
    }

    @Test("requests that are unchanged go on; the numbers of changed and returning ones do, too")
    func requests() async throws {
        let server = try plainServer { _, connection in try connection.answer(200, [], "ok") }
        @Sendable func text(_ requests: String) -> String {
            Self.head + "requests:\n  same: {url: \"\(server.http("/same"))\", every: 100ms, at_start: true}\n"
                + requests
        }
        let changing = "  other: {url: \"\(server.http("/other"))\", every: 100ms, at_start: true"
        let runner = try DaemonRunner(text(changing + "}\n"))
        @Sendable func answers(_ runner: DaemonRunner, _ name: String) throws -> Int {
            (runner.directory.text(of: "out.jsonl") ?? "").split(separator: "\n")
                .count { $0.contains("\"req\":\"\(name)\"") }
        }
        _ = try await runner.run { runner in
            var texts = [text(changing + ", headers: {X-A: \"1\"}}\n"), text(""), text(changing + "}\n")]
            texts.append(texts[2] + "http: {pool: {max_connections: 2}}\n")
            for (round, text) in texts.enumerated() {
                let before = try answers(runner, "same")
                if round != 2 {
                    let others = try answers(runner, "other")
                    try await eventually("others are answered", within: SteadyFeeds.patience) {
                        try answers(runner, "other") > others
                    }
                }
                try await eventually("answers come", within: SteadyFeeds.patience) {
                    try answers(runner, "same") > before
                }
                _ = try await runner.reload(text)
            }
            let others = try answers(runner, "other")
            try await eventually("with the new client, too", within: SteadyFeeds.patience) {
                try answers(runner, "other") > others
            }
        }
        for name in ["same", "other"] {
            let numbers = (runner.directory.text(of: "out.jsonl") ?? "").split(separator: "\n")
                .filter { $0.contains("\"req\":\"\(name)\"") }
                .compactMap { $0.firstMatch(of: /"seq":(\d+)/).flatMap { Int($0.1) } }
            #expect(numbers == Array(1...numbers.count), "\(name)")
        }
        server.stop()
    }
}
