import Glibc
import TestSupport
import Testing

/// Files that are no configuration: `check` and `run` both say so in one clear line and end with 78.
@Suite struct ConfigurationFileTests {
    private static let commands = ["check", "run"]

    @Test("a missing file", arguments: commands)
    func missing(_ command: String) async throws {
        try await expectRefusal(command, "/nonexistent/hawser.yaml", "there is no such file")
    }

    @Test("a directory", arguments: commands)
    func directory(_ command: String) async throws {
        try await expectRefusal(command, "/tmp", "it is a directory")
    }

    @Test("a named pipe, which would block for ever, and a device that never ends", arguments: commands)
    func endless(_ command: String) async throws {
        let directory = try TemporaryDirectory()
        let pipe = directory.file("pipe.yaml")
        #expect(mkfifo(pipe, 0o600) == 0)
        try await expectRefusal(command, pipe, "it is not a regular file")
        try await expectRefusal(command, "/dev/zero", "it is not a regular file")
    }

    @Test("a file without permission", arguments: commands)
    func forbidden(_ command: String) async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("subscriptions: {}\n", to: "secret.yaml")
        #expect(chmod(file, 0) == 0)
        // Root may read everything, unless it starts the program without that privilege.
        let privileges = "-dac_override,-dac_read_search"
        let launcher =
            geteuid() == 0 ? ["/usr/bin/setpriv", "--bounding-set", privileges, "--inh-caps", privileges] : []
        try await expectRefusal(command, file, "permission denied", launcher: launcher)
    }

    @Test("1 MiB of noise, and a byte more", arguments: commands)
    func noise(_ command: String) async throws {
        let directory = try TemporaryDirectory()
        var generator = SeededGenerator("noise")
        let noise = (0..<1 << 20).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let file = try directory.write(noise, to: "noise.yaml")
        try await expectRefusal(command, file, "is not UTF-8")
        let larger = try directory.write([UInt8](repeating: 35, count: 1 << 20 | 1), to: "larger.yaml")
        try await expectRefusal(command, larger, "larger than 1MiB")
    }

    @Test("a mistake is shown with its line, column, key path and remedy, and so is what cannot be dialled")
    func mistakes() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "subscriptions:\n  trades:\n    url: ws://127.0.0.1/\n    pnig: off\n",
            to: "typo.yaml"
        )
        let finished = try await HawserProgram.run(["check", "-c", file])
        #expect(finished.exit == .configuration)
        #expect(finished.errors.first?.hasPrefix("\(file):4:5: error: subscriptions.trades.pnig: ") == true)
        #expect(finished.errors.first?.contains("ping") == true, "\(finished.errors)")
        #expect(finished.errors.last == "1 error in the configuration")

        let tls = try directory.write(
            "subscriptions: {s: {url: wss://127.0.0.1/, tls: {ca: \(file)}}}\n",
            to: "tls.yaml"
        )
        let refused = try await HawserProgram.run(["run", "-c", tls])
        #expect(refused.exit == .configuration)
        #expect(refused.errors.count == 2)
        #expect(refused.errors.last == "1 error in the configuration")
        #expect(refused.errorText.hasPrefix("\(tls):1: error: subscriptions.s.tls.ca: "), "\(refused.errors)")
        #expect(refused.errorText.contains(file) && refused.errorText.contains("not in PEM format"))
    }

    @Test("a good file is called valid, with its number of subscriptions; its warnings are on standard error")
    func valid() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            "limits: {connections: 1}\nsubscriptions: {a: {url: ws://h/}, b: {url: ws://h/}}\n",
            to: "good.yaml"
        )
        let finished = try await HawserProgram.run(["check", "-c", file])
        #expect(finished.exit == .done)
        #expect(finished.output == ["\(file): valid: 2 subscriptions"])
        #expect(finished.errors.first?.contains(" warning: ") == true, "\(finished.errors)")
    }

    private func expectRefusal(
        _ command: String,
        _ file: String,
        _ problem: String,
        launcher: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let arguments = [command, "-c", file]
        let process =
            launcher.isEmpty
            ? try HawserProgram.start(arguments) : try HawserProgram.start(through: launcher, arguments)
        let finished = try await HawserProgram.finish(process)
        #expect(finished.exit == .configuration, sourceLocation: sourceLocation)
        #expect(finished.output == [], sourceLocation: sourceLocation)
        let complaints = finished.errors.filter { $0.contains("error: ") }
        #expect(complaints.count == 1, "\(finished.errors)", sourceLocation: sourceLocation)
        #expect(
            complaints.first?.hasPrefix(file) == true && complaints.first?.contains(problem) == true,
            "\(finished.errors)",
            sourceLocation: sourceLocation
        )
        #expect(finished.errorText.utf8.count < 1_000, sourceLocation: sourceLocation)
    }
}
