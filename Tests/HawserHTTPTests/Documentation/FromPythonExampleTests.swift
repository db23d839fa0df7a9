import Foundation
import HawserHTTP
import TestSupport
import Testing

/// What the examples decode.
struct Book: Codable, Equatable {
    var symbol: String
    var price: Int
}

/// What the examples send.
struct Order: Codable, Equatable {
    var symbol: String
    var amount: Int
}

@Suite("HTTP documentation: the first example, and those for people who come from Python", .serialized)
struct FromPythonExampleTests {
    @Test("the first example, and the first for people who come from Python")
    func first() async throws {
        let server = try ExampleServer()
        let api = server.api
        try await withHTTPClient { client in
            let book = try await client.get("\(api)/v1/book", query: ["symbol": "BTC"])
            print(book.status, try book.json(as: Book.self))
        }
        let configuration = HTTPConfiguration()
        try await withHTTPClient(configuration) { client in
            let response = try await client.get("\(api)/v1/book", query: ["symbol": "BTC"])
            print(response.status, response.headers["Content-Type"] ?? "no type", response.text().count)
        }
        #expect(server.asked("GET /v1/book?symbol=BTC").count == 2)
    }

    @Test("the example of the README")
    func readme() async throws {
        let server = try ExampleServer()
        let api = server.api
        try await withHTTPClient { client in
            let answer = try await client.get("\(api)/v1/book", query: ["symbol": "BTC"])
            print(try answer.checkStatus().text())

            let requests = try (0..<1_000).map { try HTTPRequest(.get, "\(api)/user/\($0)") }
            let results = await client.gather(requests, limit: 20)
            print(results.count { (try? $0.get())?.status == 200 })
        }
        #expect(server.lines.count == 1_001)
    }

    @Test("sending JSON, a form and text, and a request with what is its own")
    func sending() async throws {
        let server = try ExampleServer()
        let (api, order, password) = (server.api, Order(symbol: "BTC", amount: 2), "pass word")
        try await withClient { client in
            let placed = try await client.post("\(api)/v1/orders", json: order).checkStatus()
            print(try placed.json(as: Order.self))
            try await client.post("\(api)/login", form: ["user": "ada", "password": password]).checkStatus()
            try await client.put("\(api)/v1/notes/1", content: .text("to be done")).checkStatus()
            #expect(try placed.json() == order)

            var request = try HTTPRequest(.get, "\(api)/v1/account", headers: ["Accept": "application/json"])
            request.authorization = .digest(user: "ada", password: password)
            request.redirects = RedirectPolicy.none
            let account = try await client.execute(request)
            #expect(account.status == 302)
        }
        #expect(server.asked("POST /login").map(\.text) == ["user=ada&password=pass+word"])
        #expect(server.asked("PUT /v1/notes/1").map(\.text) == ["to be done"])
        let proof = try #require(server.asked("GET /v1/account").last?.authorization)
        #expect(proof.contains(#"username="ada""#) && !proof.contains(password))
    }

    @Test("what holds for all requests of a client")
    func configuration() throws {
        let token = "t0"
        var configuration = HTTPConfiguration()
        configuration.headers = ["User-Agent": "prices/1.0", "Accept": "application/json"]
        configuration.authorization = .bearer(token)
        configuration.cookies = false
        configuration.tls.certificateAuthority = "/etc/prices/authority.pem"
        configuration.proxy = .server(try HTTPProxy.Server("socks5://proxy.example:1080"))
        #expect("\(configuration.proxy)".contains("socks5h://proxy.example:1080"))
        #expect(configuration.tls.verify && configuration.headers["user-agent"] == "prices/1.0")
        configuration.proxy = .environment(ProxyEnvironment(ProcessInfo.processInfo.environment))
        #expect(configuration.proxy != .direct)
    }

    @Test("many requests, in their order and as they come")
    func many() async throws {
        let server = try ExampleServer()
        let (api, symbols) = (server.api, ["BTC", "ETH"])
        try await withClient { client in
            let requests = try symbols.map { try HTTPRequest(.get, "\(api)/v1/book", query: ["symbol": $0]) }
            for (symbol, result) in zip(symbols, await client.gather(requests, limit: 40)) {
                switch result {
                case .success(let response): print(symbol, response.status)
                case .failure(let error): print(symbol, error)
                }
            }
            try await client.forEachResult(of: requests, limit: 40) { index, result in
                print(symbols[index], try result.get().status)
            }
        }
        #expect(server.asked("GET /v1/book?symbol=BTC").count == 2)
        #expect(server.asked("GET /v1/book?symbol=ETH").count == 2)
    }

    @Test("code that blocks")
    func blocking() async throws {
        let path = try TemporaryDirectory().file("none")
        await #expect(throws: NoFile.self) {
            let hash = try await Blocking.run { try hashOfLargeFile(path) }
            print(hash)
        }
        let folder = try TemporaryDirectory()
        let file = try folder.write("abc", to: "file")
        #expect(try await Blocking.run { try hashOfLargeFile(file) } == 294)
    }
}

private struct NoFile: Error {}

/// The sum of the bytes.
private func hashOfLargeFile(_ path: String) throws -> Int {
    let bytes = OpenFileCheck.bytes(path)
    guard !bytes.isEmpty else { throw NoFile() }
    return bytes.reduce(0) { $0 + Int($1) }
}
