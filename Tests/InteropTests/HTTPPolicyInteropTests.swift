import HawserHTTP
import TestSupport
import Testing

/// Redirects, cookies, credentials, proxies, codings and attempts, with servers written by others.
@Suite("HTTP interop: policies", .serialized)
struct HTTPPolicyInteropTests {
    @Test("redirects are followed up to their limit, and handed over when that is wanted", arguments: HTTPWay.allCases)
    func redirects(way: HTTPWay) async throws {
        try await withHTTPServers(way, { $0.redirects = .follow(limit: 5) }) { servers, client in
            let answer = try await client.get(servers.nginx(way, "/redirect/5"))
            #expect(answer.status == 200 && answer.head.redirects == 5 && answer.url.path == "/redirect/0")
            let kind = await httpFailure { _ = try await client.get(servers.nginx(way, "/redirect/6")) }
            guard case .redirect(.tooMany(limit: 5)) = kind else {
                Issue.record("\(String(describing: kind))")
                return
            }
            var request = try HTTPRequest(.get, servers.nginx(way, "/redirect/1"))
            request.redirects = RedirectPolicy.none
            #expect(try await client.execute(request).status == 302)
        }
    }

    @Test("303 makes a GET of a POST, 307 repeats it with its content", arguments: HTTPWay.allCases)
    func redirectedContent(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            for (status, method, length) in [(303, "GET", 0), (302, "GET", 0), (307, "POST", 3), (308, "POST", 3)] {
                let url = try servers.nginx(way, "/redirect-to?status=\(status)&url=/echo")
                let seen: Echo = try await client.post(url, content: .bytes([1, 2, 3])).json()
                #expect(seen.method == method && seen.content.length == length, "\(status)")
            }
        }
    }

    @Test("credentials stay with their origin, and https never leads to http")
    func redirectedCredentials() async throws {
        try await withHTTPServers { servers, client in
            let target = try HTTPURL(servers.app("/echo"))
            var request = try HTTPRequest(
                .get,
                servers.nginx(.h1, "/redirect-to?status=302"),
                query: ["url": target.absolute],
                headers: ["X-Api-Key": "secret", "X-Other": "goes along"]
            )
            request.authorization = .bearer("secret")
            let seen: Echo = try await client.execute(request).json()
            #expect(seen.values("authorization").isEmpty && seen.values("x-api-key").isEmpty)
            #expect(seen.values("x-other") == ["goes along"])
            let down = try HTTPRequest(
                .get,
                servers.nginx(.h2, "/redirect-to?status=302"),
                query: ["url": target.absolute]
            )
            let kind = await httpFailure { _ = try await client.execute(down) }
            guard case .redirect(.downgrade) = kind else {
                Issue.record("\(String(describing: kind))")
                return
            }
        }
    }

    @Test("cookies that a server sets come back to it, unless they are off", arguments: HTTPWay.allCases)
    func cookies(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            _ = try await client.get(servers.nginx(way, "/cookies/set?a=1&b=two"))
            #expect(try await client.get(servers.nginx(way, "/cookies")).json() == ["a": "1", "b": "two"])
        }
        try await withHTTPServers(way, { $0.cookies = false }) { servers, client in
            _ = try await client.get(servers.nginx(way, "/cookies/set?a=1"))
            #expect(try await client.get(servers.nginx(way, "/cookies")).json() == [String: String]())
        }
    }

    @Test("basic, bearer and digest as the server wants them", arguments: HTTPWay.allCases)
    func authorization(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            func status(_ route: String, _ authorization: HTTPAuthorization?) async throws -> Int {
                var request = try HTTPRequest(.get, servers.nginx(way, route))
                request.authorization = authorization
                return try await client.execute(request).status
            }
            #expect(try await status("/basic", nil) == 401)
            #expect(try await status("/basic", .basic(user: "anna", password: "wrong")) == 401)
            #expect(try await status("/basic", .basic(user: "anna", password: "secr:et é")) == 200)
            #expect(try await status("/digest", .digest(user: "anna", password: "wrong")) == 401)
            #expect(try await status("/digest?x=1", .digest(user: "anna", password: "opensesame")) == 200)
            var request = try HTTPRequest(.get, servers.nginx(way, "/echo"))
            request.authorization = .bearer("t0ken")
            let seen: Echo = try await client.execute(request).json()
            #expect(seen.values("authorization") == ["Bearer t0ken"])
        }
    }

    @Test("gzip, deflate, br and zstd are asked for and undone", arguments: HTTPWay.allCases)
    func codings(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            let plain = try await client.get(servers.nginx(way, "/encoded/identity")).bytes
            #expect(plain.count > 100_000)
            for coding in ["gzip", "br", "zstd"] {
                let answer = try await client.get(servers.nginx(way, "/encoded/\(coding)"))
                let isSame = answer.bytes == plain
                #expect(answer.status == 200 && isSame, "\(coding): \(answer.bytes.count) bytes")
            }
        }
        try await withHTTPServers(way, { $0.decompresses = false }) { servers, client in
            let refused = try await client.get(servers.nginx(way, "/encoded/gzip"))
            #expect(refused.status == 406)
        }
    }

    @Test("HTTP and SOCKS5 proxies, with and without password", arguments: HTTPWay.allCases)
    func proxies(way: HTTPWay) async throws {
        let servers = try await HTTPInteropServers.shared()
        let open = [try servers.proxy(.http), try servers.proxy(.socks5)]
        let named = [
            try servers.proxy(.httpWithPassword, userinfo: "carl:pa%3Ass@"),
            try servers.proxy(.socks5WithPassword, userinfo: "carl:pa%3Ass@"),
        ]
        for proxy in open + named {
            try await withHTTPServers(way, { $0.proxy = proxy }) { servers, client in
                for id in 1...3 {
                    let answer = try await client.get(servers.nginx(way, "/user/\(id)"))
                    #expect(try answer.json() == ["id": id], "\(proxy)")
                    #expect(answer.head.version == way.version)
                }
            }
        }
        let refused = [
            try servers.proxy(.httpWithPassword, userinfo: "carl:wrong@"), try servers.proxy(.socks5WithPassword),
        ]
        for proxy in refused {
            try await withHTTPServers(way, { $0.proxy = proxy }) { servers, client in
                let url = try servers.nginx(way, "/user/1")
                do {
                    // In clear an HTTP proxy refuses by an answer of its own.
                    let answer = try await client.get(url)
                    #expect(answer.status == 407 && way == .h1, "\(proxy) let it through")
                } catch let error as HTTPError {
                    guard case .proxy = error.kind else {
                        Issue.record("\(proxy): \(error)")
                        return
                    }
                }
            }
        }
    }

    @Test("failures are tried again on the curve, and Retry-After is obeyed", arguments: HTTPWay.allCases)
    func retries(way: HTTPWay) async throws {
        let policy = RetryPolicy(attempts: 4, first: .milliseconds(100), factor: 2, jitter: .none)
        try await withHTTPServers(way, { $0.retry = policy }) { servers, client in
            let answer = try await client.get(servers.nginx(way, "/flaky/\(token("curve"))/3"))
            let moments: [Int] = try answer.json()
            try #require(moments.count == 4)
            let delays = zip(moments.dropFirst(), moments).map { $0 - $1 }
            for (delay, least) in zip(delays, [100, 200, 400]) { #expect(delay >= least - 2, "\(delays)") }
            #expect(answer.timings.attempts == 4)

            let told: [Int] = try await client.get(servers.nginx(way, "/flaky/\(token("after"))/1?after=1")).json()
            try #require(told.count == 2)
            #expect(told[1] >= 998)

            let post = try await client.post(servers.nginx(way, "/flaky/\(token("post"))/1"))
            #expect(post.status == 503 && post.timings.attempts == 1)
            let last = try await client.get(servers.nginx(way, "/flaky/\(token("last"))/9"))
            #expect(last.status == 503 && last.timings.attempts == 4)
        }
    }
}
