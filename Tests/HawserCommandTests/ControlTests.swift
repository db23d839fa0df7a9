import Foundation
import TestSupport
import Testing

/// `hawser status`, `why`, `pause`, `resume`, `redial` and `log-level` against a running `hawser run`.
@Suite struct ControlTests {
    private static let reconnect = "reconnect: {first: 60s, floor: 60s, max: 60s}"

    private static func daemon(_ server: FaultServer, _ feeds: Int, dead: String) throws -> HeldDaemon {
        let rows = (1...feeds).map { "  feed-\($0): {url: \"\(server.url("/s\($0)"))\"}\n" }.joined()
        return try HeldDaemon(
            "sinks: {out: {file: {path: DIR/out.jsonl}}}\nsubscriptions:\n" + rows
                + "  a-dead-one-with-a-rather-long-name: {url: \"\(dead)\", \(reconnect)}\n"
        )
    }

    /// What a terminal of this size gets from `hawser` with these arguments.
    private static func screen(_ columns: Int, _ rows: Int, _ arguments: String, from daemon: HeldDaemon) async throws
        -> [String]
    {
        let socket = daemon.directory.file("hawser.sock")
        let command = "stty cols \(columns) rows \(rows); '\(try HawserProgram.path)' \(arguments) --socket '\(socket)'"
        let process = try RunningProcess("/usr/bin/env", ["script", "-qefc", command, "/dev/null"])
        #expect(try await process.awaitExit() == .done)
        return process.lines(.stdout).map { $0.replacing("\r", with: "") }
    }

    @Test("a table fits the terminal, with more columns in a wide one", arguments: [(80, 24), (200, 50)])
    func terminal(columns: Int, rows: Int) async throws {
        let server = try FaultServer(.echo)
        let dead = try DeadPort()
        let daemon = try Self.daemon(server, 3, dead: dead.url())
        try await daemon.logged("subscription.opened", times: 3)
        try await daemon.logged("dial.failed")
        let lines = try await Self.screen(columns, rows, "status", from: daemon)
        #expect(lines.count <= rows && lines.allSatisfy { $0.count <= columns }, "\(lines)")
        #expect(lines.first?.contains("3/4 open, 1 backing off") == true)
        let head = try #require(lines.first { $0.hasPrefix("subscription ") })
        #expect(head.contains("reconnects") == (columns == 200))
        let failed = try #require(lines.first { $0.hasPrefix("a-dead-one") })
        #expect(failed.contains("backing off") && failed.contains("could not"), "\(failed)")
        #expect(try await daemon.process.terminate() == .done)
        #expect(!daemon.directory.names.contains("hawser.sock"))
        server.stop()
    }

