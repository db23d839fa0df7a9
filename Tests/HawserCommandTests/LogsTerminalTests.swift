import Foundation
import TestSupport
import Testing

/// `hawser logs` in a terminal, a real one of the given size.
@Suite struct LogsTerminalTests {
    /// A log of two feeds of which one flaps, an hour long and two days old.
    private static func log(in directory: TemporaryDirectory) throws -> String {
        var lines: [String] = []
        func add(_ minute: Int, _ second: Int, _ event: String, _ name: String, _ fields: String) {
            let time = "2026-11-24T20:\(10 + minute % 50):\(10 + second)Z"
            lines.append(
                #"{"time":"\#(time)","level":"info","event":"\#(event)","message":"m","subscription":"\#(name)",\#(fields)}"#
            )
        }
        add(0, 0, "subscription.opened", "calm", #""session":1"#)
        for session in 1...9 {
            add(session * 5 - 5, 1, "subscription.opened", "flaky", "\"session\":\(session)")
            add(
                session * 5 - 2,
                1,
                "subscription.closed",
                "flaky",
                "\"session\":\(session),\"outcome\":\"reset\",\"uptime_ms\":180000,\"delay_ms\":120000"
            )
        }
        return try directory.write(lines.joined(separator: "\n") + "\n", to: "hawser.log")
    }

    /// What a terminal of this size gets from `hawser logs` with these arguments.
    private static func screen(
        _ columns: Int,
        _ rows: Int,
        locale: String,
        _ arguments: String,
        environment: [String: String] = [:]
    ) async throws -> [String] {
        let directory = try TemporaryDirectory()
        let file = try log(in: directory)
        let command =
            "stty cols \(columns) rows \(rows); '\(try HawserProgram.path)' logs --file '\(file)' \(arguments)"
        let process = try RunningProcess(
            "/usr/bin/env",
            ["script", "-qefc", command, "/dev/null"],
            environment: ["LC_ALL": locale, "NO_COLOR": ""].merging(environment) { $1 }
        )
        #expect(try await process.awaitExit() == .done)
        return process.lines(.stdout).map { $0.replacing("\r", with: "") }.filter { !$0.isEmpty }
    }

    private static func plain(_ line: String) -> String {
        line.replacing(#/\u{1B}\[\d*m/#, with: "")
    }

    @Test(
        "a timeline fills the terminal's width and no more, in colour, with axis and legend",
        arguments: [(80, 24), (200, 50)]
    )
    func timeline(columns: Int, rows: Int) async throws {
        let lines = try await Self.screen(columns, rows, locale: "C.UTF-8", "--timeline")
        #expect(lines.count <= rows)
        #expect(lines.allSatisfy { Self.plain($0).count <= columns })
        let flaky = try #require(lines.first { Self.plain($0).hasPrefix("flaky ") })
        #expect(Self.plain(flaky).count == columns && flaky.contains("\u{1B}[32m") && flaky.contains("░"))
        let calm = try #require(lines.first { Self.plain($0).hasPrefix("calm ") })
        #expect(Self.plain(calm).count { $0 == "█" } == columns - 5 - 2 - 7 && calm.hasSuffix("100%"))
        #expect(lines.contains { $0.contains("|20:20") && $0.contains("|20:40") })
        #expect(Self.plain(lines.last ?? "").contains("█ open"))
    }

    @Test("a summary fits into the terminal's width", arguments: [(80, 24), (200, 50)])
    func summary(columns: Int, rows: Int) async throws {
        let lines = try await Self.screen(columns, rows, locale: "C.UTF-8", "--summary")
        #expect(lines.count <= rows && lines.allSatisfy { $0.count <= columns })
        #expect(lines.contains { $0.hasPrefix("flaky ") } && lines.joined().contains("ended: reset 9"))
    }

    @Test("in another locale it is ASCII; NO_COLOR and --color never take the colours away")
    func plainTerminal() async throws {
        let lines = try await Self.screen(80, 24, locale: "C", "--timeline --color never")
        #expect(lines.joined().utf8.allSatisfy { $0 < 128 && $0 != 27 } && lines.contains { $0.contains("===") })
        let without = try await Self.screen(80, 24, locale: "C.UTF-8", "--timeline", environment: ["NO_COLOR": "1"])
        #expect(!without.joined().contains("\u{1B}") && without.joined().contains("█"))
        let coloured = try await Self.screen(80, 24, locale: "C.UTF-8", "-n 1")
        #expect(coloured.first?.hasPrefix("\u{1B}[2m2026-11-24 20:5") == true, "\(coloured)")
    }

    @Test("in a pipe a timeline is plain ASCII, as wide as COLUMNS says or 80")
    func pipe() async throws {
        let directory = try TemporaryDirectory()
        let file = try Self.log(in: directory)
        for (columns, width) in [("", 80), ("120", 120), ("wide", 80)] {
            let run = try await HawserProgram.run(
                ["logs", "--file", file, "--timeline"],
                environment: ["COLUMNS": columns, "LC_ALL": "C.UTF-8"]
            )
            #expect(run.exit == .done && run.errors == [])
            #expect(run.output.first { $0.hasPrefix("calm ") }?.count == width)
            #expect(run.outputText.utf8.allSatisfy { $0 < 128 && $0 != 27 })
        }
    }
}
