import Foundation
import TestSupport
import Testing

/// `hawser logs -f`, and the journal through a `journalctl` that a test wrote.
@Suite struct LogsFollowTests {
    private static func line(_ number: Int, _ event: String = "daemon.summary") -> String {
        let time = "2026-11-26T20:\(10 + number / 60 % 50):\(10 + number % 50).000000000Z"
        return #"{"time":"\#(time)","level":"info","event":"\#(event)","message":"m","session":\#(number)}"#
    }

    private static func append(_ text: String, to path: String) throws {
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    private static func follow(_ path: String, _ arguments: [String] = []) throws -> RunningProcess {
        try HawserProgram.start(["logs", "-f", "--json", "--file", path] + arguments)
    }

    @Test("shows the last lines and what comes, over renaming and emptying, loses nothing, and ends with 0 on SIGINT")
    func rotation() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write((0..<30).map { Self.line($0) + "\n" }.joined(), to: "hawser.log")
        let process = try Self.follow(path, ["-n", "4"])
        func awaitLine(_ number: Int) async throws {
            _ = try await process.line(.stdout, containing: "\"session\":\(number)}")
        }
        try await awaitLine(29)
        #expect(process.lines(.stdout) == (26..<30).map { Self.line($0) })
        // A line that comes in two pieces is one.
        try Self.append(Self.line(30) + "\n" + Self.line(31).prefix(40), to: path)
        try await awaitLine(30)
        try Self.append(Self.line(31).dropFirst(40) + "\n", to: path)
        try await awaitLine(31)
        // Renamed, and written to once more under its old name, without a newline; then another one takes its place.
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        try Self.append(Self.line(32), to: path + ".1")
        try directory.write(Self.line(33) + "\n", to: "next")
        try FileManager.default.moveItem(atPath: directory.file("next"), toPath: path)
        try await awaitLine(33)
        try Self.append((34..<60).map { Self.line($0) + "\n" }.joined(), to: path)
        try await awaitLine(59)
        // Emptied where it is, as by copytruncate.
        try directory.write(Self.line(60) + "\n", to: "hawser.log")
        try await awaitLine(60)
        process.send(signal: SIGINT)
        #expect(try await process.awaitExit() == .done)
        #expect(process.lines(.stdout) == (26...60).map { Self.line($0) })
        #expect(process.lines(.stderr) == [])
    }

