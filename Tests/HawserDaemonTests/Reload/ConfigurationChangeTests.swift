import ConnectionLifecycle
import TestSupport
import Testing

@testable import HawserDaemon

/// What a reload finds changed, and what not.
@Suite("Configuration change")
struct ConfigurationChangeTests {
    private static let base = """
        defaults: {ping: {every: 10s}}
        limits: {connections: 10}
        sinks: {a: {file: {path: /tmp/a.jsonl}}, b: {file: {path: /tmp/b.jsonl}}}
        subscriptions:
          one: {url: "ws://one.example/", headers: {X-A: "1", X-B: "2"}, sinks: [a, b]}
          two: {url: "wss://two.example/", sinks: [a]}
        """

    private func change(_ old: String, _ new: String) throws -> ConfigurationChange {
        let fixture = ConfigurationFixture()
        return ConfigurationChange(from: try fixture.configuration(old), to: try fixture.configuration(new))
    }

    private func change(_ pairs: (String, String)...) throws -> ConfigurationChange {
        var text = Self.base
        for (old, new) in pairs {
            #expect(text.contains(old), "\(old)")
            text = text.replacing(old, with: new)
        }
        return try change(Self.base, text)
    }

    @Test("the same configuration written in another way is no change")
    func spelling() throws {
        let same = try change(
            Self.base,
            """
            # Other words, another order, and values where they were inherited.
            subscriptions:
              two: {sinks: [a], url: "wss://two.example/", ping: {every: 10000ms, timeout: 10s}}
              one:
                sinks: [a, b]
                url: ws://one.example/
                headers: {X-A: "1", X-B: "2"}
                ping: {every: 10s}
            defaults: {ping: {every: 10s}}
            sinks: {b: {file: {path: /tmp/b.jsonl, fsync: {interval: 1000ms}}}, a: {file: {path: /tmp/a.jsonl}}}
            limits: {connections: 10, per_host: none}
            """
        )
        #expect(same.isEmpty)
        #expect(same.subscriptions.unchanged == ["two", "one"])
    }

    @Test("what a session depends on changes it; what only matters to the next dial, or means the same, does not")
    func difference() throws {
        let inherited = try change(("every: 10s", "every: 11s"))
        #expect(inherited.subscriptions.changed.map(\.name) == ["one", "two"], "through the defaults")
        let url = try change(("ws://one.example/", "ws://one.example/x"))
        #expect(url.subscriptions.changed.map(\.name) == ["one"])
        #expect(url.subscriptions.unchanged == ["two"])
        let header = try change(("X-B: \"2\"", "X-B: \"3\""))
        #expect(header.subscriptions.changed.map(\.name) == ["one"])

        for (old, new) in [
            ("defaults: {", "defaults: {reconnect: {max: 5s}, timeouts: {dial: 9s}, "),
            ("connections: 10", "connections: 10, message_size: 1MiB"),
        ] {
            let later = try change((old, new))
            #expect(later.subscriptions.adjusted.map(\.name) == ["one", "two"], "\(new)")
            #expect(later.subscriptions.changed.isEmpty, "\(new)")
        }
        let moved = try change(
            (#"X-A: "1", X-B: "2""#, #"x-b: "2", X-A: "1""#),
            ("sinks: [a, b]", "sinks: [b, a]")
        )
        #expect(moved.subscriptions.adjusted.map(\.name) == ["one"])
        let tls = try change(("defaults: {", "defaults: {tls: {minimum: \"1.3\"}, "))
        #expect(tls.subscriptions.changed.map(\.name) == ["two"], "without TLS it has no effect")
        #expect(tls.subscriptions.adjusted.map(\.name) == ["one"])
    }

    @Test("sinks that are new, gone, moved or with other watermarks; what one writer must let go first needs a restart")
    func sinks() throws {
        let moved = try change(("/tmp/b.jsonl", "/tmp/c.jsonl"))
        #expect(moved.sinks.changed.map(\.name) == ["b"])
        #expect(moved.subscriptions.isEmpty, "it goes on")
        let marks = try change(("b: {", "b: {watermarks: {high: 16MiB}, "))
        #expect(marks.sinks.adjusted.map(\.name) == ["b"])
        let same = try change(("/tmp/b.jsonl", "/tmp/./b.jsonl"))
        #expect(same.sinks.adjusted.map(\.name) == ["b"])
        #expect([moved, marks, same].allSatisfy { $0.obstacles.isEmpty })

        let rotated = try change(("/tmp/b.jsonl", "/tmp/b.jsonl, rotate: {every: 1d}"))
        #expect(rotated.obstacles.map(\.keyPath) == ["sinks.b.file"])
        let renamed = try change(("b: {file", "c: {file"), ("[a, b]", "[a, c]"))
        #expect(renamed.obstacles.map(\.keyPath) == ["sinks.c"])
        let swapped = try change(
            ("/tmp/a", "/tmp/x"),
            ("/tmp/b", "/tmp/a"),
            ("/tmp/x", "/tmp/b")
        )
        #expect(swapped.obstacles.map(\.keyPath) == ["sinks.a", "sinks.b"])
    }

    @Test("what is made once at the start is not applied: loops, state, the log's form")
    func obstacles() throws {
        let all = try change(("limits:", "loops: 2\nstate: /tmp/s\nlog: {format: json, level: debug}\nlimits:"))
        #expect(all.obstacles.map(\.keyPath) == ["loops", "state", "log.format"])
        #expect(all.logLevel == .debug)
    }

    @Test("requests change with what they share, and with nothing else")
    func requests() throws {
        let base = "requests: {r: {url: \"http://a.example/\", every: 1s}}\n"
        func changed(_ more: String) throws -> Bool {
            try !change(base, base + more).requests.changed.isEmpty
        }
        #expect(try changed("http: {pool: {max_connections: 3}}"))
        #expect(try changed("http: {headers: {X-A: \"1\"}}"))
        #expect(try changed("http: {timeouts: {read: 3s}}"))
        #expect(try changed("limits: {message_size: 1MiB}"))
        #expect(try !changed("http: {dns_ttl: 3s}"))
        #expect(try !changed("limits: {connections: 3}"))
    }

    @Test("random configurations: the change applied to the old one is the new one, and none is its own")
    func roundTrip() {
        var random = RandomConfigurations(generator: SeededGenerator("configuration change"))
        for _ in 0..<500 {
            let old = random.next()
            #expect(ConfigurationChange(from: old, to: old).isEmpty)
            let new = Bool.random(using: &random.generator) ? random.next() : random.mutated(old)
            let change = ConfigurationChange(from: old, to: new)
            #expect(change.obstacles.isEmpty, "\(change.obstacles)")
            #expect(change.applied(to: old) == new)
            let counts = ReloadReport(change).subscriptions
            #expect(counts.unchanged + counts.changed + counts.adjusted + counts.added == new.subscriptions.count)
            #expect(counts.unchanged + counts.changed + counts.adjusted + counts.removed == old.subscriptions.count)
            if old.subscriptions == new.subscriptions, old.limits.message == new.limits.message {
                #expect(change.subscriptions.isEmpty)
            }
        }
    }
}

/// Configurations of a few names and values, so that two of them have much in common.
private struct RandomConfigurations {
    var generator: SeededGenerator

