import HawserHTTP
import TestSupport
import Testing

/// Each of the five timeouts, and cancellation.
@Suite("HTTP interop: timeouts and cancellation", .serialized)
struct HTTPTimeoutInteropTests {
    private static let short = Duration.milliseconds(300)

    @Test("a server that is silent, or stops in the middle, meets the read timeout", arguments: HTTPWay.allCases)
    func read(way: HTTPWay) async throws {
        try await withHTTPServers(way, { $0.timeouts.read = Self.short }) { servers, client in
            for url in [
                try servers.nginx(way, "/delay/5000"), try servers.nginx(way, "/stall/1000"),
                try servers.rude("/silent"), try servers.rude("/head-half"),
            ] {
                try await expectTimeout(.read, Self.short) { _ = try await client.get(url) }
            }
            // Slow, but never for that long.
            #expect(try await client.get(servers.nginx(way, "/drip/30/20")).bytes.count == 30)
        }
    }

    @Test("a server that takes no content meets the write timeout", arguments: HTTPWay.allCases)
    func write(way: HTTPWay) async throws {
        try await withHTTPServers(way, { $0.timeouts.write = Self.short }) { servers, client in
            let content = HTTPContent.bytes([UInt8](repeating: 1, count: 32 << 20))
            try await expectTimeout(.write, Self.short) {
                _ = try await client.post(servers.nginx(way, "/deaf"), content: content)
            }
            #expect(try await client.get(servers.nginx(way, "/user/1")).status == 200)
        }
    }

    @Test("the whole call has a limit, also through attempts and while content drips", arguments: HTTPWay.allCases)
    func total(way: HTTPWay) async throws {
        try await withHTTPServers(way, { $0.timeouts.total = Self.short }) { servers, client in
            try await expectTimeout(.total, Self.short) {
                _ = try await client.get(servers.nginx(way, "/drip/1000/20"))
            }
            var request = try HTTPRequest(.get, servers.nginx(way, "/flaky/\(token("total"))/1000"))
            request.retry = RetryPolicy(attempts: 100, first: .milliseconds(20), factor: 1, jitter: .none)
            let began = ContinuousClock.now
            do {
                // The last attempt is answered within the time, or is not.
                let answer = try await client.execute(request)
                #expect(answer.status == 503 && answer.timings.attempts > 2)
            } catch let error as HTTPError {
                guard case .timedOut(.total, after: Self.short) = error.kind, error.attempts > 2 else { throw error }
            }
            #expect(ContinuousClock.now - began < Self.short + .seconds(1))
        }
    }

    @Test("a full pool is waited for in order, and no longer than the pool timeout", arguments: HTTPWay.allCases)
    func pool(way: HTTPWay) async throws {
        let pool = HTTPPoolLimits(maxConnections: 1, maxPerHost: 1)
        try await withHTTPServers(way, { $0.pool = pool }) { servers, client in
            let slow = try HTTPRequest(.get, servers.nginx(way, "/delay/1000"))
            async let first = client.execute(slow)
            // Asked for behind it, and given up long before it is answered.
            var hasty = try HTTPRequest(.get, servers.nginx(way, "/user/1"))
            hasty.timeouts = HTTPTimeouts(pool: .milliseconds(100))
            try await eventually("the only place is taken") {
                let kind = await httpFailure { _ = try await client.execute(hasty) }
                guard case .timedOut(.pool, after: .milliseconds(100)) = kind else { return false }
                return true
            }
            #expect(try await first.status == 200)
            #expect(try await client.execute(hasty).status == 200)
        }
    }

    @Test("an address that answers nothing meets the connect timeout")
    func connect() async throws {
        // A listener whose queue is full takes no more connections.
        let full = try FullListener()
        try await withHTTPServers(.h1, { $0.timeouts.connect = Self.short }) { servers, client in
            try await expectTimeout(.connect, Self.short) { _ = try await client.get("http://127.0.0.1:\(full.port)/") }
            #expect(try await client.get(servers.nginx(.h1, "/user/1")).status == 200)
        }
    }

    @Test("cancelling the task ends the transfer at the server, at once", arguments: HTTPWay.allCases)
    func cancellation(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            let word = token("hold")
            let url = try servers.nginx(way, "/hold/\(word)")
            let task = Task { try await client.get(url) }
            try await eventually("the request is there") {
                try await client.get(servers.nginx(way, "/held/\(word)")).json() == "held"
            }
            let began = ContinuousClock.now
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(ContinuousClock.now - began < .milliseconds(500))
            try await eventually("the server sees it go") {
                try await client.get(servers.nginx(way, "/held/\(word)")).json() == "gone"
            }
        }
    }

    private func expectTimeout(
        _ stage: HTTPTimeouts.Stage,
        _ after: Duration,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async throws {
        let began = ContinuousClock.now
        let kind = await httpFailure(body)
        let passed = ContinuousClock.now - began
        guard case .timedOut(stage, after: after) = kind else {
            Issue.record("\(String(describing: kind))", sourceLocation: sourceLocation)
            return
        }
        #expect(passed >= after && passed < after + .seconds(2), "\(passed)", sourceLocation: sourceLocation)
    }
}
