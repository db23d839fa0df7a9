import HawserHTTP
import TestSupport
import Testing

@Suite("HTTP documentation: pool and timeouts", .serialized)
struct PoolExampleTests {
    @Test("the pool's limits and the client's timeouts")
    func limits() {
        #expect(Self.pool().pool.maxPerHost == 40)
        #expect(HTTPPoolLimits().maxConnections == 100 && HTTPPoolLimits().maxPerHost == 20)
        var configuration = HTTPConfiguration()
        configuration.timeouts.connect = .seconds(2)
        configuration.timeouts.read = .seconds(60)
        configuration.timeouts.total = nil
        #expect(configuration.timeouts.pool == .seconds(5) && configuration.timeouts.write == .seconds(10))
    }

    private static func pool() -> HTTPConfiguration {
        var configuration = HTTPConfiguration()
        configuration.pool = HTTPPoolLimits(
            maxConnections: 200,
            maxPerHost: 40,
            maxKeepalive: 40,
            keepaliveExpiry: .seconds(60)
        )
        return configuration
    }

    @Test("the timeouts of a request, and the error of one")
    func timeouts() async throws {
        let server = try ExampleServer()
        let api = server.api
        try await withClient { client in
            var request = try HTTPRequest(.get, "\(api)/v1/report")
            request.timeouts = HTTPTimeouts(read: .seconds(120), total: .seconds(300))
            let report = try await client.execute(request)
            #expect(report.text() == "report")
            request = try HTTPRequest(.get, "\(api)/v1/silence")
            request.timeouts = HTTPTimeouts(read: .milliseconds(100))
            do {
                print(try await client.execute(request).status)
            } catch let error as HTTPError {
                guard case .timedOut(let stage, let after) = error.kind else { throw error }
                print("\(stage.rawValue) timeout after \(after)")
            }
        }
        #expect(server.asked("GET /v1/silence").count == 1)
    }

    @Test("a resolver of one's own")
    func names() async throws {
        let server = try ExampleServer()
        let api = server.api.replacing("127.0.0.1", with: "localhost")
        let resolver = NameResolver(ttl: .seconds(300))
        var configuration = HTTPConfiguration()
        configuration.resolver = resolver
        try await withHTTPClient(configuration) { client in
            print(try await client.get("\(api)/v1/book").status)
        }
        resolver.shutdown()
        #expect(server.asked("GET /v1/book").count == 1)
    }

    struct Latencies: HTTPObserver {
        func requestEnded(
            _ request: HTTPRequest,
            _ outcome: Result<HTTPResponseHead, any Error>,
            _ timings: RequestTimings
        ) {
            let connection = timings.isReused ? "kept" : "new"
            print("\(request.url): \(timings.total), first byte \(timings.firstByte), \(connection) connection")
        }

        func requestRetries(_ request: HTTPRequest, attempt: Int, after delay: Duration, because cause: RetryCause) {
            print("\(request.url): attempt \(attempt) in \(delay): \(cause.rawValue)")
        }
    }

    @Test("an observer")
    func observer() async throws {
        let server = try ExampleServer()
        var configuration = HTTPConfiguration()
        configuration.observer = Latencies()
        try await withHTTPClient(configuration) { client in
            let book = try await client.get("\(server.api)/v1/book")
            #expect(book.status == 200)
        }
    }
}
