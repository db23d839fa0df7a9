import Foundation
import Locking
import TestSupport
import Testing

/// `hawser logs` on the log of a real daemon whose feeds go wrong: what it says is held against what the server did.
@Suite struct LogsTests {
    /// What the server did to each feed.
    private final class Ledger: Sendable {
        struct Feed {
            var requests = 0
            var sessions = 0
            var messages = 0
        }

        private let feeds = OrderedMutex<[String: Feed]>([:])

        subscript(_ target: String) -> Feed { feeds.withLock { $0[target] ?? Feed() } }

        func note(_ target: String, _ change: (inout Feed) -> Void) -> Feed {
            feeds.withLock { feeds in
                change(&feeds[target, default: Feed()])
                return feeds[target] ?? Feed()
            }
        }
    }

    private static let faults = ["closes", "drops", "resets", "stalls", "rejects"]
    private static let rounds = 3

    /// Each feed fails so many times, each time after ten messages that were read, then it is well.
    private static func server(_ ledger: Ledger) throws -> FaultServer {
        try FaultServer { connection in
            let target = String(try connection.readRequest().target.dropFirst())
            let round = ledger.note(target) { $0.requests += 1 }.requests
            if target == "rejects", round <= rounds { return try connection.reject(status: 500, body: "no") }
            try connection.upgrade()
            _ = ledger.note(target) { $0.sessions += 1 }
            try connection.sendNumbered(0..<10)
            _ = ledger.note(target) { $0.messages += 10 }
            if round > rounds { return try connection.echoFrames() }
            if target == "stalls" { return try connection.awaitEnd(within: .seconds(60)) }
            // Its Pong says that the client has read what came before.
            try connection.sendPing()
            while try connection.readFrame().opcode != 10 {}
            switch target {
            case "closes": try connection.closeProperly(1012, "restart")
            case "resets": connection.reset()
            default: connection.close()
            }
        }
    }

    /// The log of a daemon that has lived through all of it.
    private static func log(_ ledger: Ledger, arguments: [String] = []) async throws -> [String] {
        let server = try server(ledger)
        var yaml = "defaults:\n  reconnect: {first: 20ms, floor: 10ms, max: 60ms}\n"
        yaml += "  ping: {every: 150ms, timeout: 100ms}\n  timeouts: {close: 100ms}\n"
        yaml += "sinks: {out: {file: {path: DIR/out.jsonl}}}\nsubscriptions:\n"
        for name in faults { yaml += "  \(name): {url: \"\(server.url("/\(name)"))\"}\n" }
        let daemon = try HeldDaemon(yaml, arguments: arguments)
        try await eventually("each feed is well again, and its messages are read") {
            let text = fileText(daemon.directory.file("out.jsonl")) ?? ""
            return faults.allSatisfy { name in
                let received = text.split(separator: "\n").count {
                    $0.contains("\"sub\":\"\(name)\"") && $0.contains("\"text\":")
                }
                return ledger[name].requests == rounds + 1 && received == ledger[name].messages
            }
        }
        #expect(try await daemon.process.terminate() == .done)
        server.stop()
        return daemon.process.lines(.stderr)
    }

