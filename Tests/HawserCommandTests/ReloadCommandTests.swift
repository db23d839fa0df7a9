import TestSupport
import Testing

/// `hawser reload` against a running `hawser run`.
@Suite struct ReloadCommandTests {
    private static func yaml(_ subscriptions: [String: String], in directory: TemporaryDirectory) -> String {
        let rows = subscriptions.sorted { $0.key < $1.key }.map { "  \($0.key): {url: \"\($0.value)\"}\n" }.joined()
        return FreeDials.added(to: "sinks: {out: {file: {path: \(directory.path)/out.jsonl}}}\nsubscriptions:\n" + rows)
    }

    @Test("it returns once the new configuration is applied, and says what became of it")
    func applied() async throws {
        let server = try FaultServer(.echo)
        let directory = try TemporaryDirectory()
        let before = ["kept": server.url("/kept"), "gone": server.url("/gone"), "moved": server.url("/old")]
        let daemon = try HeldDaemon(Self.yaml(before, in: directory), in: directory)
        try await daemon.logged("subscription.opened", times: 3)
        let after = ["kept": server.url("/kept"), "new": server.url("/new"), "moved": server.url("/elsewhere")]
        try directory.write(Self.yaml(after, in: directory), to: "hawser.yaml")

        let reload = try await daemon.ask(["reload"])

        #expect(reload.exit == .done && reload.errors == [], "\(reload)")
        #expect(reload.output == ["reloaded: subscriptions: 1 added, 1 changed, 1 removed"])
        #expect(Set(daemon.log("subscription.closed").map { $0["subscription"] }) == ["gone", "moved"])
        #expect(daemon.log("subscription.closed").allSatisfy { $0["outcome"] == "reloaded" })
        try await daemon.logged("subscription.opened", times: 5)
        let again = try await daemon.ask(["reload", "--json"])
        #expect(again.exit == .done && again.outputText.contains("\"unchanged\":3"), "\(again)")
        let status = try await daemon.ask(["status"])
        #expect(status.outputText.contains("3/3 open") && !status.outputText.contains("gone"), "\(status.output)")
        #expect(try await daemon.process.terminate() == .done)
        server.stop()
    }

    @Test("a file with errors changes nothing: each is said with its place, and the exit status is 1")
    func refused() async throws {
        let server = try FaultServer(.echo)
        let directory = try TemporaryDirectory()
        let daemon = try HeldDaemon(Self.yaml(["a": server.url()], in: directory), in: directory)
        try await daemon.logged("subscription.opened")
        let wrong = "subscriptions:\n  a: {url: \"http://h/\"}\n  b: {urk: \"ws://h/\"}\n"
        let file = try directory.write(wrong, to: "hawser.yaml")

        let reload = try await daemon.ask(["reload"])

        #expect(reload.exit == .failed && reload.output == [])
        #expect(reload.errorText.contains("\(file):2:"), "\(reload.errors)")
        #expect(reload.errorText.contains("\(file):3:") && reload.errorText.contains("subscriptions.b"))
        #expect(reload.errors.last == "hawser: not reloaded: the configuration of before is in force")
        #expect(daemon.log("subscription.closed").isEmpty)
        #expect(try await daemon.ask(["status"]).outputText.contains("1/1 open"))
        #expect(try await daemon.process.terminate() == .done)
        server.stop()
    }
}
