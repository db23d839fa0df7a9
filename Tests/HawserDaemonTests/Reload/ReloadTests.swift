import ConnectionLifecycle
import Glibc
import TestSupport
import Testing

@testable import HawserDaemon

/// A new configuration in a running daemon, on real sockets.
@Suite("Reload")
struct ReloadTests {
    private static let head = """
        defaults: {decode: json, reconnect: {first: 10ms, floor: 0s, max: 50ms}}
        sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}
        subscriptions:

        """

    private static func feed(_ name: String, _ server: FaultServer, _ more: String = "") -> String {
        "  \(name): {url: \"\(server.url("/\(name)"))\"\(more)}\n"
    }

    @Test(
        "one changed, one added, one removed: the one that is unchanged keeps its connection and misses nothing",
        arguments: [1, 3]
    )
    func mixed(loops: Int) async throws {
        let feeds = SteadyFeeds()
        let server = try FaultServer(feeds.behaviour)
        let head = "loops: \(loops)\n" + Self.head
        let before = ["same", "changed", "removed"].map { Self.feed($0, server) }.joined()
        let runner = try DaemonRunner(head + before)
        let ending = try await runner.run { runner in
            try await eventually("all are open", within: SteadyFeeds.patience) {
                ["same", "changed", "removed"].allSatisfy { feeds.sent($0) > 20 }
            }
            let after =
                Self.feed("added", server) + Self.feed("changed", server, ", ping: {every: 9s}")
                + Self.feed("same", server)
            let report = try await runner.reload(head + after)
            #expect(
                report.subscriptions == .init(added: 1, changed: 1, adjusted: 0, removed: 1, unchanged: 1)
            )
            #expect(report.isComplete)
            let sent = feeds.sent("same")
            try await eventually("all that remain go on", within: SteadyFeeds.patience) {
                feeds.connections("changed") == 2 && feeds.sent("added") > 20 && feeds.sent("same") > sent + 20
            }
        }
        #expect(ending.statistics.map(\.name) == ["added", "changed", "same"])
        #expect(feeds.connections("same") == 1 && feeds.connections("removed") == 1)
        #expect(server.closes.map(\.closeCode) == Array(repeating: 1001, count: 5))
        let records = try runner.records()
        for name in ["same", "changed", "removed", "added"] {
            let audit = FeedAudit(records.filter { $0.subscription == name })
            #expect(audit.problems == [], "\(name)")
            #expect(audit.last > 0)
            #expect(audit.gaps == (name == "changed" ? ["reload"] : []), "\(name)")
        }
        let closed = records.filter { $0.mark == "closed" }
        let outcomes = closed.map { "\($0.subscription) \($0.session ?? 0) \($0.outcome ?? "")" }
        #expect(
            Set(outcomes) == [
                "same 1 shutdown", "changed 1 reloaded", "changed 2 shutdown", "removed 1 reloaded", "added 1 shutdown",
            ]
        )
        let line = try #require(runner.lines(.daemonReloaded).first)
        #expect([.added, .changed, .adjusted, .removed, .unchanged].map { line[$0] } == ["1", "1", "0", "1", "1"])
        server.stop()
    }

    @Test("a file with errors, or that needs a restart, leaves all as it was, and each reason is said with its line")
    func refused() async throws {
        let feeds = SteadyFeeds()
        let server = try FaultServer(feeds.behaviour)
        let good = Self.head + Self.feed("a", server)
        let runner = try DaemonRunner(good)
        _ = try await runner.run { runner in
            try await eventually("it is open", within: SteadyFeeds.patience) { feeds.sent("a") > 0 }
            let bad: [(String, Int, ReloadError.Reason)] = [
                (good + "  b: {url: nonsense}\n  c: {}\n", 2, .configuration),
                ("a: [\n", 1, .configuration),
                (good + "loops: 2\n", 1, .restart),
                (good.replacing("fsync: never", with: "fsync: batch"), 1, .restart),
                (good.replacing("DIR/out", with: "DIR/missing/out") + Self.feed("b", server), 1, .sink),
                (good + "  b: {url: \"wss://localhost:1/\", tls: {ca: DIR/none.pem}}\n", 1, .configuration),
            ]
            for (text, count, reason) in bad {
                let before = runner.lines(.configurationError).count
                let error = await #expect(throws: ReloadError.self) { try await runner.reload(text) }
                #expect(error?.reason == reason, "\(error as Any)")
                #expect(error?.problems.count == count, "\(error?.problems ?? [])")
                #expect(error?.problems.allSatisfy { $0.hasPrefix(runner.directory.file("test.yaml:")) } == true)
                #expect(runner.lines(.configurationError).dropFirst(before).map(\.message) == error?.problems)
                #expect(runner.lines(.daemonReloadFailed).last?[.cause] == reason.rawValue)
            }
            unlink(runner.directory.file("test.yaml"))
            let missing = await #expect(throws: ReloadError.self) { try await runner.daemon.reload() }
            #expect(missing?.reason == .configuration)
            let sent = feeds.sent("a")
            try await eventually("it goes on", within: SteadyFeeds.patience) { feeds.sent("a") > sent + 20 }
            #expect(feeds.connections("a") == 1)
            #expect(try await runner.reload(good).summary == "nothing has changed")
        }
        #expect(runner.directory.names.filter { $0 != "test.yaml" } == ["out.jsonl"])
        #expect(FeedAudit(try runner.records()).problems == [])
        server.stop()
    }

    @Test("a second sink that cannot be opened leaves no trace of the first")
    func secondSink() async throws {
        let server = try FaultServer(.echo)
        let runner = try DaemonRunner(Self.head + Self.feed("a", server))
        _ = try await runner.run { runner in
            try await eventually("it is open", within: SteadyFeeds.patience) {
                !runner.lines(.subscriptionOpened).isEmpty
            }
            let more = "sinks: {new: {file: {path: DIR/new.jsonl}}, bad: {file: {path: DIR/no/x.jsonl}}, "
            let error = await #expect(throws: ReloadError.self) {
                try await runner.reload(Self.head.replacing("sinks: {", with: more) + Self.feed("a", server))
            }
            #expect(error?.reason == .sink)
            #expect(error?.problems.first?.contains("sinks.bad") == true, "\(error as Any)")
        }
        #expect(!runner.directory.names.contains("new.jsonl"))
        #expect(server.counts.total == 1)
        server.stop()
    }

    @Test("a sink that moves to another file takes the feeds along in mid-session, without a hole")
    func movedSink() async throws {
        let feeds = SteadyFeeds()
        let server = try FaultServer(feeds.behaviour)
        let text = Self.head + Self.feed("a", server)
        let runner = try DaemonRunner(text)
        _ = try await runner.run { runner in
            for round in 1...3 {
                let sent = feeds.sent("a")
                try await eventually("it goes on", within: SteadyFeeds.patience) { feeds.sent("a") > sent + 20 }
                let report = try await runner.reload(text.replacing("DIR/out", with: "DIR/out\(round)"))
                #expect(report.sinks.changed == 1 && report.subscriptions.unchanged == 1)
            }
        }
        #expect(feeds.connections("a") == 1)
        let files = try ["out.jsonl", "out1.jsonl", "out2.jsonl", "out3.jsonl"].map { try runner.records(in: $0) }
        #expect(files.prefix(3).allSatisfy { !$0.isEmpty })
        let audit = FeedAudit(Array(files.joined()))
        #expect(audit.problems == [] && audit.gaps == [])
        #expect(runner.lines(.sinkOpened).count == 4)
        server.stop()
    }

    @Test("a sink that only removed feeds wrote to is written out and let go; a new one is there before its first feed")
    func sinksComeAndGo() async throws {
        let feeds = SteadyFeeds()
        let server = try FaultServer(feeds.behaviour)
        @Sendable func text(_ name: String) -> String {
            """
            defaults: {decode: json}
            sinks: {\(name): {file: {path: DIR/\(name).jsonl}}}
            subscriptions: {\(name): {url: "\(server.url("/\(name)"))"}}

            """
        }
        let runner = try DaemonRunner(text("one"))
        _ = try await runner.run { runner in
            try await eventually("one is open", within: SteadyFeeds.patience) { feeds.sent("one") > 10 }
            _ = try await runner.reload(text("two"))
            // Whoever wants the lock of the file gets it.
            let file = try RecordFile.open(runner.directory.file("one.jsonl"), operations: .system)
            close(file.descriptor)
            try await eventually("two is open", within: SteadyFeeds.patience) { feeds.sent("two") > 10 }
            _ = try await runner.reload(text("one"))
            try await eventually("one is open again", within: SteadyFeeds.patience) {
                feeds.connections("one") == 2 && feeds.sent("one") > 50
            }
        }
        let one = try runner.records(in: "one.jsonl")
        let audit = FeedAudit(one)
        #expect(audit.problems == [])
        // The file has content when it is opened again; and its feed has a hole of its own.
        #expect(audit.gaps == ["reload", "reload"])
        #expect(one.filter { $0.mark == "opened" }.map(\.session) == [1, 2], "numbers never come again in a run")
        let two = try runner.records(in: "two.jsonl")
        #expect(two.first?.mark == "opened" && two.last?.outcome == "reloaded")
        server.stop()
    }

    @Test("fewer connections end no session and hold once enough have ended; more let those in that wait")
    func limits() async throws {
        let server = try FaultServer(.echo)
        let feeds = (1...6).map { Self.feed("s\($0)", server) }.joined()
        @Sendable func text(_ connections: Int) -> String {
            "limits: {connections: \(connections), dials: \(FreeDials.yaml())}\n" + Self.head + feeds
        }
        let runner = try DaemonRunner(text(4))
        _ = try await runner.run { runner in
            try await eventually("four are open", within: SteadyFeeds.patience) { server.counts.now == 4 }
            let report = try await runner.reload(text(2))
            #expect(report.settings == ["limits"] && report.subscriptions.unchanged == 6)
            #expect(server.counts.now == 4 && server.counts.total == 4)
            server.cutConnections()
            try await eventually("two come back", within: SteadyFeeds.patience) {
                server.counts.total == 6 && server.counts.now == 2
            }
            _ = try await runner.reload(text(6))
            try await eventually("all are open", within: SteadyFeeds.patience) { server.counts.now == 6 }
        }
        #expect(server.counts.total == 10)
        server.stop()
    }

    @Test("whatever a feed is doing, it goes by the new plan: dialling, waiting, at the gate, backing off, closing")
    func everyState() async throws {
        let silent = try FaultServer(.silentAfterAccept)
        let stubborn = try FaultServer(.neverAnswersClose)
        let good = try FaultServer(.echo)
        let dead = try DeadPort()
        @Sendable func text(_ head: String, _ urls: [String: String]) -> String {
            head + "sinks: {out: {file: {path: DIR/out.jsonl}}}\nsubscriptions:\n"
                + urls.sorted { $0.key < $1.key }.map { "  \($0.key): {url: \"\($0.value)\"}\n" }.joined()
        }
        let slow = "defaults: {reconnect: {first: 60s, floor: 60s, max: 60s, jitter: none}}\n"
        let tight = slow + "limits: {connections: 4, dials: {concurrent: 1, per_origin: none, per_host: none}}\n"
        let names = ["a-stubborn", "b-dead", "c-dialling", "d-gate", "e-waiting", "f-waiting"]
        let runner = try DaemonRunner(
            text(
                tight,
                [
                    "a-stubborn": stubborn.url(), "b-dead": dead.url(), "c-dialling": silent.url(),
                    "d-gate": silent.url(), "e-waiting": silent.url(), "f-waiting": silent.url(),
                ]
            )
        )
        let ending = try await runner.run { runner in
            try await eventually("each is where it should be", within: SteadyFeeds.patience) {
                stubborn.counts.now == 1 && silent.counts.now == 1 && !runner.lines(.dialFailed).isEmpty
                    && !runner.lines(.dialWaiting).isEmpty && !runner.lines(.subscriptionWaiting).isEmpty
            }
            let free = slow + "limits: {connections: 100, dials: \(FreeDials.yaml())}\n"
            let urls = Dictionary(uniqueKeysWithValues: names.map { ($0, good.url("/\($0)")) })
            let report = try await runner.reload(text(free, urls))
            #expect(report.subscriptions.changed == names.count)
            try await eventually("all are open at the new place", within: SteadyFeeds.patience) {
                good.counts.now == names.count
            }
        }
        #expect(good.counts.total == names.count)
        #expect(Set(good.requests.map(\.target)) == Set(names.map { "/\($0)" }))
        #expect(ending.status == .done)
        #expect(ending.statistics.allSatisfy { $0.sessions >= 1 && $0.phase == .stopped })
        for server in [silent, stubborn, good] { server.stop() }
    }

    @Test("what only concerns the next dial leaves the session alone; the level of the log changes at once")
    func adjusted() async throws {
        let server = try FaultServer(.echo)
        let text = Self.head + Self.feed("a", server)
        let runner = try DaemonRunner(text)
        _ = try await runner.run { runner in
            try await eventually("it is open", within: SteadyFeeds.patience) { server.counts.now == 1 }
            let report = try await runner.reload(
                text.replacing("max: 50ms", with: "max: 40ms") + "log: {level: debug}\n"
            )
            #expect(report.subscriptions == .init(added: 0, changed: 0, adjusted: 1, removed: 0, unchanged: 0))
            #expect(runner.threshold.level == .debug)
            #expect(server.counts.total == 1)
        }
        server.stop()
    }

    @Test("a new value of a secret is no change: the session goes on, and the next dial uses it")
    func rotatedSecret() async throws {
        let server = try FaultServer(.echo)
        let token = try TemporaryDirectory()
        try token.write("first", to: "token")
        let text = Self.head + Self.feed("a", server, ", headers: {X-Token: \"${file:\(token.file("token"))}\"}")
        let runner = try DaemonRunner(text)
        _ = try await runner.run { runner in
            try await eventually("it is open", within: SteadyFeeds.patience) { server.counts.now == 1 }
            try token.write("second", to: "token")
            #expect(try await runner.reload(text).subscriptions.unchanged == 1)
            #expect(server.counts.total == 1)
            unlink(token.file("token"))
            let error = await #expect(throws: ReloadError.self) { try await runner.reload(text) }
            #expect(error?.reason == .configuration, "a reload reads it as a start does")
            try token.write("third", to: "token")
            server.cutConnections()
            try await eventually("it is back", within: SteadyFeeds.patience) {
                server.counts.total == 2 && server.counts.now == 1
            }
        }
        #expect(server.requests.map { $0["X-Token"] } == ["first", "third"])
        server.stop()
    }
}
