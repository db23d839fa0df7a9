import HawserHTTP
import TestSupport
import Testing

/// Requests as servers written by others see them.
@Suite("HTTP interop: requests", .serialized)
struct HTTPRequestInteropTests {
    private struct Order: Codable, Equatable {
        var symbol: String
        var amounts: [Double]
    }

    private struct Part: Decodable {
        var name: String
        var filename: String?
        var type: String?
        var content: Echo.Content
    }

    @Test("a GET with status, text, JSON, bytes and fields", arguments: HTTPWay.allCases)
    func get(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            let answer = try await client.get(servers.nginx(way, "/user/7"))
            #expect(answer.status == 200 && answer.head.version == way.version)
            #expect(answer.text() == #"{"id": 7}"# && answer.bytes.count == 9)
            #expect(try answer.json() == ["id": 7])
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.headers["server"]?.hasPrefix("nginx") == true)
            let missing = try await client.get(servers.nginx(way, "/status/404"))
            #expect(missing.status == 404 && missing.text() == "as asked")
            let kind = await httpFailure { try missing.checkStatus() }
            guard case .status(404, content: "as asked") = kind else {
                Issue.record("\(String(describing: kind))")
                return
            }
        }
    }

    @Test("every method arrives under its name", arguments: HTTPWay.allCases)
    func methods(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            let url = try servers.nginx(way, "/echo")
            for name in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "PROPFIND"] {
                let method = try #require(HTTPMethod(name))
                let seen: Echo = try await client.execute(HTTPRequest(method, url)).json()
                #expect(seen.method == name)
                #expect(seen.content.length == 0)
            }
            let head = try await client.head(url)
            #expect(head.status == 200 && head.bytes.isEmpty)
            #expect((Int(head.headers["Content-Length"] ?? "") ?? 0) > 0 || way == .h2)
        }
    }

    @Test("query items and fields arrive as they were given", arguments: HTTPWay.allCases)
    func queryAndFields(way: HTTPWay) async throws {
        try await withHTTPServers(way, { $0.headers = ["User-Agent": "interop/1", "X-Common": "all"] }) {
            servers,
            client in
            let query: KeyValuePairs = ["q": "a b&c=d", "empty": "", "ü": "€/?#+%", "q": "again"]
            let answer = try await client.get(
                servers.nginx(way, "/echo?first=1"),
                query: query,
                headers: ["X-Own": "blank inside; and = signs", "x-common": "this one"]
            )
            let seen: Echo = try answer.json()
            #expect(seen.query == [["first", "1"]] + query.map { [$0.key, $0.value] })
            #expect(seen.values("user-agent") == ["interop/1"])
            #expect(seen.values("x-own") == ["blank inside; and = signs"])
            #expect(seen.values("x-common") == ["this one"])
        }
    }

    @Test("JSON, forms, text and bytes arrive with their type and length", arguments: HTTPWay.allCases)
    func contents(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            let order = Order(symbol: "A€", amounts: [1, 2.5])
            let json: Echo = try await client.post(servers.nginx(way, "/echo"), json: order).json()
            #expect(json.values("content-type") == ["application/json"])
            #expect(json.values("content-length") == ["\(json.content.length)"] && json.content.length > 20)

            let pairs: KeyValuePairs = ["name": "Jürgen & Söhne", "empty": "", "line": "a\r\nb", "name": "=+%"]
            let form: [[String]] = try await client.post(servers.nginx(way, "/form"), form: pairs).json()
            #expect(form == pairs.map { [$0.key, $0.value] })

            let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let url = try servers.nginx(way, "/upload")
            struct Upload: Decodable { var length: Int, chunked: Bool }
            let put: Upload = try await client.put(url, content: .bytes(bytes, type: "x/y")).json()
            #expect(put.length == bytes.count && !put.chunked)
        }
    }

    @Test("multipart with fields, bytes and a streamed file, parsed by aiohttp", arguments: HTTPWay.allCases)
    func multipart(way: HTTPWay) async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(pattern(3_000_000), to: "large.bin")
        try await withHTTPServers(way) { servers, client in
            let content = MultipartContent([
                .field("note", "first\r\nsecond €"),
                .bytes("small", [1, 2, 3], fileName: "a \"b\".bin", type: "x/y"),
                .file("large", path: file),
            ])
            let answer = try await client.post(servers.nginx(way, "/multipart"), content: .multipart(content))
            let parts: [Part] = try answer.json()
            try #require(parts.count == 3)
            #expect(parts.map(\.name) == ["note", "small", "large"])
            #expect(parts[0].content.length == "first\r\nsecond €".utf8.count && parts[0].filename == nil)
            #expect(parts[1].type == "x/y" && parts[1].content.length == 3)
            #expect(parts[2].filename == "large.bin" && parts[2].content.length == 3_000_000)
            let whole: Echo = try await client.post(servers.nginx(way, "/echo"), content: .file(path: file)).json()
            #expect(parts[2].content.sha256 == whole.content.sha256)
        }
    }

    @Test("content from an asynchronous sequence arrives whole, however large", arguments: HTTPWay.allCases)
    func streamedUpload(way: HTTPWay) async throws {
        struct Upload: Decodable { var length: Int, sha256: String, chunked: Bool }
        try await withHTTPServers(way) { servers, client in
            let chunks = AsyncStream<[UInt8]> { continuation in
                for size in [1, 0, 70_000, 2_000_000, 17] { continuation.yield(pattern(size)) }
                continuation.finish()
            }
            let url = try servers.nginx(way, "/upload")
            let streamed: Upload = try await client.post(url, content: .stream(ContentStream(chunks))).json()
            #expect(streamed.length == 2_070_018)
            #expect(streamed.chunked || way == .h2)
            let same = pattern(1) + pattern(70_000) + pattern(2_000_000) + pattern(17)
            let whole: Upload = try await client.post(url, content: .bytes(same)).json()
            #expect(streamed.sha256 == whole.sha256)
        }
    }
}