    @Test("in a pipe it is plain and whole; as JSON it is one line")
    func pipe() async throws {
        let server = try FaultServer(.echo)
        let dead = try DeadPort()
        let daemon = try Self.daemon(server, 2, dead: dead.url())
        try await daemon.logged("subscription.opened", times: 2)
        try await daemon.logged("dial.failed")
        let table = try await daemon.ask(["status"])
        #expect(table.exit == .done && table.errors == [])
        #expect(!table.outputText.contains("\u{1B}"))
        #expect(
            table.outputText.contains("a-dead-one-with-a-rather-long-name")
                && table.outputText.contains("Connection refused")
        )
        let json = try await daemon.ask(["status", "feed-*", "--json"])
        #expect(json.output.count == 1)
        let status = try JSONLine(json.output.first ?? "")
        #expect(status.integer("pid") == Int(daemon.process.pid) && json.outputText.contains("\"feed-2\""))
        #expect(!json.outputText.contains("a-dead-one"))
        let why = try await daemon.ask(["why", "a-dead*"])
        #expect(why.exit == .done && why.outputText.contains("fault     the server's"), "\(why.output)")
        #expect(try await daemon.process.terminate() == .done)
        server.stop()
    }

    @Test("pause, resume and redial take names and patterns, and say what became of each; log-level changes the log")
    func commands() async throws {
        let server = try FaultServer(.echo)
        let dead = try DeadPort()
        let daemon = try Self.daemon(server, 2, dead: dead.url())
        try await daemon.logged("subscription.opened", times: 2)
        let pause = try await daemon.ask(["pause", "feed-?"], environment: ["SUDO_USER": "alice"])
        #expect(pause.exit == .done && pause.output.count == 2, "\(pause)")
        #expect(pause.output.allSatisfy { $0.hasSuffix("(was open)") })
        try await daemon.logged("subscription.closed", times: 2)
        #expect(daemon.log("subscription.closed").allSatisfy { $0["outcome"] == "paused" })
        #expect(daemon.log("control.command").first?["by"] == "alice")
        try await eventually("they are paused") {
            try await daemon.ask(["why", "feed-1"]).outputText.contains("paused by alice")
        }
        #expect(try await daemon.ask(["resume", "feed-1", "feed-2"]).exit == .done)
        try await daemon.logged("subscription.opened", times: 4)
        #expect(try await daemon.ask(["redial", "*"]).output.count == 3)
        try await daemon.logged("subscription.opened", times: 6)
        #expect(try await daemon.ask(["log-level"]).output == ["info"])
        #expect(try await daemon.ask(["log-level", "debug"]).output == ["debug"])
        #expect(try await daemon.ask(["redial", "feed-1"]).exit == .done)
        try await daemon.logged("subscription.dialing")
        let wrong = try await daemon.ask(["log-level", "loud"])
        #expect(wrong.exit == .failed && wrong.errorText.contains("\"loud\" is no level"))
        let unknown = try await daemon.ask(["pause", "feed-11"])
        #expect(unknown.exit == .failed && unknown.errorText.contains("did you mean feed-1?"), "\(unknown.errors)")
        #expect(try await daemon.process.terminate() == .done)
        server.stop()
    }

    @Test("where no daemon answers, or only another kind of program, it fails with 1 and a remedy")
    func nobody() async throws {
        let directory = try TemporaryDirectory()
        let none = try await HawserProgram.run(["status", "--socket", directory.file("none.sock")])
        #expect(none.exit == .failed && none.errorText.contains("systemctl start hawser"))
        let file = try directory.write("status: {socket: none}\n", to: "h.yaml")
        let off = try await HawserProgram.run(["status", "-c", file])
        #expect(off.exit == .failed && off.errorText.contains("status: {socket: none}"))
        let missing = try await HawserProgram.run(["pause", "a", "-c", directory.file("none.yaml")])
        #expect(missing.exit == .failed && missing.errorText.contains("--socket PATH"))
        #expect(try await HawserProgram.run(["pause"]).exit == .usage)
        #expect(try await HawserProgram.run(["status", "--watch", "--interval", "1"]).exit == .usage)
        let other = try FaultServer(.unix(path: directory.file("other.sock"))) { connection in
            try connection.send("SSH-2.0-OpenSSH\r\n")
            try connection.hold()
        }
        let foreign = try await HawserProgram.run(["status", "--socket", directory.file("other.sock")])
        #expect(foreign.exit == .failed && foreign.errorText.contains("is no Hawser"), "\(foreign.errors)")
        other.stop()
    }

    @Test("the socket is found by the configuration, also where its secrets cannot be read, and by the environment")
    func discovery() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try HeldDaemon(
            "status: {socket: DIR/own.sock}\nsinks: {out: {file: {path: DIR/out.jsonl}}}\n",
            in: directory
        )
        try await daemon.logged("control.listening")
        let file = try directory.write(
            """
            status: {socket: \(directory.path)/own.sock}
            subscriptions: {a: {url: "wss://h/${file:/nowhere/secret}"}}
            """,
            to: "other.yaml"
        )
        #expect(try await HawserProgram.run(["status", "-c", file]).outputText.contains("no subscriptions"))
        #expect(try await daemon.process.terminate() == .done)
        let plain = try HeldDaemon("sinks: {out: {file: {path: DIR/out.jsonl}}}\n")
        try await plain.logged("control.listening")
        let found = try await HawserProgram.run(["status"], environment: ["RUNTIME_DIRECTORY": plain.directory.path])
        #expect(found.exit == .done, "\(found.errors)")
        #expect(try await plain.process.terminate() == .done)
    }

    @Test("--watch prints again and again; who stops reading ends it")
    func watch() async throws {
        let daemon = try HeldDaemon("sinks: {out: {file: {path: DIR/out.jsonl}}}\n")
        try await daemon.logged("control.listening")
        let arguments = ["status", "--watch", "--interval", "100ms", "--socket", daemon.directory.file("hawser.sock")]
        let watching = try HawserProgram.start(arguments)
        try await eventually("three tables") { watching.lines(.stdout).count { $0.hasPrefix("hawser ") } >= 3 }
        #expect(!watching.lines(.stdout).joined().contains("\u{1B}"))
        #expect(try await daemon.process.terminate() == .done)
        #expect(try await watching.awaitExit() == .failed, "its daemon is gone")
    }

    @Test("a sink that takes nothing is ours: while it blocks reading, and once that has closed the session")
    func sinkBlocked() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            let payload = String(repeating: "x", count: 16_000)
            while true { try connection.sendText(payload) }
        }
        let directory = try TemporaryDirectory()
        let reader = try ReluctantReader(in: directory)
        let daemon = try HeldDaemon(
            """
            limits: {message_size: 32KiB}
            sinks: {archive: {stdout: {}, watermarks: {high: 64KiB, low: 16KiB}}}
            subscriptions: {a: {url: "\(server.url())", pause_max: 3s}}
            """,
            in: directory,
            launcher: reader.launcher
        )
        try await daemon.logged("sink.blocked")
        var sawOpen = false
        try await eventually("the session was closed for it", within: .seconds(60)) {
            let why = try await daemon.ask(["why", "a", "--json"]).outputText
            if why.contains("our sink archive has kept it from reading for") { sawOpen = true }
            return why.contains("our sink archive kept it from reading for") && why.contains("\"fault\":\"us\"")
        }
        #expect(sawOpen)
        let why = try await daemon.ask(["why", "a"])
        #expect(why.outputText.contains("fault     ours"), "\(why.output)")
        _ = try await daemon.process.terminate(grace: .seconds(20))
        server.stop()
    }
}
