import Testing

@testable import HawserDaemon

/// `check --explain`: every value, and where it came from.
@Suite("Explanation")
struct ExplanationTests {
    private func entries(_ text: String) throws -> [String: String] {
        let loaded = try ConfigurationFixture().load(text)
        var entries: [String: String] = [:]
        for entry in loaded.explanation.entries {
            #expect(entries[entry.keyPath] == nil, "\(entry.keyPath) is told twice")
            entries[entry.keyPath] = "\(entry.value) # \(entry.origin)"
        }
        return entries
    }

    @Test("Requests: what they inherit from http; queries, fields and contents are covered")
    func requests() throws {
        let entries = try entries(
            """
            http:
              timeouts: {read: 3s}
              proxy: "http://user:plain-5ecret@proxy:3128"
              headers: {X-Key: "${env:TOKEN}"}
            requests:
              book:
                url: https://h/x?token=plain-5ecret
                every: 30s
                retry: {attempts: 2}
                query: {symbol: BTC}
                json: '{"k":"plain-5ecret"}'
            """
        )
        #expect(entries["http.timeouts.read"] == "3s # hawser.yaml:2")
        #expect(entries["http.timeouts.total"] == "30s # default")
        #expect(entries["http.proxy"] == "http://proxy:3128 # hawser.yaml:3")
        #expect(entries["http.headers.X-Key"] == "[redacted] # hawser.yaml:4, ${env:TOKEN}")
        #expect(entries["requests.book.method"] == "POST # default")
        #expect(entries["requests.book.url"] == "https://h/x?… # hawser.yaml:7")
        #expect(entries["requests.book.every"] == "30s # hawser.yaml:8")
        #expect(entries["requests.book.at_start"] == "false # default")
        #expect(entries["requests.book.retry.attempts"] == "2 # hawser.yaml:9")
        #expect(entries["requests.book.retry.first"] == "1s # default")
        #expect(entries["requests.book.timeouts.read"] == "3s # hawser.yaml:2")
        #expect(entries["requests.book.query.symbol"] == "[redacted] # hawser.yaml:10")
        #expect(entries["requests.book.json"] == "[redacted] # hawser.yaml:11")
        #expect(entries["requests.book.sinks"] == "[stdout] # default")
        #expect(!entries.values.contains { value in ConfigurationFixture.secrets.contains { value.contains($0) } })
    }

