import HawserHTTP
import TestSupport
import Testing

/// What a client tells of its work, and what is left of it.
@Suite("HTTP interop: timings, and nothing left behind", .serialized)
struct HTTPObserverInteropTests {
    private struct Heard: HTTPObserver {
        let ends = Collected<(url: HTTPURL, status: Int?, timings: RequestTimings)>()
        let retries = Collected<(attempt: Int, cause: RetryCause)>()

        func requestEnded(
            _ request: HTTPRequest,
            _ outcome: Result<HTTPResponseHead, any Error>,
            _ timings: RequestTimings
        ) {
            ends.append((request.url, try? outcome.get().status, timings))
        }

        func requestRetries(_ request: HTTPRequest, attempt: Int, after delay: Duration, because cause: RetryCause) {
            retries.append((attempt, cause))
        }
    }

    @Test(
        "an observer hears of every request: its timings, new or kept connection, attempts",
        arguments: HTTPWay.allCases
    )
    func observer(way: HTTPWay) async throws {
        let heard = Heard()
        try await withHTTPServers(
            way,
            {
                $0.observer = heard
                $0.retry = RetryPolicy(attempts: 3, first: .milliseconds(1), jitter: .none)
            },
            { servers, client in
                let delayed = try await client.get(servers.nginx(way, "/delay/100"))
                let first = try #require(heard.ends.values.first)
                #expect(first.status == 200 && first.timings == delayed.timings)
                let timings = first.timings
                #expect(!timings.isReused && timings.attempts == 1 && timings.connect > .zero)
                #expect((timings.tls > .zero) == (way != .h1))
                #expect(timings.firstByte >= .milliseconds(99) && timings.total >= timings.firstByte)
                #expect(timings.receivedBytes == delayed.bytes.count && timings.address.contains("127.0.0.1"))

                _ = try await client.get(servers.nginx(way, "/user/1"))
                let second = try #require(heard.ends.values.last).timings
                #expect(second.isReused && second.connect == .zero && second.tls == .zero)

                _ = try await client.get(servers.nginx(way, "/flaky/\(token("heard"))/2"))
                #expect(heard.retries.values.map(\.attempt) == [2, 3])
                #expect(heard.retries.values.allSatisfy { $0.cause == .status })
                #expect(heard.ends.values.last?.timings.attempts == 3)
                let lost = await httpFailure { _ = try await client.get(servers.rude("/no-status-line")) }
                #expect(lost != nil && heard.ends.count == 4 && heard.ends.values.last?.status == nil)
            }
        )
    }

    @Test("a pool that is full shows in the time spent in its queue")
    func queue() async throws {
        try await withHTTPServers(.h1, { $0.pool = HTTPPoolLimits(maxConnections: 1) }) { servers, client in
            let requests = try (0..<3).map { _ in try HTTPRequest(.get, servers.nginx(.h1, "/delay/100")) }
            let queued = try await client.gather(requests, limit: 3).map { try $0.get().timings.queue }.sorted()
            #expect(queued[0] < .milliseconds(100))
            #expect(queued[1] >= .milliseconds(99) && queued[2] >= .milliseconds(198), "\(queued)")
        }
    }

    @Test("cancelling what gathers cancels what is under way, and the rest is not sent", arguments: HTTPWay.allCases)
    func cancelledGather(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            let words = (0..<30).map { _ in token("gather") }
            let requests = try words.map { try HTTPRequest(.get, servers.nginx(way, "/hold/\($0)")) }
            func states() async throws -> [String] {
                var states: [String] = []
                for word in words { states.append(try await client.get(servers.app("/held/\(word)")).json()) }
                return states
            }
            let task = Task { await client.gather(requests, limit: 10) }
            try await eventually("ten are there") { try await states().count { $0 == "held" } == 10 }
            task.cancel()
            let results = await task.value
            #expect(results.count == 30)
            for result in results { #expect(throws: CancellationError.self) { try result.get() } }
            try await eventually("the server sees them go") { try await states().count { $0 == "gone" } == 10 }
            let end = try await states()
            #expect(end.count { $0 == "never" } == 20, "\(end)")
        }
    }

    @Test("a client that ends in the middle of everything leaves no descriptor and no thread")
    func nothingLeft() async throws {
        await #expect(processExitsWith: .success) {
            let servers = try await HTTPInteropServers.shared()
            for way in HTTPWay.allCases {
                // What is made only once, by libraries and by the pool for blocking work.
                try await leaveInTheMiddle(way, servers)
            }
            let census = await ProcessCensus.baseline()
            for way in HTTPWay.allCases { try await leaveInTheMiddle(way, servers) }
            let left = await census.leftOver()
            #expect(left.isEmpty, "\(left)")
        }
    }
}

private struct Enough: Error {}

/// Ends a client by an error while requests wait, download and upload.
private func leaveInTheMiddle(_ way: HTTPWay, _ servers: HTTPInteropServers) async throws {
    let (hold, bytes) = (try servers.nginx(way, "/hold/\(token("middle"))"), try servers.nginx(way, "/bytes/100000000"))
    let deaf = try HTTPRequest(
        .post,
        servers.nginx(way, "/deaf"),
        content: .bytes([UInt8](repeating: 1, count: 8 << 20))
    )
    await #expect(throws: Enough.self) {
        try await withHTTPClient(servers.configuration(way)) { client in
            let waiting = Task { try await client.get(hold) }
            let sending = Task { try await client.execute(deaf) }
            let reading = Task {
                try await client.withStream(HTTPRequest(.get, bytes)) { response in
                    var chunks = response.body.makeAsyncIterator()
                    _ = try await chunks.next()
                    try await Task.sleep(for: .seconds(60))
                }
            }
            _ = try await client.get(servers.nginx(way, "/delay/50"))
            reading.cancel()
            _ = (waiting, sending)
            throw Enough()
        }
    }
}
