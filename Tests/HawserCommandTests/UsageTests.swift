import TestSupport
import Testing

/// What a person at a terminal meets first.
@Suite struct UsageTests {
    @Test(
        "--help of each subcommand teaches with examples of itself",
        arguments: ["run", "check", "demo", "connect", "mock", "logs"]
    )
    func help(_ subcommand: String) async throws {
        for arguments in [[subcommand, "--help"], ["help", subcommand], [subcommand, "-h"]] {
            let finished = try await HawserProgram.run(arguments)
            #expect(finished.exit == .done)
            #expect(finished.errors == [])
            let lines = finished.output
            let examples = lines.drop { $0 != "EXAMPLES" }.dropFirst().prefix { !$0.isEmpty }
            #expect(examples.count >= 2, "\(lines)")
            #expect(examples.allSatisfy { $0.hasPrefix("  hawser \(subcommand)") }, "\(examples)")
            #expect(lines.contains { $0.hasPrefix("USAGE: hawser \(subcommand)") })
        }
    }

    @Test("--help names every subcommand and every exit status, and so does no argument at all")
    func overview() async throws {
        for arguments in [["--help"], []] {
            let finished = try await HawserProgram.run(arguments)
            #expect(finished.exit == .done)
            for word in ["run", "check", "demo", "connect", "mock", "logs"] {
                #expect(finished.output.contains { $0.hasPrefix("  \(word) ") }, "\(word) in \(finished.outputText)")
            }
            for status in ["0", "1", "2", "78"] {
                #expect(finished.output.contains { $0.hasPrefix("  \(status) ") }, "\(status)")
            }
        }
    }

    @Test("--version says the program and a version of three numbers, on standard output")
    func version() async throws {
        let finished = try await HawserProgram.run(["--version"])
        #expect(finished.exit == .done)
        #expect(finished.output.count == 1)
        #expect(try #/hawser \d+\.\d+\.\d+/#.wholeMatch(in: finished.outputText) != nil, "\(finished.outputText)")
    }

    @Test(
        "wrong usage ends with 2, says what is wrong, and where help is",
        arguments: [
            (["--nonsense"], "--nonsense"),
            (["fly"], "fly"),
            (["run", "--nonsense"], "--nonsense"),
            (["run", "-c"], "-c"),
            (["run", "--log-level", "loud"], "loud"),
            (["run", "--log-format", "xml"], "xml"),
            (["check", "a", "b"], "a"),
            (["demo", "--for", "15"], "15"),
            (["demo", "--for=-3s"], "-3s"),
            (["connect"], "url"),
            (["connect", "http://127.0.0.1/"], "ws://"),
            (["connect", "ws://127.0.0.1:99999/"], "99999"),
            (["connect", "ws://127.0.0.1/", "--count", "0"], "--count"),
            (["connect", "ws://127.0.0.1/", "-H", "no colon"], "no colon"),
            (["connect", "ws://127.0.0.1/", "--ping-every", "soon"], "soon"),
            (["mock", "--port", "65536"], "65536"),
            (["mock", "--tls-cert-out", "mock.pem"], "--tls"),
            (["mock", "--connections", "0"], "--connections"),
            (["mock", "--max-echo=-1"], "--max-echo"),
        ]
    )
    func wrongUsage(_ arguments: [String], _ culprit: String) async throws {
        let finished = try await HawserProgram.run(arguments)
        #expect(finished.exit == .usage)
        #expect(finished.output == [])
        #expect(finished.errors.first?.hasPrefix("Error: ") == true, "\(finished.errors)")
        #expect(finished.errors.first?.contains(culprit) == true, "\(finished.errors)")
        #expect(finished.errorText.contains("--help"))
    }
}