    @Test("Dispositions: every rule that holds, merged key by key")
    func dispositions() throws {
        let entries = try entries(
            """
            defaults: {dispositions: {4003: refresh, 404: retry, dns: 2m}}
            subscriptions:
              a: {url: wss://h, dispositions: {4003: slow, 1013: retry_after}}
            """
        )
        let own = entries.filter { $0.key.hasPrefix("subscriptions.a.dispositions") }
        #expect(
            own == [
                "subscriptions.a.dispositions.4003": "slow # hawser.yaml:3",
                "subscriptions.a.dispositions.1013": "retry_after # hawser.yaml:3",
                "subscriptions.a.dispositions.404": "retry # hawser.yaml:1",
                "subscriptions.a.dispositions.dns": "2m # hawser.yaml:1",
            ]
        )
        #expect(entries["defaults.dispositions.4003"] == "refresh # hawser.yaml:1")
    }

    @Test("Defaults, the file, what is inherited, and references")
    func origins() throws {
        let entries = try entries(
            """
            limits: {connections: 7}
            defaults:
              ping: {every: 5s}
              tls: {ca: "/${env:TOKEN}.pem"}
              compression: {memory: 20KiB}
            subscriptions:
              a:
                url: wss://user:plain-5ecret@h:${env:PORT}/x?token=${env:TOKEN}
                headers: {X-Key: "${file:/etc/token}"}
                subscribe: [hello]
                ping: {timeout: 3s}
                compression: {enabled: false}
                sinks: [s]
            sinks:
              s: {file: {path: /s.jsonl, rotate: {size: 1MiB}}, watermarks: {low: 1MiB}}
            """
        )
        #expect(entries["limits.connections"] == "7 # hawser.yaml:1")
        #expect(entries["limits.per_host"] == "none # default")
        #expect(entries["limits.message_size"] == "4MiB # default")
        #expect(entries["defaults.ping.every"] == "5s # hawser.yaml:3")
        #expect(entries["defaults.ping.timeout"] == "10s # default")
        #expect(entries["defaults.tls.ca"] == "[redacted] # hawser.yaml:4, ${env:TOKEN}")
        #expect(
            entries["subscriptions.a.url"]
                == "wss://h:${env:PORT}/x?… # hawser.yaml:8, ${env:PORT}, ${env:TOKEN}"
        )
        #expect(entries["subscriptions.a.headers.X-Key"] == "[redacted] # hawser.yaml:9, ${file:/etc/token}")
        #expect(entries["subscriptions.a.subscribe[0]"] == "[redacted] # hawser.yaml:10")
        #expect(entries["subscriptions.a.sinks"] == "[s] # hawser.yaml:13")
        #expect(entries["subscriptions.a.subprotocols"] == "[] # default")
        #expect(entries["subscriptions.a.ping.every"] == "5s # hawser.yaml:3")
        #expect(entries["subscriptions.a.ping.timeout"] == "3s # hawser.yaml:11")
        #expect(entries["subscriptions.a.tls.ca"] == "[redacted] # hawser.yaml:4, ${env:TOKEN}")
        #expect(entries["defaults.compression.memory"] == "20KiB # hawser.yaml:5")
        #expect(entries["subscriptions.a.compression.enabled"] == "false # hawser.yaml:12")
        #expect(entries["subscriptions.a.compression.threshold"] == "256B # default")
        #expect(entries["subscriptions.a.compression.memory"] == "20KiB # hawser.yaml:5")
        #expect(entries["subscriptions.a.reconnect.jitter"] == "full # default")
        #expect(entries["sinks.s.file.path"] == "/s.jsonl # hawser.yaml:15")
        #expect(entries["sinks.s.file.rotate.size"] == "1MiB # hawser.yaml:15")
        #expect(entries["sinks.s.file.rotate.keep"] == "30 # default")
        #expect(entries["sinks.s.file.fsync.interval"] == "1s # default")
        #expect(entries["sinks.s.watermarks.high"] == "8MiB # default")
        #expect(entries["sinks.s.watermarks.low"] == "1MiB # hawser.yaml:15")
        #expect(entries["shutdown.drain"] == "7s # default")
    }

    @Test("The state directory tells which variable it is from")
    func state() throws {
        var fixture = ConfigurationFixture()
        fixture.environment = ["STATE_DIRECTORY": "/var/lib/hawser"]
        let entry = try fixture.load("").explanation.entries.first { $0.keyPath == "state" }
        #expect(entry == Explanation.Entry(keyPath: "state", value: "/var/lib/hawser", origin: "$STATE_DIRECTORY"))
    }

    @Test("What an explanation says can be written: a plain one loads to the same configuration")
    func canBeWritten() throws {
        let explanation = try ConfigurationFixture().load("").explanation
        let known = ["limits", "loops", "state", "defaults", "http", "sinks", "shutdown", "status", "log"]
        for entry in explanation.entries {
            #expect(known.contains(String(entry.keyPath.prefix { $0 != "." })))
            #expect(entry.origin == "default")
        }
        #expect(explanation.description.split(separator: "\n").count == explanation.entries.count)
        #expect(explanation.description.hasPrefix("limits.connections: 100"))
    }

    @Test("A value that is said somewhere can be located")
    func location() throws {
        let loaded = try ConfigurationFixture().load(
            "defaults:\n  tls: {ca: /x.pem}\nsubscriptions:\n  a:\n    url: wss://h\n    tls: {cert: /c.pem}\n"
        )
        #expect(loaded.location(of: "subscriptions.a.url") == "hawser.yaml:5")
        #expect(loaded.location(of: "subscriptions.a.tls.cert") == "hawser.yaml:6")
        #expect(loaded.location(of: "subscriptions.a.tls.ca") == "hawser.yaml:2")
        #expect(loaded.location(of: "subscriptions.a.tls.key") == nil)
    }
}