    @Test("the summary of a real log agrees with what the server did to each feed", arguments: ["info", "debug"])
    func summary(level: String) async throws {
        let ledger = Ledger()
        let lines = try await Self.log(ledger, arguments: ["--log-level", level])
        let directory = try TemporaryDirectory()
        let file = try directory.write(lines.joined(separator: "\n") + "\n", to: "hawser.log")
        let run = try await HawserProgram.run(["logs", "--file", file, "--summary", "--json"])
        #expect(run.exit == .done && run.errors == [])
        let rows = try run.output.map { try JSONLine($0) }
        let endings = ["closes": "peer_closed", "drops": "peer_vanished", "resets": "reset", "stalls": "ping_timeout"]
        for name in Self.faults {
            let row = try #require(rows.first { $0["subscription"] == name })
            let did = ledger[name]
            #expect(row.integer("sessions") == did.sessions, "\(row.line)")
            #expect(row.integer("reconnects") == did.sessions - 1, "\(row.line)")
            #expect(row.integer("received_messages") == did.messages, "\(row.line)")
            let outages = name == "rejects" ? 1 : Self.rounds
            #expect(row.integer("outages") == outages && row.integer("delays") == Self.rounds, "\(row.line)")
            #expect(row.integer("unlogged_dials") == 0 && row["phase"] == "not_running", "\(row.line)")
            var ends: [String: JSONValue] = ["shutdown": .integer(1)]
            if let ending = endings[name] { ends[ending] = .integer(Self.rounds) }
            #expect(row.members["ends"]?.object == ends, "\(row.line)")
            let failed: [String: JSONValue] = name == "rejects" ? ["rejected": .integer(Self.rounds)] : [:]
            #expect(row.members["failed_dials"]?.object == failed, "\(row.line)")
        }
        let stalls = try #require(rows.first { $0["subscription"] == "stalls" })
        #expect((100...5_000).contains(stalls.integer("longest_silence_ms") ?? 0), "\(stalls.line)")
        let closes = try #require(rows.first { $0["subscription"] == "closes" })
        #expect(closes.members["close_codes"]?.object == ["1012": .integer(Self.rounds)])
        let total = try #require(rows.last?.members["total"]?.object)
        let requests = Self.faults.map { ledger[$0].requests }.reduce(0, +)
        let dials = (total["sessions"]?.integer ?? 0) + Self.rounds
        #expect(dials == requests && total["starts"]?.integer == 1 && total["stops"]?.integer == 1)
        #expect(total["lines"]?.integer == lines.count && total["foreign"]?.integer == 0)
    }

    @Test("--json prints the lines as they are; text names each; filters leave out the others")
    func lines() async throws {
        let lines = try await Self.log(Ledger())
        let directory = try TemporaryDirectory()
        let file = try directory.write(lines.joined(separator: "\n"), to: "hawser.log")
        func logs(_ arguments: [String]) async throws -> [String] {
            let run = try await HawserProgram.run(["logs", "--file", file] + arguments)
            #expect(run.exit == .done && run.errors == [], "\(run.errors)")
            return run.output
        }
        #expect(try await logs(["--json"]) == lines)
        #expect(try await logs(["--json", "-n", "7"]) == lines.suffix(7))
        let text = try await logs([])
        #expect(
            text.count == lines.count
                && text.allSatisfy { $0.contains(#/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z [A-Z]/#) }
        )
        let objects = try lines.map { try JSONLine($0) }
        func expected(_ condition: (JSONLine) -> Bool) -> [String] { objects.filter(condition).map(\.line) }
        #expect(
            try await logs(["--json", "closes", "dr*"])
                == expected { ["closes", "drops"].contains($0["subscription"]) }
        )
        #expect(try await logs(["--json", "--outcome", "reset"]) == expected { $0["outcome"] == "reset" })
        #expect(try await logs(["--json", "--event", "dial.*"]) == expected { $0.event == "dial.failed" })
        #expect(try await logs(["--json", "--level", "warning"]) == expected { $0["level"] == "warning" })
        let middle = try #require(objects[objects.count / 2]["time"])
        #expect(try await logs(["--json", "--since", middle]) == expected { ($0["time"] ?? "") >= middle })
        #expect(try await logs(["--json", "--until", middle]) == expected { ($0["time"] ?? "") < middle })
        #expect(try await logs(["--json", "--since", "-1h", "--until", "now"]) == lines)
        #expect(try await logs(["--color", "always"]).allSatisfy { $0.hasPrefix("\u{1B}[2m") })
        let timeline = try await logs(["--timeline", "--json"])
        #expect(timeline.contains { $0.contains(#""subscription":"stalls","phase":"stale""#) }, "\(timeline)")
    }

