import Foundation
import TestSupport
import Testing

/// The log of a daemon whose feeds go wrong in every way, at the lowest level.
@Suite struct LogTests {
    /// Peers that fail a client in one way each, by the request's target.
    private static func troubleServer() throws -> FaultServer {
        try FaultServer { connection in
            let target = try connection.readRequest().target
            switch target.prefix(while: { $0 != "?" }) {
            case "/rejects": try connection.reject(status: 401, fields: [("Retry-After", "1")], body: "who are you?")
            case "/closes":
                try connection.upgrade()
                try connection.closeProperly(1011, "later")
            case "/resets":
                try connection.upgrade()
                try connection.sendNumbered(1..<10)
                connection.reset()
            case "/violates":
                try connection.upgrade()
                try connection.sendClose(1004)
                try connection.awaitEnd()
            default: try connection.send("this is not HTTP\r\n\r\n")
            }
        }
    }

    private static let targets = ["rejects", "closes", "resets", "violates", "garbage"]

    @Test("each line is a JSON object with documented event and field names, in a fixed order, timestamps ascending")
    func lines() async throws {
        let server = try Self.troubleServer()
        let dead = try DeadPort()
        var yaml = "log: {level: trace}\ndefaults: {reconnect: {first: 20ms, floor: 0s, max: 50ms}}\n"
        yaml += "sinks: {out: {file: {path: DIR/out.jsonl}}}\nsubscriptions:\n  dead: {url: \"\(dead.url())\"}\n"
        for target in Self.targets { yaml += "  \(target): {url: \"\(server.url("/\(target)"))\"}\n" }
        let daemon = try HeldDaemon(yaml)
        try await daemon.logged("daemon.ready")
        daemon.process.send(signal: SIGHUP)
        try await Self.trouble(of: daemon, names: Self.targets + ["dead"])
        #expect(try await daemon.process.terminate() == .done)
        server.stop()

        let documented = try Documentation()
        let lines = daemon.log
        #expect(lines.count == daemon.process.lines(.stderr).count)
        #expect(lines.count > 30)
        for line in lines {
            #expect(line.line.hasPrefix(#"{"time":""#))
            #expect(line.seconds != nil && line["level"] != nil && line["message"]?.isEmpty == false, "\(line.line)")
            #expect(documented.events.contains(line.event), "\(line.line)")
            let fields = Set(line.members.keys).subtracting(["time", "level", "event", "message"])
            #expect(fields.isSubset(of: documented.fields), "\(fields.subtracting(documented.fields)) in \(line.line)")
            #expect(line.members.values.allSatisfy { $0 != .other && $0.object == nil }, "\(line.line)")
        }
        let moments = lines.compactMap(\.seconds)
        #expect(zip(moments, moments.dropFirst()).allSatisfy { $0 <= $1 })
        let events = Set(lines.map(\.event))
        for event in ["daemon.starting", "daemon.ready", "subscription.dialing", "subscription.opened", "dial.failed"] {
            #expect(events.contains(event), "\(event)")
        }
    }

    @Test(
        "no secret is in any line at the lowest level, whatever goes wrong: header, query, userinfo, message, reference"
    )
    func secrets() async throws {
        let server = try Self.troubleServer()
        let dead = try DeadPort()
        let directory = try TemporaryDirectory()
        let vault = Vault()
        try vault.write(to: directory)
        var yaml = "log: {level: trace}\ndefaults: {reconnect: {first: 20ms, floor: 0s, max: 50ms}}\nsubscriptions:\n"
        let places =
            Self.targets.map { "127.0.0.1:\(server.port)/\($0)" } + ["127.0.0.1:\(dead.port)/", "name.invalid/"]
        var names: [String] = []
        for (index, place) in places.enumerated() {
            names += ["literal-\(index)", "referring-\(index)"]
            yaml += vault.literal(names[index * 2], place) + vault.referring(names[index * 2 + 1], place)
        }
        yaml += vault.literal("tls", "127.0.0.1:\(server.port)/", scheme: "wss")
        let daemon = try HeldDaemon(yaml, in: directory, environment: vault.environment(directory))
        try await Self.trouble(of: daemon, names: names + ["tls"])
        #expect(try await daemon.process.terminate() == .done)
        server.stop()
        // They were in use, or their absence would mean nothing.
        #expect(server.requests.contains { $0.target.contains(vault.query) })
        #expect(server.requests.contains { $0["Authorization"]?.contains(vault.variable) == true })
        #expect(server.requests.contains { $0["Authorization"] == "Basic \(vault.basic)" })
        #expect(vault.leaks(in: daemon.process.lines(.stderr)) == [])
    }

