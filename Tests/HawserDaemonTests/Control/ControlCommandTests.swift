import ConnectionLifecycle
import TestSupport
import Testing

@testable import HawserDaemon

/// The daemon, asked and told through its control socket.
@Suite("Control") struct ControlCommandTests {
    private static let head = """
        status: {socket: DIR/hawser.sock}
        sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}

        """

    private static func row(_ name: String, _ runner: DaemonRunner) async throws -> JSONTree? {
        try await runner.ask(.status([name]))["result"]?["subscriptions"]?.elements.first
    }

    @Test("the status tells of the process, its sinks, and each subscription, and no secret")
    func status() async throws {
        let server = try FaultServer(.numbered(3, then: .hold))
        let runner = try DaemonRunner(
            Self.head + """
                limits: {connections: 2, dials: \(FreeDials.yaml())}
                loops: 2
                subscriptions:
                  a: {url: "\(server.url("/a?token=s3cret-canary"))"}
                  b: {url: "\(server.url())", headers: {Authorization: "Bearer s3cret-canary"}}
                  c: {url: "\(server.url())", subscribe: ["s3cret-canary"]}
                """
        )
        _ = try await runner.run { runner in
            try await eventually("two are open and one waits") {
                let phases = try await runner.ask(.status([]))["result"]?["phases"]
                return phases?["open"]?.number == 2 && phases?["waiting"]?.number == 1
            }
            try await eventually("messages are counted") {
                try await Self.row("a", runner)?["received_messages"]?.number == 3
            }
            let status = try #require(try await runner.ask(.status([]))["result"])
            #expect(status["version"]?.text == HawserVersion.current)
            #expect(status["configuration"]?.text == runner.directory.file("test.yaml"))
            #expect(status["connections"]?["held"]?.number == 2 && status["connections"]?["waiting"]?.number == 1)
            #expect(status["loops"]?.elements.count == 2)
            #expect(status["sinks"]?.elements.first?["blocked"]?.truth == false)
            let rows = status["subscriptions"]?.elements ?? []
            #expect(rows.compactMap { $0["subscription"]?.text } == ["a", "b", "c"])
            // Which of b and c is for the loops to decide.
            let waiting = rows.compactMap { $0["waiting"] }.filter { $0["for"]?.text == "connection" }
            #expect(waiting.map { $0["ahead"]?.number } == [0])
            #expect(rows[0]["address"]?.text == "127.0.0.1:\(server.port)" && rows[0]["session"]?.number == 1)
            #expect(StatusText.moment(rows[0]["last_message"]) != nil)
            #expect(!"\(status)".contains("s3cret-canary"))
            let table = StatusText(status, now: 0).lines(width: nil, height: nil).joined(separator: "\n")
            #expect(table.contains("2/3 open, 1 waiting") && !table.contains("s3cret"), "\(table)")
        }
        #expect(!runner.directory.names.contains("hawser.sock"))
        server.stop()
    }

