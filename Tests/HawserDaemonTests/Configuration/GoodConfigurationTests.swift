import ConnectionLifecycle
import Testing
import Transport
import WebSocketProtocol

@testable import HawserDaemon

/// What good configurations mean.
@Suite("Good configurations")
struct GoodConfigurationTests {
    private let fixture = ConfigurationFixture()

    @Test(
        "An empty file, a comment and empty sections are the defaults",
        arguments: [
            "", "\n\n", "# nothing\n", "---\n", "{}\n", "\u{FEFF}loops: 1\n",
            "subscriptions:\nsinks:\nlimits:\ndefaults:\nwatermarks:\nshutdown:\nlog:\n", "null\n",
        ]
    )
    func empty(_ text: String) throws {
        let loaded = try fixture.load(text)
        #expect(loaded.configuration == Configuration())
        #expect(loaded.warnings.isEmpty)
    }

    @Test("The defaults are those of the design")
    func defaults() {
        let configuration = Configuration()
        #expect(configuration.limits.connections == 100)
        #expect(configuration.limits.perHost == nil)
        #expect(configuration.limits.message == MessageLimits(messageSize: 4 << 20, fragments: 1_000_000))
        #expect(configuration.limits.dials.concurrent == 20)
        #expect(configuration.limits.dials.perOrigin == 1)
        #expect(configuration.limits.dials.perHost == [Rate(5, per: .seconds(1))])
        #expect(configuration.loops == 1)
        #expect(configuration.drain == .seconds(7))
        #expect(configuration.log.level == .info)
        #expect(configuration.log.format == .auto)
        #expect(configuration.subscriptions.isEmpty)
        #expect(configuration.sinks == [SinkConfiguration(name: "stdout", target: .stdout)])
        #expect(configuration.sinks[0].watermarks == Watermarks(high: 8 << 20, low: 2 << 20))
        let settings = configuration.defaults
        #expect(
            settings.timeouts
                == SessionTimeouts(
                    dns: .seconds(3),
                    tcp: .seconds(3),
                    tls: .seconds(4),
                    upgrade: .seconds(5),
                    dial: .seconds(10),
                    close: .seconds(2),
                    hardClose: .seconds(3),
                    pauseMax: .seconds(60)
                )
        )
        #expect(settings.ping == .ping(every: .seconds(20), timeout: .seconds(10)))
        #expect(settings.ping == KeepAlive.Policy.standard)
        #expect(
            settings.reconnect
                == Backoff.Policy(
                    first: .seconds(1),
                    factor: 2,
                    max: .seconds(30),
                    jitter: .full,
                    floor: .milliseconds(250),
                    resetAfter: .seconds(10)
                )
        )
        #expect(settings.tls == TLSOptions())
        #expect(settings.tls.verify)
        #expect(settings.compression.policy == CompressionPolicy())
        #expect(settings.compression.threshold == 256)
        #expect(settings.compression.memory == 64 << 10)
        #expect(settings.overflow == .pause)
        #expect(settings.decode == .text)
    }

    @Test(
        "Rates are a number and a window, one or several, or none; they are shown as one would write them",
        arguments: [
            ("20/s", [Rate(20, per: .seconds(1))], "[20/s]"),
            ("[100/m, 1000/1h]", [Rate(100, per: .seconds(60)), Rate(1000, per: .seconds(3600))], "[100/m, 1000/h]"),
            ("[3/500ms]", [Rate(3, per: .milliseconds(500))], "[3/500ms]"),
            ("[9/d]", [Rate(9, per: .seconds(86_400))], "[9/d]"),
            ("none", [], "none"),
        ]
    )
    func rates(text: String, expected: [Rate], shown: String) throws {
        let loaded = try fixture.load("limits: {dials: {per_host: \(text), per_origin: none}}\n")
        #expect(loaded.configuration.limits.dials.perHost == expected)
        #expect(loaded.configuration.limits.dials.perOrigin == nil)
        #expect(loaded.warnings.isEmpty)
        let entries = loaded.explanation.entries.filter { $0.keyPath.hasPrefix("limits.dials.per_") }
        #expect(entries.map(\.value) == ["none", shown])
        #expect(entries.map(\.origin) == ["hawser.yaml:1", "hawser.yaml:1"])
    }

    @Test("Every key of the process and of the defaults is read")
    func everyKey() throws {
        let configuration = try fixture.configuration(Self.whole)
        #expect(configuration.limits.connections == 50)
        #expect(configuration.limits.perHost == 5)
        #expect(configuration.limits.message == MessageLimits(messageSize: 1 << 20, fragments: 1_000))
        #expect(configuration.limits.dials.concurrent == 10)
        #expect(configuration.limits.dials.perOrigin == 3)
        #expect(configuration.limits.dials.perHost == [Rate(5, per: .seconds(1)), Rate(300, per: .seconds(300))])
        #expect(configuration.loops == 2)
        #expect(configuration.state == "/var/lib/hawser")
        #expect(configuration.drain == .seconds(10))
        #expect(configuration.log.level == .debug)
        #expect(configuration.log.format == .json)
        let settings = configuration.defaults
        #expect(
            settings.timeouts
                == SessionTimeouts(
                    dns: .seconds(1),
                    tcp: .seconds(2),
                    tls: .milliseconds(2_500),
                    upgrade: .seconds(4),
                    dial: .seconds(8),
                    close: .seconds(1),
                    pauseMax: .seconds(120)
                )
        )
        #expect(settings.ping == .off)
        #expect(
            settings.reconnect
                == Backoff.Policy(
                    first: .seconds(2),
                    factor: 1.5,
                    max: .seconds(60),
                    jitter: .fraction(0.25),
                    floor: .zero,
                    resetAfter: .seconds(30)
                )
        )
        #expect(
            settings.tls
                == TLSOptions(
                    certificateAuthority: .file("/ca.pem"),
                    clientCertificate: "/c.pem",
                    clientKey: "/k.pem",
                    verify: true,
                    minimumVersion: .v1_3
                )
        )
        #expect(settings.compression.policy?.threshold == 1 << 10)
        #expect(settings.compression.policy?.memory == 512 << 10)
        #expect(settings.decode == .json)
    }

    @Test("Every key of a subscription and of a sink is read")
    func everySubscriptionAndSinkKey() throws {
        let configuration = try fixture.configuration(Self.whole)
        let trades = try #require(configuration.subscriptions.first)
        #expect(trades.name == "trades")
        #expect(trades.headers.map(\.name) == ["Authorization", "X-Plain"])
        #expect(trades.subprotocols.map(\.unresolved) == ["v1.json", "v2"])
        #expect(trades.subscribe.count == 2)
        #expect(trades.sinks == ["archive"])
        #expect(trades.settings == configuration.defaults)
        #expect(
            configuration.sinks == [
                SinkConfiguration(
                    name: "archive",
                    target: .file(
                        FileSinkConfiguration(
                            path: "/var/lib/hawser/trades.jsonl",
                            rotation: RotationConfiguration(
                                size: 256 << 20,
                                every: .seconds(86_400),
                                keep: 3,
                                compression: .none
                            ),
                            fsync: .interval(.milliseconds(500))
                        )
                    ),
                    watermarks: Watermarks(high: 32 << 20, low: 4 << 20)
                ),
                SinkConfiguration(
                    name: "screen",
                    target: .stdout,
                    watermarks: Watermarks(high: 16 << 20, low: 4 << 20)
                ),
            ]
        )
    }

    private static let whole = """
        limits:
          {connections: 50, per_host: 5, message_size: 1MiB, fragments: 1000,
           dials: {concurrent: 10, per_origin: 3, per_host: [5/s, 300/5m]}}
        loops: 2
        state: /var/lib/hawser
        defaults:
          timeouts: {dns: 1s, tcp: 2s, tls: 2500ms, upgrade: 4s, dial: 8s, close: 1s}
          ping: off
          reconnect: {first: 2s, factor: 1.5, max: 1m, jitter: 0.25, floor: 0s, reset_after: 30s}
          tls: {ca: /ca.pem, cert: /c.pem, key: /k.pem, verify: true, minimum: "1.3"}
          compression: {enabled: true, threshold: 1KiB, memory: 512KiB}
          overflow: pause
          pause_max: 2m
          decode: json
          follow_redirects: 0
        subscriptions:
          trades:
            url: wss://feed.example/ws
            headers: {Authorization: "Bearer ${credential:feed-token}", X-Plain: 1}
            subprotocols: [v1.json, v2]
            subscribe: ['{"op":"subscribe"}', "plain"]
            sinks: [archive]
          quotes: {url: "ws+unix:/run/x.sock:/path"}
        sinks:
          archive:
            file:
              path: /var/lib/hawser/trades.jsonl
              rotate: {size: 256MiB, every: 1d, keep: 3, compress: none}
              fsync: {interval: 500ms}
            watermarks: {high: 32MiB}
          screen: {stdout: {}}
        watermarks: {high: 16MiB, low: 4MiB}
        shutdown: {drain: 10s}
        log: {level: debug, format: json}
        """

    @Test("A subscription inherits key by key")
    func inheritance() throws {
        let configuration = try fixture.configuration(
            """
            defaults:
              timeouts: {dns: 1s, dial: 20s}
              ping: {every: 7s, timeout: 3s}
              reconnect: {max: 1m, jitter: none}
              tls: {ca: /ca.pem, minimum: "1.3"}
            subscriptions:
              own:
                url: wss://h
                timeouts: {tcp: 9s}
                ping: {timeout: 2s}
                reconnect: {first: 2s}
                tls: {minimum: "1.2"}
                pause_max: 5s
              inherited: {url: wss://h}
              quiet: {url: wss://h, ping: off}
              back: {url: wss://h, tls: {ca: system}}
            """
        )
        let own = configuration.subscriptions[0].settings
        #expect(own.timeouts.dns == .seconds(1))
        #expect(own.timeouts.tcp == .seconds(9))
        #expect(own.timeouts.dial == .seconds(20))
        #expect(own.timeouts.pauseMax == .seconds(5))
        #expect(own.ping == .ping(every: .seconds(7), timeout: .seconds(2)))
        #expect(own.reconnect.first == .seconds(2))
        #expect(own.reconnect.max == .seconds(60))
        #expect(own.reconnect.jitter == Jitter.none)
        #expect(own.tls.certificateAuthority == .file("/ca.pem"))
        #expect(own.tls.minimumVersion == .v1_2)
        #expect(configuration.subscriptions[1].settings == configuration.defaults)
        #expect(configuration.subscriptions[2].settings.ping == .off)
        #expect(configuration.subscriptions[3].settings.tls.certificateAuthority == .system)
    }

    @Test("Compression that is off is not offered, and leaves its numbers to who switches it on again")
    func compression() throws {
        let configuration = try fixture.configuration(
            """
            defaults: {compression: {enabled: false, threshold: 0B, memory: 128KiB}}
            subscriptions:
              off: {url: wss://h}
              on: {url: wss://h, compression: {enabled: true}}
              own: {url: wss://h, compression: {enabled: true, threshold: 4MiB, memory: 1MiB}}
            """
        )
        let policies = configuration.subscriptions.map(\.settings.compression.policy)
        #expect(configuration.defaults.compression.policy == nil)
        #expect(policies[0] == nil)
        #expect(policies[1]?.threshold == 0)
        #expect(policies[1]?.memory == 128 << 10)
        #expect(policies[2]?.threshold == 4 << 20)
        #expect(policies[2]?.memory == 1 << 20)
        let off = try fixture.configuration("subscriptions: {a: {url: wss://h, compression: {enabled: false}}}\n")
        #expect(off.defaults.compression.policy == CompressionPolicy())
        #expect(off.subscriptions[0].settings.compression.policy == nil)
    }

    @Test("A ping said over an inherited off is on, with the defaults for the rest")
    func pingOverOff() throws {
        let configuration = try fixture.configuration(
            "defaults: {ping: off}\nsubscriptions: {a: {url: wss://h, ping: {every: 5s}}}\n"
        )
        #expect(configuration.subscriptions[0].settings.ping == .ping(every: .seconds(5), timeout: .seconds(10)))
    }

    @Test("A dial that is shorter than an inherited stage is no mistake")
    func shortDial() throws {
        let loaded = try fixture.load("subscriptions: {a: {url: wss://h, timeouts: {dial: 2s}}}\n")
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.configuration.subscriptions[0].settings.timeouts.dial == .seconds(2))
    }

    @Test("A subscription without sinks goes to every sink; without any, to standard output")
    func routing() throws {
        let two = try fixture.configuration(
            "subscriptions: {a: {url: wss://h}}\nsinks: {x: {stdout: {}}, y: {file: {path: /y}}}\n"
        )
        #expect(two.subscriptions[0].sinks == ["x", "y"])
        let none = try fixture.configuration("subscriptions: {a: {url: wss://h}}\nwatermarks: {high: 16MiB}\n")
        #expect(none.subscriptions[0].sinks == ["stdout"])
        #expect(none.sinks[0].watermarks.high == 16 << 20)
    }

    @Test("A rotation has defaults for what it does not say")
    func rotation() throws {
        let configuration = try fixture.configuration(
            "sinks: {a: {file: {path: a.jsonl, rotate: {size: 1GiB, every: none}}}, b: {file: {path: b, rotate: none}}}\n"
        )
        guard case .file(let first) = configuration.sinks[0].target else { throw Failure.notAFile }
        #expect(first.rotation == RotationConfiguration(size: 1 << 30, every: nil, keep: 30, compression: .gzip))
        #expect(first.fsync == .interval(.seconds(1)))
        guard case .file(let second) = configuration.sinks[1].target else { throw Failure.notAFile }
        #expect(second.rotation == nil)
    }

    private enum Failure: Error {
        case notAFile
    }

    @Test("An alias repeats what it refers to, also for hundreds of subscriptions")
    func aliases() throws {
        let text =
            "subscriptions:\n  s0: &base\n    url: wss://h/${env:TOKEN}\n    headers: &h {X: '1'}\n"
            + (1..<300).map { "  s\($0): {url: wss://h, headers: *h}\n" }.joined()
        let configuration = try fixture.configuration("limits: {connections: 300}\n" + text)
        #expect(configuration.subscriptions.count == 300)
        #expect(configuration.subscriptions.allSatisfy { $0.headers.map(\.name) == ["X"] })
    }

    @Test("The state directory comes from the file, systemd, XDG or the home directory, in this order")
    func state() throws {
        var fixture = fixture
        fixture.environment = ["HOME": "/u"]
        #expect(try fixture.configuration("").state == "/u/.local/state/hawser")
        fixture.environment["XDG_STATE_HOME"] = "/xdg"
        #expect(try fixture.configuration("").state == "/xdg/hawser")
        fixture.environment["STATE_DIRECTORY"] = "/var/lib/hawser:/var/lib/other"
        #expect(try fixture.configuration("").state == "/var/lib/hawser")
        #expect(try fixture.configuration("state: /mine\n").state == "/mine")
        fixture.environment = [:]
        #expect(try fixture.configuration("").state == nil)
    }

    @Test("References work in any text, numbers too")
    func references() throws {
        let configuration = try fixture.configuration(
            """
            limits: {connections: "${env:PORT}"}
            subscriptions: {a: {url: 'ws://h:${env:PORT}/x?$$={$}', sinks: ["s"]}}
            sinks: {s: {file: {path: "/${env:TOKEN}/x"}}}
            """
        )
        #expect(configuration.limits.connections == 9_001)
        #expect(configuration.sinks[0].target == .file(FileSinkConfiguration(path: "/tok-5ecret/x")))
        let target = try configuration.subscriptions[0].dialTarget(using: fixture.loader.secrets)
        #expect(target.url.port == 9_001)
        #expect(target.url.target == "/x?$={$}")
    }
}