    @Test("a server that repeats what it was sent does not bring a secret into the log")
    func repeatedSecrets() async throws {
        let server = try FaultServer { connection in
            let request = try connection.readRequest()
            let said = "\(request.target) \(request["Authorization"] ?? "")"
            if request.target.hasPrefix("/cuts") {
                // What is kept of the content, 1 KiB, ends inside the secret.
                let padding = String(repeating: "x", count: 1_018 - said.utf8.count / 2)
                try connection.reject(status: 404, body: padding + said)
            } else if request.target.hasPrefix("/rejects") {
                try connection.reject(status: 404, reason: "Cannot GET \(request.target)", body: "Cannot GET \(said)")
            } else {
                try connection.upgrade()
                try connection.closeProperly(4001, String(said.prefix(120)))
            }
        }
        let directory = try TemporaryDirectory()
        let vault = Vault()
        try vault.write(to: directory)
        let places = ["rejects", "closes", "cuts"].map { "127.0.0.1:\(server.port)/\($0)" }
        let yaml =
            "log: {level: trace}\ndefaults: {reconnect: {first: 20ms, floor: 0s, max: 50ms}}\nsubscriptions:\n"
            + places.enumerated().map { index, place in
                vault.literal("literal-\(index)", place) + vault.referring("referring-\(index)", place)
            }.joined()
        let daemon = try HeldDaemon(yaml, in: directory, environment: vault.environment(directory))
        try await Self.trouble(of: daemon, names: (0...2).flatMap { ["literal-\($0)", "referring-\($0)"] })
        #expect(try await daemon.process.terminate() == .done)
        server.stop()
        #expect(vault.leaks(in: daemon.process.lines(.stderr)) == [])
    }

    @Test("check, --explain, and the errors of a broken configuration show no secret")
    func checkedSecrets() async throws {
        let directory = try TemporaryDirectory()
        let vault = Vault()
        try vault.write(to: directory)
        let good = "subscriptions:\n" + vault.literal("literal", "h/") + vault.referring("referring", "h/")
        let broken = [
            good.replacing("headers:", with: "haeders:"),
            good.replacing("?token=", with: " ?token="),
            good.replacing("ws://", with: "http://"),
            good.replacing("h/", with: "h:99999/"),
            good.replacing("Authorization:", with: "Autho rization:"),
            good.replacing("}", with: "]"),
            good + "nonsense: 1\n",
        ]
        for (index, text) in ([good] + broken).enumerated() {
            let path = try directory.write(text.replacing("DIR", with: directory.path), to: "hawser.yaml")
            for more in [[], ["--explain"]] {
                let finished = try await HawserProgram.run(
                    ["check", "-c", path] + more,
                    environment: vault.environment(directory)
                )
                #expect(finished.exit == (index == 0 ? .done : .configuration), "\(text)\n\(finished.errorText)")
                #expect(vault.leaks(in: finished.output + finished.errors) == [])
            }
        }
    }

    @Test("connect tells no secret when it fails")
    func connectSecrets() async throws {
        let dead = try DeadPort()
        let vault = Vault()
        for place in ["127.0.0.1:\(dead.port)/", "name.invalid/", "h:99999/", "[::/", "h/ x/"] {
            let finished = try await HawserProgram.run([
                "connect", "ws://\(vault.user):\(vault.password)@\(place)?token=\(vault.query)", "-H",
                "Authorization: Bearer \(vault.header)",
            ])
            #expect(finished.exit == .failed || finished.exit == .usage)
            #expect(vault.leaks(in: finished.output + finished.errors) == [])
        }
    }

    /// Waits until a session of each subscription has ended.
    private static func trouble(of daemon: HeldDaemon, names: [String]) async throws {
        for name in names {
            try await eventually("a session of \(name) ends") {
                daemon.process.lines(.stderr).contains {
                    $0.contains("\"subscription\":\"\(name)\"") && $0.contains("\"delay_ms\":")
                }
            }
        }
    }
}

/// The names that `docs/logging.md` lists.
private struct Documentation {
    var events: Set<String>
    var fields: Set<String>

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/logging.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let cells = rows.compactMap { $0.split(separator: "|").first }
        let names = Set(cells.flatMap { $0.matches(of: #/`([a-z_.]+)`/#).map { String($0.output.1) } })
        events = names.filter { $0.contains(".") }
        fields = names.filter { !$0.contains(".") }
        try #require(events.count > 20 && fields.count > 30)
    }
}