    @Test("pause closes the session cleanly and gives its place away; resume and redial come back; the records say why")
    func pause() async throws {
        let server = try FaultServer(.echo)
        let runner = try DaemonRunner(
            Self.head + """
                limits: {connections: 1, dials: \(FreeDials.yaml(1))}
                subscriptions:
                  a-1: {url: "\(server.url())"}
                  b: {url: "\(server.url())"}
                """
        )
        let ending = try await runner.run { runner in
            try await eventually("a-1 is open") { try await Self.row("a-1", runner)?["phase"]?.text == "open" }
            let change = try await runner.ask(.pause(["a-*"]), by: "alice")["result"]?["subscriptions"]?.elements.first
            #expect(change?["before"]?.text == "open")
            try await eventually("b has its place") {
                let (a, b) = (try await Self.row("a-1", runner), try await Self.row("b", runner))
                return a?["phase"]?.text == "paused" && b?["phase"]?.text == "open"
            }
            let paused = try await Self.row("a-1", runner)
            #expect(paused?["paused_by"]?.text == "alice" && paused?["last_end"]?["outcome"]?.text == "paused")
            #expect(paused?["last_end"]?["fault"]?.text == "operator")
            _ = try await runner.ask(.redial(["a-1"]))
            #expect(try await Self.row("a-1", runner)?["phase"]?.text == "paused")
            _ = try await runner.ask(.resume(["a-1"]))
            #expect(try await Self.row("a-1", runner)?["phase"]?.text == "waiting")
            _ = try await runner.ask(.redial(["b"]))
            try await eventually("a-1 is open again") { try await Self.row("a-1", runner)?["phase"]?.text == "open" }
            _ = try await runner.ask(.pause(["a-1"]))
            try await eventually("b was redialled") { try await Self.row("b", runner)?["session"]?.number == 2 }
            try await eventually("b is open again") { try await Self.row("b", runner)?["phase"]?.text == "open" }
        }
        #expect(ending.status == .done)
        #expect(ending.statistics.allSatisfy { $0.failedDials == 0 })
        #expect(server.closes.allSatisfy { $0.closeCode == 1001 })
        let records = try runner.records()
        #expect(
            records.filter { $0.mark == "closed" && $0.subscription == "a-1" }.map(\.outcome) == ["paused", "paused"]
        )
        #expect(
            records.filter { $0.mark == "closed" && $0.subscription == "b" }.map(\.outcome) == ["rotated", "shutdown"]
        )
        #expect(records.filter { $0.mark == "gap" }.map(\.cause) == ["operator", "operator"])
        let commands = runner.lines(.controlCommand)
        #expect(commands.map { $0[.command] } == ["pause", "redial", "resume", "redial", "pause"])
        #expect(commands.first?[.by] == "alice" && commands.first?.message == "pause: a-1")
        server.stop()
    }

    @Test("a backoff, a dial and a wait for a place are paused too, and what was paused at the start stays so")
    func pauseEverywhere() async throws {
        let dead = try DeadPort()
        let silent = try FaultServer(.silentAfterAccept)
        let runner = try DaemonRunner(
            Self.head + """
                limits: {connections: 1, dials: \(FreeDials.yaml(1))}
                subscriptions:
                  backing-off: {url: "\(dead.url())", reconnect: {first: 60s, floor: 60s, max: 60s, jitter: none}}
                  dialing: {url: "\(silent.url())"}
                  waiting: {url: "\(silent.url())"}
                """
        )
        let ending = try await runner.run { runner in
            for phase in ["backing_off", "dialing", "waiting"] {
                let name = phase.replacing("_", with: "-")
                try await eventually("\(name) is") { try await Self.row(name, runner)?["phase"]?.text == phase }
            }
            // The one that waits first: else it has its turn in between.
            for name in ["waiting", "backing-off", "dialing"] { _ = try await runner.ask(.pause([name])) }
            try await eventually("all are paused") {
                try await runner.ask(.status([]))["result"]?["phases"]?["paused"]?.number == 3
            }
            let permits = try await runner.ask(.status([]))["result"]?["connections"]
            #expect(permits?["held"]?.number == 0 && permits?["waiting"]?.number == 0)
            #expect(silent.counts.now == 0)
            _ = try await runner.ask(.resume(["*"]))
            try await eventually("one dials again") {
                try await runner.ask(.status([]))["result"]?["phases"]?["paused"]?.number == 0
            }
        }
        #expect(ending.status == .done && ending.statistics.allSatisfy { $0.phase == .stopped })
        silent.stop()
    }

    @Test("names and requests that do not exist are errors with a guess, and nothing is done then")
    func errors() async throws {
        let server = try FaultServer(.echo)
        let runner = try DaemonRunner(Self.head + "subscriptions: {trades: {url: \"\(server.url())\"}}\n")
        _ = try await runner.run { runner in
            try await eventually("open") { try await Self.row("trades", runner)?["phase"]?.text == "open" }
            let unknown = try await runner.ask(.pause(["trades", "trads"]))["error"]
            #expect(unknown?["code"]?.text == "unknown_subscription")
            #expect(unknown?["text"]?.text?.contains("did you mean trades?") == true)
            #expect(try await runner.ask(.pause(["x*"]))["error"]?["code"]?.text == "unknown_subscription")
            #expect(try await runner.ask(.pause([]))["error"]?["code"]?.text == "malformed")
            #expect(try await Self.row("trades", runner)?["phase"]?.text == "open")
            let level = try await runner.ask(.logLevel("dbug"))["error"]
            #expect(level?["code"]?.text == "unknown_level" && level?["text"]?.text?.contains("debug") == true)
            let path = runner.directory.file("hawser.sock")
            let code = try await onOwnThread {
                let probe = try ControlProbe(path)
                try probe.send("{\"request\":\"stats\"}\n")
                return try probe.errorCode()
            }
            #expect(code == "unknown_request")
        }
        server.stop()
    }

    @Test("the log level is told and changed while the daemon runs")
    func logLevel() async throws {
        let runner = try DaemonRunner(Self.head)
        _ = try await runner.run { runner in
            try await eventually("listening") { !runner.lines(.controlListening).isEmpty }
            #expect(try await runner.ask(.logLevel(nil))["result"]?["level"]?.text == "info")
            #expect(try await runner.ask(.logLevel("error"))["result"]?["level"]?.text == "error")
            #expect(runner.threshold.level == .error)
        }
        #expect(runner.lines(.controlCommand).first?[.logLevel] == "error")
    }

    @Test("hostile clients by the hundred do not touch a feed, and the daemon gives everything back")
    func feedsUnaffected() async throws {
        let server = try FaultServer(.numbered(20_000, then: .hold))
        let runner = try DaemonRunner(
            Self.head + "subscriptions: {a: {url: \"\(server.url())\", decode: json}}\n"
        )
        let ending = try await runner.run { runner in
            let path = runner.directory.file("hawser.sock")
            try await eventually("open") { !runner.lines(.subscriptionOpened).isEmpty }
            try await onOwnThread {
                var held: [ControlProbe] = []
                for index in 0..<300 {
                    let probe = try ControlProbe(path)
                    // Refused ones may be gone by now.
                    try? probe.send(
                        index % 2 == 0 ? "{\"request\":\"status\"}\n{\"requ" : String(repeating: "x", count: 9_000)
                    )
                    held.append(probe)
                }
            }
            try await eventually("every message is there", within: .seconds(60)) {
                try runner.records().count { $0.number != nil } == 20_000
            }
        }
        #expect(ending.status == .done && ending.statistics.first?.sessions == 1)
        server.stop()
    }

    @Test("a place that was asked for and is taken keeps the daemon from starting; the default one only from listening")
    func taken() async throws {
        let directory = try TemporaryDirectory()
        let first = try DaemonRunner(Self.head, in: directory)
        _ = try await first.run { first in
            try await eventually("listening") { !first.lines(.controlListening).isEmpty }
            let second = try DaemonRunner(Self.head, in: directory)
            let ending = try await second.run { _ in }
            #expect(ending.status == .failed)
            #expect(second.lines(.daemonFailed).first?.message.contains("answers there") == true)
            let sink = "sinks: {out: {file: {path: DIR/out.jsonl}}}\n"
            let third = try DaemonRunner(sink, environment: ["RUNTIME_DIRECTORY": directory.path])
            #expect(try await third.run { _ in }.status == .done)
            #expect(third.lines(.controlUnavailable).first?[.error]?.contains("answers there") == true)
            #expect(try await first.ask(.status([]))["result"] != nil)
        }
    }
}
