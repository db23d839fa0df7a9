import HawserHTTP
import Testing

@testable import HawserDaemon

/// From the file to the request that is sent.
@Suite("Request configuration")
struct RequestConfigurationTests {
    private let fixture = ConfigurationFixture()

    private func call(_ yaml: String, _ name: String = "a") throws -> Call {
        let configuration = try fixture.configuration(yaml)
        let request = try #require(configuration.requests.first { $0.name == name })
        return try request.call(with: configuration.http.headers, using: fixture.loader.secrets)
    }

    private func field(_ call: Call, _ name: String) -> String? { call.request.headers[name] }

    @Test("Every key is read; what a request does not say is inherited")
    func everyKey() throws {
        let configuration = try fixture.configuration(
            """
            limits: {message_size: 1MiB}
            http:
              timeouts: {connect: 1s, read: 2s, write: 3s, pool: 4s, total: 50s}
              pool: {max_connections: 7, max_per_host: 6, max_keepalive: 5, keepalive_expiry: 4s}
              dns_ttl: 5s
              retry: {attempts: 3, first: 2s, factor: 3, max: 9s, jitter: full, statuses: [503], any_method: true, retry_after: 1m}
              follow_redirects: 0
              proxy: socks5://p:1080
              tls: {ca: /ca.pem, cert: /c.pem, key: /k.pem, minimum: "1.3"}
              headers: {X-A: one}
            requests:
              a: {url: https://h/x, method: PUT, content: hello, every: 5s, at_start: true, timeouts: {total: 9s}, retry: off, follow_redirects: 3}
            """
        )
        let request = try #require(configuration.requests.first)
        #expect(request.method == .put)
        #expect(request.every == .seconds(5))
        #expect(request.atStart)
        #expect(request.settings.timeouts.total == .seconds(9))
        #expect(request.settings.timeouts.connect == .seconds(1))
        #expect(request.settings.retry.attempts == 1)
        #expect(request.settings.redirects == 3)
        #expect(request.sinks == ["stdout"])
        #expect(configuration.http.dnsTTL == .seconds(5))
        try checkClient(of: configuration)
    }

    private func checkClient(of configuration: Configuration) throws {
        let client = try configuration.http.client(using: fixture.loader.secrets, responseLimit: 1 << 20)
        #expect(
            client.timeouts
                == HTTPTimeouts(
                    connect: .seconds(1),
                    read: .seconds(2),
                    write: .seconds(3),
                    pool: .seconds(4),
                    total: .seconds(50)
                )
        )
        #expect(
            client.pool
                == HTTPPoolLimits(maxConnections: 7, maxPerHost: 6, maxKeepalive: 5, keepaliveExpiry: .seconds(4))
        )
        #expect(
            client.retry
                == RetryPolicy(
                    attempts: 3,
                    first: .seconds(2),
                    factor: 3,
                    max: .seconds(9),
                    jitter: .full,
                    statuses: [503],
                    anyMethod: true,
                    longestRetryAfter: .seconds(60)
                )
        )
        #expect(client.redirects == RedirectPolicy.none)
        #expect(client.proxy == .server(try HTTPProxy.Server("socks5://p:1080")))
        #expect(
            client.tls
                == HTTPTLSOptions(
                    certificateAuthority: "/ca.pem",
                    clientCertificate: "/c.pem",
                    clientKey: "/k.pem",
                    minimumVersion: .v1_3
                )
        )
        #expect(client.responseLimit == 1 << 20)
    }

    @Test("References, query, form and fields come together; a request's own field replaces that of all")
    func call() throws {
        let call = try call(
            """
            http: {headers: {X-A: all, X-B: "${file:/etc/token}"}}
            requests:
              a:
                url: https://h/p?x=1
                query: {q: "a b&c", t: "${env:TOKEN}"}
                headers: {x-a: own}
                form: {user: me, token: "${env:TOKEN}"}
                every: 1s
            """
        )
        #expect(call.request.method == .post)
        #expect(call.request.url.absolute == "https://h/p?x=1&q=a+b%26c&t=tok-5ecret")
        #expect(field(call, "X-A") == "own" && field(call, "X-B") == "file-5ecret")
        #expect(call.request.headers.values("x-a").count == 1)
        #expect(call.request.label == "a")
        guard case .form(let pairs) = call.request.content else { throw Missing("a form") }
        #expect(pairs.map(\.0) == ["user", "token"] && pairs.map(\.1) == ["me", "tok-5ecret"])
        #expect(call.redaction.applied(to: "x tok-5ecret file-5ecret y") == "x [redacted] [redacted] y")
    }

    @Test("JSON is checked once more with what its references yield now")
    func json() throws {
        let yaml = "requests: {a: {url: https://h, every: 1s, json: '{\"k\":\"${env:TOKEN}\"}'}}"
        let call = try call(yaml)
        guard case .bytes(let bytes, let type) = call.request.content else { throw Missing("bytes") }
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"k":"tok-5ecret"}"# && type == "application/json")

        var broken = fixture
        broken.environment["TOKEN"] = "a\"b"
        let request = try #require(try fixture.configuration(yaml).requests.first)
        let error = #expect(throws: CallError.self) { try request.call(with: [], using: broken.loader.secrets) }
        #expect(error.map { "\($0)" } == "json: with what the references yield it is not JSON")
        let issue = try #require(broken.issues(yaml).first)
        #expect(issue.problem == "this is not JSON")
        #expect(issue.seen == nil)
    }

    @Test("A file under http.tls that cannot be used keeps the daemon from starting")
    func unusableFile() throws {
        let configuration = try fixture.configuration("http: {tls: {ca: /nowhere/ca.pem}}\n")
        let error = #expect(throws: DaemonPlan.Failures.self) {
            try DaemonPlan(configuration, secrets: fixture.loader.secrets)
        }
        #expect(error?.all.map(\.keyPath) == ["http.tls.ca"])
    }

    private struct Missing: Error {
        init(_ what: String) { self.what = what }
        let what: String
    }
}
