import Testing

@testable import HawserDaemon

/// What is allowed and still worth a word.
@Suite("Configuration warnings")
struct WarningTests {
    private func warnings(_ text: String) throws -> [String] {
        try ConfigurationFixture().load(text).warnings.map { warning in
            #expect(warning.severity == .warning)
            #expect(warning.remedy != nil)
            return "\(warning.line ?? 0):\(warning.column ?? 0) \(warning.keyPath): \(warning.problem)"
        }
    }

    @Test("More subscriptions than connections: some will wait")
    func connections() throws {
        #expect(
            try warnings("limits: {connections: 1}\nsubscriptions: {a: {url: wss://h}, b: {url: wss://h}}\n") == [
                "1:23 limits.connections: 2 subscriptions share 1 connection: 1 will wait until a session ends"
            ]
        )
    }

    @Test("More subscriptions of one host than sessions with it")
    func perHost() throws {
        let text =
            "limits: {per_host: 1}\nsubscriptions: {a: {url: wss://h/a}, b: {url: ws://h:81/b}, c: {url: ws://i}}\n"
        #expect(
            try warnings(text) == [
                "1:20 limits.per_host: 2 subscriptions of h share 1 connection: 1 will wait until a session ends"
            ]
        )
        #expect(
            try warnings("limits: {connections: 2, per_host: 3}\n") == [
                "1:36 limits.per_host: per_host 3 has no effect: connections 2 is lower"
            ]
        )
    }

    @Test("Verification off, pings off, pings too seldom, tls for ws")
    func settings() throws {
        #expect(
            try warnings("defaults: {tls: {verify: false}, ping: off}\n") == [
                "1:26 defaults.tls.verify: "
                    + "certificates are not verified: anyone on the way can read and change everything",
                "1:40 defaults.ping: without pings a connection that is half open is never noticed",
            ]
        )
        #expect(
            try warnings("defaults: {ping: {every: 1h}}\n") == [
                "1:18 defaults.ping: a dead peer is noticed only after 3610s (every + timeout)"
            ]
        )
        #expect(
            try warnings("subscriptions: {a: {url: ws://h, tls: {minimum: '1.3'}}}\n") == [
                "1:39 subscriptions.a.tls: tls has no effect on a ws:// URL"
            ]
        )
    }

    @Test(
        "Secrets in plain text",
        arguments: [
            (
                "url: wss://user:plain-5ecret@h",
                "3:16 subscriptions.a.url: the URL's password looks like a secret in plain text"
            ),
            (
                "url: wss://h/x?a=1&api_key=plain-5ecret",
                "3:24 subscriptions.a.url: the query's \"api_key\" looks like a secret in plain text"
            ),
            (
                "url: wss://h\n    headers: {Authorization: Bearer plain-5ecret}",
                "4:30 subscriptions.a.headers.Authorization: the header Authorization looks like a secret in plain text"
            ),
            (
                "url: wss://h\n    headers: {X-Api-Key: plain-5ecret}",
                "4:26 subscriptions.a.headers.X-Api-Key: the header X-Api-Key looks like a secret in plain text"
            ),
        ]
    )
    func plainText(_ setting: String, _ warning: String) throws {
        #expect(try warnings("subscriptions:\n  a:\n    \(setting)\n") == [warning])
    }

    @Test(
        "No secret is suspected where there is none",
        arguments: [
            "url: wss://user@h", "url: wss://stream.example:9443/ws/btcusdt@trade", "url: wss://h/x?page=2&token=",
            "url: wss://user:${env:TOKEN}@h/x?token=${env:TOKEN}", "url: wss://[::1]/a@b",
            "url: wss://h\n    headers: {Authorization: 'Bearer ${env:TOKEN}', User-Agent: hawser}",
        ]
    )
    func noFalseAlarm(_ setting: String) throws {
        #expect(try warnings("subscriptions:\n  a:\n    \(setting)\n").isEmpty)
    }

    @Test("A drain that systemd would cut short")
    func drain() throws {
        #expect(
            try warnings("shutdown: {drain: 30s}\n") == [
                "1:19 shutdown.drain: "
                    + "systemd kills the service after 20s unless the unit's TimeoutStopSec= is raised"
            ]
        )
        #expect(try warnings("shutdown: {drain: 16s}\n").isEmpty)
    }
}