    @Test("rotated and packed files come in the order of their times; what is no line of ours is counted and named")
    func files() async throws {
        let lines = try await Self.log(Ledger())
        let directory = try TemporaryDirectory()
        let third = lines.count / 3
        try directory.write(lines.prefix(third).joined(separator: "\n") + "\n", to: "hawser.log.2")
        try directory.write(lines[third..<2 * third].joined(separator: "\n") + "\n", to: "hawser.log.1")
        let last = lines[(2 * third)...]
        let rest =
            ["not ours", "{\"level\":\"x\"}"] + last.prefix(2) + [String(last.last?.prefix(60) ?? "")]
            + last.dropFirst(2)
        let current = try directory.write(rest.joined(separator: "\n") + "\n", to: "hawser.log")
        let packing = try RunningProcess(
            "/usr/bin/env",
            ["gzip", directory.file("hawser.log.1"), directory.file("hawser.log.2")]
        )
        #expect(try await packing.awaitExit() == .done)
        let pattern = directory.file("hawser.log.*")
        let run = try await HawserProgram.run(["logs", "--file", current, "--file", pattern, "--json"])
        #expect(run.exit == .done && run.output == lines)
        #expect(run.errors == ["hawser logs: 2 lines are not of Hawser's log, 1 is damaged"])

        let process = try HawserProgram.start(["logs", "--file", "-", "--summary"])
        try process.write(rest.joined(separator: "\n"))
        let piped = try await HawserProgram.finish(process)
        #expect(piped.exit == .done && piped.errors == [])
        #expect(
            piped.output.last?.hasSuffix("2 lines are not of Hawser's log, 1 is damaged.") == true,
            "\(piped.output)"
        )

        let none = directory.file("none")
        let missing = try await HawserProgram.run(["logs", "--file", none, "--file", current, "--json"])
        #expect(missing.exit == .failed && missing.output == Array(last))
        #expect(missing.errors.first == "hawser logs: \(none): No such file or directory")
        let unknown = try await HawserProgram.run(["logs", "--file", current, "stals"])
        #expect(unknown.exit == .done && unknown.output == [])
        #expect(unknown.errors.first?.contains("did you mean the subscription stalls?") == true, "\(unknown.errors)")
    }

    @Test("a log of any length takes the same memory", arguments: ["--summary", "--timeline", "--json"])
    func memory(view: String) async throws {
        // The address sanitizer keeps freed memory for a while: not so much that it hides what is looked for.
        let sanitizer = [ProcessInfo.processInfo.environment["ASAN_OPTIONS"], "quarantine_size_mb=1"]
        let process = try HawserProgram.start(
            ["logs", "--file", "-", view, "--since", "2027-01-01"],
            environment: ["ASAN_OPTIONS": sanitizer.compactMap(\.self).joined(separator: ":")]
        )
        @Sendable func write(_ sessions: Range<Int>) throws -> Int {
            for part in stride(from: sessions.lowerBound, to: sessions.upperBound, by: 100) {
                let lines = (part..<part + 100).map { session in
                    let time = "2026-11-26T20:\(10 + session / 300 % 50):\(10 + session / 6 % 50).000Z"
                    let rest =
                        #""message":"m","subscription":"s\#(session % 7)","session":\#(session),"outcome":"reset""#
                    return
                        #"{"time":"\#(time)","level":"info","event":"subscription.closed",\#(rest),"delay_ms":\#(session)}"#
                }
                try process.write(lines.joined(separator: "\n") + "\n")
            }
            return Int(fileText("/proc/\(process.pid)/status")?.firstMatch(of: #/VmHWM:\s+(\d+)/#)?.1 ?? "") ?? 0
        }
        let first = try await onOwnThread { try write(0..<3_000) }
        let second = try await onOwnThread { try write(3_000..<15_000) }
        // 2 MiB of text: as entries it would be a multiple of that.
        #expect(first > 0 && second - first < 2 << 10, "\(first) KiB, then \(second) KiB")
        #expect(try await HawserProgram.finish(process, within: .seconds(60)).exit == .done)
    }

    @Test("wrong usage ends with 2 and says what is wrong")
    func usage() async throws {
        for (arguments, words) in [
            (["--event", "dial.faild"], "did you mean dial.failed?"), (["--outcome", "nothing"], "no outcome"),
            (["--since", "soon"], "--since \"soon\" is no time"), (["-n", "0"], "-n must be"),
            (["--since", "now", "--until", "-1h"], "--since must be before"),
            (["-f", "--summary"], "--follow is for lines"),
            (["--timeline", "--level", "error"], "choose lines"), (["-f", "--file", "-"], "standard input"),
            (["--file", "x", "-u", "y"], "for the journal"), (["--color", "blue"], "blue"),
            (["--level", "loud"], "loud"),
        ] {
            let run = try await HawserProgram.run(["logs"] + arguments)
            #expect(run.exit == .usage && run.output == [], "\(arguments)")
            #expect(run.errorText.contains(words), "\(run.errorText)")
        }
    }
}
