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

    @Test("Limits on dials without effect, and a start that takes long")
    func dials() throws {
        #expect(
            try warnings(
                "limits: {connections: 10, dials: {concurrent: 11, per_origin: 12, per_host: [5/s, 300/m, 9/2s]}}\n"
            )
                == [
                    "1:47 limits.dials.concurrent: "
                        + "concurrent 11 has no effect: limits.connections 10 is lower, and a dial is a connection",
                    "1:63 limits.dials.per_origin: per_origin 12 has no effect: concurrent 11 is lower",
                    "1:77 limits.dials.per_host: 300/m has no effect: 5/s is stricter",
                ]
        )
        #expect(
            try warnings("limits: {dials: {per_host: [5/s, 3/m]}}\n") == [
                "1:28 limits.dials.per_host: 5/s has no effect: 3/m is stricter"
            ]
        )
        let feeds = (0..<90).map { "  f\($0): {url: wss://h}\n" }.joined()
        #expect(
            try warnings("limits: {dials: {per_host: [5/s, 10/1m]}}\nsubscriptions:\n" + feeds) == [
                "1:28 limits.dials.per_host: 90 subscriptions of h take at least 8m to be dialled: 10/m"
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

    @Test("Requests that nothing makes, credentials over http, limits without effect")
    func requests() throws {
        #expect(
            try warnings("requests: {a: {url: https://h}}\n") == [
                "1:12 requests.a: nothing makes this request: it has neither \"every\" nor \"at_start\""
            ]
        )
        let text = """
            http: {pool: {max_connections: 5}}
            requests: {a: {url: http://api.example/x, every: 1s, headers: {Authorization: "${env:TOKEN}"}}}

            """
        #expect(
            try warnings(text) == [
                "2:21 requests.a.url: credentials go over http://, where anyone on the way can read them"
            ]
        )
        #expect(
            try warnings("http: {pool: {max_connections: 5, max_keepalive: 6}}\n") == [
                "1:50 http.pool.max_keepalive: max_keepalive 6 has no effect: max_connections 5 is lower"
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