    @Test("filters hold while following, and SIGTERM ends it with 0")
    func filters() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("", to: "hawser.log")
        let process = try Self.follow(path, ["--event", "daemon.ready"])
        try Self.append(Self.line(1) + "\n" + Self.line(2, "daemon.ready") + "\n", to: path)
        _ = try await process.line(.stdout, containing: "daemon.ready")
        process.send(signal: SIGTERM)
        #expect(try await process.awaitExit() == .done)
        #expect(process.lines(.stdout) == [Self.line(2, "daemon.ready")])
    }

    @Test("a reader that goes ends it, also while nothing comes")
    func closedPipe() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write((0..<30).map { Self.line($0) + "\n" }.joined(), to: "hawser.log")
        let program = try HawserProgram.path
        for command in ["logs -f", "logs"] {
            let script = "'\(program)' \(command) --json --file '\(path)' | head -n 1; echo ${PIPESTATUS[0]}"
            let shell = try RunningProcess("/bin/bash", ["-c", script])
            #expect(try await shell.awaitExit() == .done)
            #expect(shell.lines(.stdout).last == "0" && shell.lines(.stderr) == [], "\(shell.lines(.stderr))")
        }
    }

    // MARK: The journal

    /// A directory with a `journalctl` that notes its arguments and runs `script`.
    private static func journal(_ script: String) throws -> (
        directory: TemporaryDirectory, environment: [String: String]
    ) {
        let directory = try TemporaryDirectory()
        let path = try directory.write("#!/bin/sh\necho \"$@\" >> \(directory.path)/calls\n" + script, to: "journalctl")
        chmod(path, 0o700)
        return (directory, ["PATH": "\(directory.path):/usr/bin:/bin"])
    }

    private static func native(_ number: Int) -> String {
        let micros = 1_795_723_200_000_000 + number
        return #"{"__CURSOR":"c=\#(number)","__REALTIME_TIMESTAMP":"\#(micros)","MESSAGE":"m","PRIORITY":"4","#
            + #""HAWSER_EVENT":"dial.failed","HAWSER_SUBSCRIPTION":"a","HAWSER_SESSION":"\#(number)"}"#
    }

    private static func normal(_ number: Int) -> String {
        let time = "2026-11-26T20:00:00.00000\(number)000Z"
        return #"{"time":"\#(time)","level":"warning","event":"dial.failed","message":"m","subscription":"a","#
            + #""session":\#(number)}"#
    }

    @Test("the journal is read through journalctl: unit, machine, directory and times are passed on, fields come back")
    func journal() async throws {
        let started = #"{"__CURSOR":"c=0","__REALTIME_TIMESTAMP":"1795723200000000","MESSAGE":"Started."}"#
        let (directory, environment) = try Self.journal("cat <<'END'\n\(started)\n\(Self.native(1))\nEND\n")
        let run = try await HawserProgram.run(
            ["logs", "--json", "-u", "hawser@a", "-M", "box", "--since", "@1795723200"],
            environment: environment
        )
        #expect(run.exit == .done && run.output == [Self.normal(1)])
        #expect(run.errors == ["hawser logs: 1 line is not of Hawser's log"])
        let summary = try await HawserProgram.run(
            ["logs", "--summary", "--directory", "/j", "--since", "@1795723200"],
            environment: environment
        )
        #expect(summary.exit == .done && summary.outputText.contains("dials failed: other 1"), "\(summary.outputText)")
        // A summary reads from the beginning: what was before says in which state the stretch of time begins.
        #expect(
            directory.text(of: "calls") == """
                --output=json --all --no-pager --unit=hawser@a --machine=box --since=@1795723200
                --output=json --all --no-pager --unit=hawser --directory=/j

                """
        )
    }

    @Test("each unit of the journal has a summary and a timeline of its own")
    func units() async throws {
        func line(_ micros: Int, _ unit: String, _ event: String, _ more: String = "") -> String {
            #"{"__CURSOR":"c","__REALTIME_TIMESTAMP":"\#(1_795_723_200_000_000 + micros)","MESSAGE":"m","PRIORITY":"6","#
                + #""_SYSTEMD_UNIT":"\#(unit)","HAWSER_EVENT":"\#(event)"\#(more)}"#
        }
        let session = #","HAWSER_SUBSCRIPTION":"feed","HAWSER_SESSION":"1""#
        let lines = [
            line(0, "hawser@a.service", "daemon.starting"), line(1, "hawser@a.service", "subscription.opened", session),
            // The start of another daemon ends nothing of the first one.
            line(4_000_000, "hawser@b.service", "daemon.starting"),
            line(5_000_000, "hawser@b.service", "subscription.opened", session),
            line(9_000_000, "hawser@a.service", "daemon.summary"),
            line(9_000_000, "hawser@b.service", "daemon.summary"),
        ]
        let (directory, environment) = try Self.journal("cat <<'END'\n\(lines.joined(separator: "\n"))\nEND\n")
        let run = try await HawserProgram.run(
            ["logs", "-u", "hawser@*", "--summary", "--timeline", "--json"],
            environment: environment
        )
        let rows = try run.output.map { try JSONLine($0) }
        #expect(directory.text(of: "calls") != nil)
        #expect(rows.compactMap { $0["unit"] } == ["a", "a", "a", "b", "b", "b"].map { "hawser@\($0).service" })
        let open = rows.filter { $0["phase"] == "open" && $0["from"] == nil }.map { $0.integer("open_ms") }
        #expect(open == [8_999, 4_000], "\(run.outputText)")
        #expect(rows.compactMap { $0.members["total"]?.object?["cut_short"]?.integer } == [0, 0])
        let text = try await HawserProgram.run(["logs", "-u", "hawser@*", "--summary"], environment: environment)
        #expect(text.output.first == "hawser@a.service" && text.output.contains("hawser@b.service"))
    }

    @Test("following the journal goes on behind the newest entry, and takes journalctl with it in the end")
    func followedJournal() async throws {
        let script = """
            case "$*" in
            *--follow*) echo $$ > DIR/pid; echo '\(Self.native(3))'; exec sleep 600;;
            *) echo '\(Self.native(1))'; echo '\(Self.native(2))';;
            esac

            """
        let (directory, environment) = try Self.journal(
            "DIR=$(dirname \"$0\"); " + script.replacing("DIR/", with: "$DIR/")
        )
        let process = try HawserProgram.start(["logs", "-f", "--json"], environment: environment)
        _ = try await process.line(.stdout, containing: "\"session\":3}")
        process.send(signal: SIGINT)
        #expect(try await process.awaitExit() == .done)
        #expect(process.lines(.stdout) == (1...3).map { Self.normal($0) } && process.lines(.stderr) == [])
        #expect(
            directory.text(of: "calls")?.hasSuffix("--unit=hawser --follow --lines=all --after-cursor=c=2\n") == true
        )
        let child = try #require(directory.text(of: "pid").flatMap { pid_t($0.dropLast()) })
        #expect(kill(child, 0) != 0, "journalctl goes on")
    }

    @Test("without journalctl, or when it fails, it says so and ends with 1")
    func noJournal() async throws {
        let directory = try TemporaryDirectory()
        let absent = try await HawserProgram.run(["logs"], environment: ["PATH": directory.path])
        #expect(
            absent.exit == .failed && absent.errorText.contains("name log files with --file"),
            "\(absent.errorText)"
        )
        let (failing, environment) = try Self.journal("echo 'no such machine' >&2; exit 1\n")
        let failed = try await HawserProgram.run(["logs", "--summary"], environment: environment)
        #expect(failed.exit == .failed && failed.errors.first == "no such machine")
        #expect(failed.errors.last == "hawser logs: journalctl: ended with 1")
        let (ending, ended) = try Self.journal("echo '\(Self.native(1))'\n")
        let followed = try await HawserProgram.run(["logs", "-f", "--json"], environment: ended)
        #expect(followed.exit == .failed && followed.errors == ["hawser logs: journalctl: ended by itself"])
        #expect(failing.text(of: "calls") != nil && ending.text(of: "calls") != nil)
    }
}