    mutating func next() -> Configuration {
        var configuration = Configuration()
        configuration.sinks = names("abc").map { SinkConfiguration(name: $0, target: .stdout) }
        for index in configuration.sinks.indices { vary(&configuration.sinks[index]) }
        for name in names("uvwxyz") {
            var subscription = SubscriptionConfiguration(name: name, url: SecretTemplate(literal: "ws://\(name)/"))
            vary(&subscription)
            configuration.subscriptions.append(subscription)
        }
        for name in names("qrs") {
            var request = RequestConfiguration(name: name, url: SecretTemplate(literal: "http://\(name)/"))
            request.every = pick([.seconds(1), .seconds(2), nil])
            configuration.requests.append(request)
        }
        return mutated(configuration)
    }

    /// One that differs in one or two things.
    mutating func mutated(_ old: Configuration) -> Configuration {
        var new = old
        for _ in 0..<Int.random(in: 1...2, using: &generator) {
            switch Int.random(in: 0..<9, using: &generator) {
            case 0: new.limits.connections = pick([1, 2, 100])
            case 1: new.limits.message.messageSize = pick([1 << 20, 4 << 20])
            case 2: new.limits.dials.concurrent = pick([3, 4])
            case 3: new.http.dnsTTL = pick([.seconds(1), .seconds(2)])
            case 4: new.drain = pick([.seconds(1), .seconds(2)])
            case 5: new.log.level = pick([.info, .debug])
            case 6: new.defaults.ping = pick([.off, .standard])
            case 7: new.subscriptions.shuffle(using: &generator)
            default:
                if let index = new.subscriptions.indices.randomElement(using: &generator) {
                    vary(&new.subscriptions[index])
                }
            }
        }
        return new
    }

    private mutating func vary(_ subscription: inout SubscriptionConfiguration) {
        subscription.sinks = names("abc")
        subscription.subprotocols = names("ij").map { SecretTemplate(literal: $0) }
        subscription.headers = names("hk").map { HeaderTemplate(name: $0, value: SecretTemplate(literal: "1")) }
        subscription.settings.decode = pick([.text, .json])
        subscription.settings.timeouts.dial = pick([.seconds(1), .seconds(2)])
        subscription.settings.reconnect.max = pick([.seconds(1), .seconds(2)])
    }

    /// Each of these has its own places, so that none is in the way of another.
    private mutating func vary(_ sink: inout SinkConfiguration) {
        let folder = pick(["x", "y"])
        sink.target = .file(FileSinkConfiguration(path: "/\(folder)/\(sink.name)"))
        sink.watermarks.high = pick([8 << 20, 16 << 20])
    }

    private mutating func names(_ letters: String) -> [String] {
        letters.shuffled(using: &generator).filter { _ in Bool.random(using: &generator) }.map(String.init)
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: values.indices, using: &generator)]
    }
}
