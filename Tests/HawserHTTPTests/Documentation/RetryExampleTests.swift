import HawserHTTP
import TestSupport
import Testing

@Suite("HTTP documentation: retries and errors", .serialized)
struct RetryExampleTests {
    @Test("a policy for the client, and its defaults as they are documented")
    func policy() {
        var configuration = HTTPConfiguration()
        configuration.retry = RetryPolicy(attempts: 5, first: .milliseconds(500), max: .seconds(10), jitter: .full)
        #expect(configuration.retry.attempts == 5 && configuration.retry.factor == 2)
        let usual = RetryPolicy()
        #expect(usual.attempts == 4 && usual.first == .seconds(1) && usual.jitter == .fraction(0.25))
        #expect(usual.statuses == [408, 425, 429, 500, 502, 503, 504] && usual.longestRetryAfter == .seconds(15 * 60))
        #expect(!usual.anyMethod)
    }

    @Test("a POST that may be repeated")
    func repeating() async throws {
        let server = try ExampleServer()
        let (api, key, order) = (server.api, "k1", Order(symbol: "later", amount: 1))
        try await withClient { client in
            let headers: HTTPFields = ["Idempotency-Key": key]
            var request = try HTTPRequest(.post, "\(api)/v1/orders", headers: headers, content: .json(order))
            request.retry = RetryPolicy(anyMethod: true)
            let response = try await client.execute(request)
            print("answered \(response.status) at attempt \(response.timings.attempts)")
            #expect(response.status == 200 && response.timings.attempts == 2)
        }
        #expect(server.asked("POST /v1/orders").count == 2)
    }

    @Test("a status is not an error until it is checked")
    func status() async throws {
        let server = try ExampleServer()
        let api = server.api
        try await withClient { client in
            let book = try await client.get("\(api)/v1/book").checkStatus().json(as: Book.self)
            #expect(book == Book(symbol: "BTC", price: 7))
            let none = try await client.get("\(api)/v1/none")
            let error = try #require(await failure { try none.checkStatus() })
            #expect("\(error)".hasSuffix("the server answered 404: nothing here") && error.cause == "status")
        }
    }

    @Test("errors by their kind")
    func errors() async throws {
        let server = try ExampleServer()
        try await withClient { client in
            try await Self.show(client, server.api)
            try await Self.show(client, "\(server.api)/v1/none?")
        }
        #expect(server.asked("GET /v1/book").count == 1)
    }

    private static func show(_ client: HTTPClient, _ api: String) async throws {
        do {
            let book = try await client.get("\(api)/v1/book").checkStatus().json(as: Book.self)
            print(book.symbol)
        } catch let error as HTTPError {
            switch error.kind {
            case .status(404, _): print("no such book")
            case .timedOut(let stage, let after): print("\(stage.rawValue) timeout after \(after)")
            case .tls(.expired, _): print("the server's certificate has expired")
            default: print(error)
            }
        }
    }
}
