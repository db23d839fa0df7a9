import ConnectionLifecycle
import Testing

@testable import HawserDaemon

/// The files in `config/` are what they claim to be.
@Suite("Shipped configurations")
struct ShippedConfigurationTests {
    /// The folder `config`, seen from this file.
    private static let folder =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/") + "/config"

    /// Reads the shipped files from disk, and answers for the credentials that the examples refer to.
    private static let loader = ConfigurationLoader(
        environment: ["HAWSER_DEMO_PORT": "9001", "CREDENTIALS_DIRECTORY": "/run/credentials/hawser.service"],
        files: FileAccess { path, limit in
            ["/run/credentials/hawser.service", "/etc/hawser"].contains { path.hasPrefix($0) }
                ? .success(Array("token".utf8)) : FileAccess.system.read(path, limit)
        }
    )

    private func text(of name: String) throws -> String {
        String(decoding: try FileAccess.system.read("\(Self.folder)/\(name)", 1 << 20).get(), as: UTF8.self)
    }

    @Test(
        "Each file loads without errors and warnings",
        arguments: [
            ("hawser.yaml", 0), ("demo.yaml", 3), ("examples/market-data.yaml", 4),
            ("examples/plant-telemetry.yaml", 4), ("examples/account.yaml", 3),
        ]
    )
    func loads(_ name: String, _ subscriptions: Int) throws {
        let loaded = try Self.loader.load(path: "\(Self.folder)/\(name)")
        #expect(loaded.warnings.isEmpty, "\(loaded.warnings.map(\.summary))")
        #expect(loaded.configuration.subscriptions.count == subscriptions)
    }

    @Test("As shipped, hawser.yaml is ready and idle: the defaults, whatever the environment")
    func idle() throws {
        let loaded = try ConfigurationLoader(environment: [:]).load(path: "\(Self.folder)/hawser.yaml")
        #expect(loaded.configuration == Configuration())
        #expect(loaded.warnings.isEmpty)
    }

    @Test("The demo has what it shows")
    func demo() throws {
        let configuration = try Self.loader.load(path: "\(Self.folder)/demo.yaml").configuration
        #expect(configuration.subscriptions.map(\.name) == ["ticker", "flaky", "quiet"])
        #expect(configuration.sinks == [SinkConfiguration(name: "screen", target: .stdout)])
        let urls = try configuration.subscriptions.map {
            try $0.dialTarget(using: Self.loader.secrets).url.redacted
        }
        #expect(urls == ["/ticker", "/flaky", "/quiet"].map { "ws://127.0.0.1:9001\($0)" })
        #expect(configuration.subscriptions[0].settings.decode == .json)
        #expect(configuration.subscriptions[1].settings.reconnect.first == .milliseconds(500))
        #expect(
            configuration.subscriptions[2].settings.ping == .ping(every: .seconds(2), timeout: .seconds(10))
        )
    }

    // MARK: Commented examples

    /// A line of `hawser.yaml`: an explanation ("#", or "# " and a word), an example ("#" and anything else), or a
    /// setting.
    private enum Line {
        case prose(String)
        case example(String)
        case setting(String)

        init(_ text: String) {
            guard text.hasPrefix("#") else {
                self = .setting(text)
                return
            }
            let rest = text.dropFirst()
            let isProse = rest.isEmpty || (rest.hasPrefix(" ") && !rest.hasPrefix("  "))
            self = isProse ? .prose(text) : .example(String(rest))
        }
    }

    private func lines() throws -> [Line] {
        try text(of: "hawser.yaml").split(separator: "\n", omittingEmptySubsequences: false).map { Line(String($0)) }
    }

    /// The file with the examples for which `isUncommented` holds, by their number.
    private func text(_ lines: [Line], uncommenting isUncommented: (Int) -> Bool) -> String {
        var number = -1
        return lines.map { line in
            switch line {
            case .prose(let text), .setting(let text): return text
            case .example(let text):
                number += 1
                return isUncommented(number) ? text : "#\(text)"
            }
        }.joined(separator: "\n")
    }

    @Test("With every example uncommented, hawser.yaml is valid and has each key")
    func everyExample() throws {
        let loaded = try Self.loader.load(text: text(try lines()) { _ in true }, file: "hawser.yaml")
        #expect(loaded.warnings.isEmpty, "\(loaded.warnings.map(\.summary))")
        #expect(loaded.configuration.subscriptions.map(\.name) == ["ticker", "trades", "local"])
        #expect(loaded.configuration.requests.map(\.name) == ["book", "session"])
        #expect(loaded.configuration.sinks.map(\.name) == ["archive", "screen"])
        let said = Set(loaded.origins.keys)
        let settings = loaded.explanation.entries.map(\.keyPath)
            .filter { $0.hasPrefix("defaults.") || $0.hasPrefix("http.") }
        let rare = [
            "defaults.follow_redirects", "http.retry.statuses", "http.retry.any_method", "http.retry.retry_after",
        ]
        let unsaid = settings.filter { !said.contains($0) && !rare.contains($0) }
        #expect(unsaid.isEmpty, "not taught: \(unsaid)")
        for key in [
            "limits.connections", "limits.per_host", "limits.message_size", "limits.fragments", "loops", "state",
            "limits.dials.concurrent", "limits.dials.per_origin", "limits.dials.per_host", "limits.sends.per_host",
            "watermarks.high", "watermarks.low", "shutdown.drain", "log.level", "log.format",
            "sinks.archive.file.rotate.keep", "sinks.archive.file.fsync.interval", "subscriptions.trades.subprotocols",
        ] {
            #expect(said.contains(key), "not taught: \(key)")
        }
    }

    @Test("The examples that claim to be defaults are")
    func examplesAreDefaults() throws {
        var configuration = try Self.loader.load(
            text: text(try lines()) { _ in true },
            file: "hawser.yaml"
        ).configuration
        #expect(configuration.state == "/var/lib/hawser")
        configuration.state = nil
        configuration.subscriptions = []
        configuration.requests = []
        configuration.sinks = Configuration().sinks
        #expect(configuration == Configuration())
    }

    @Test("Each example alone is valid: a line of a section, or a whole subscription or sink")
    func eachExample() throws {
        let lines = try lines()
        let examples: [String] = lines.compactMap { if case .example(let text) = $0 { text } else { nil } }
        // A group begins at each line that is indented by two or not at all, and takes the deeper ones below it.
        var groups: [Range<Int>] = []
        for (number, example) in examples.enumerated() {
            if example.hasPrefix("   "), let last = groups.popLast() {
                groups.append(last.lowerBound..<(number + 1))
            } else {
                groups.append(number..<(number + 1))
            }
        }
        #expect(groups.count >= 18)
        for group in groups {
            let text = text(lines) { group.contains($0) }
            do {
                let loaded = try Self.loader.load(text: text, file: "hawser.yaml")
                #expect(loaded.warnings.isEmpty, "\(examples[group]): \(loaded.warnings.map(\.summary))")
                #expect(!loaded.origins.isEmpty, "\(examples[group]) changes nothing")
            } catch {
                Issue.record("\(examples[group]): \(error)")
            }
        }
    }
}
