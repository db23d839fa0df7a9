import HawserHTTP
import NameResolution
import TestSupport
import Testing

@Suite("HTTP client: requests and answers", .serialized)
struct ClientTests {
    private struct Book: Codable, Equatable {
        var id: Int
        var names: [String]
    }

    @Test("every method, with fields, query and content as they were given")
    func methods() async throws {
        let server = try plainServer { request, connection in
            let fields = request.head.fields.map { "\($0.name): \($0.value)" }.joined(separator: "|")
            let body = "\(request.head.method) \(request.head.target) [\(request.text)] \(fields)"
            try connection.answer(200, [("X-Seen", "yes")], request.head.method == "HEAD" ? "" : body)
        }
        try await withClient({ $0.headers = ["User-Agent": "test/1", "X-Common": "c"] }) { client in
            let get = try await client.get(server.http("/a?x=1"), query: ["q": "a b"], headers: ["X-Own": "o"])
            #expect(get.status == 200 && get.headers["x-seen"] == "yes" && get.url.path == "/a")
            #expect(get.text().hasPrefix("GET /a?x=1&q=a+b [] "))
            for field in ["User-Agent: test/1", "X-Common: c", "X-Own: o", "Host: 127.0.0.1:\(server.port)"] {
                #expect(get.text().contains(field), "\(field) in \(get.text())")
            }
            #expect(!get.text().contains("Expect") && !get.text().contains("Content-Type"))
            let replaced = try await client.get(server.http(), headers: ["x-common": "other", "X-Empty": ""])
            #expect(replaced.text().contains("x-common: other") && !replaced.text().contains("X-Common: c"))
            #expect(replaced.text().contains("X-Empty: "))

            let post = try await client.post(server.http("/p"), json: Book(id: 1, names: ["a"]))
            #expect(post.text().contains("application/json") && post.text().contains("\"id\":1"))
            let form = try await client.post(server.http("/f"), form: ["a": "1 2", "b": "&"])
            #expect(form.text().hasPrefix("POST /f [a=1+2&b=%26] "))
            #expect(form.text().contains("Content-Type: application/x-www-form-urlencoded"))
            let empty = try await client.post(server.http("/e"))
            #expect(empty.text().hasPrefix("POST /e [] ") && empty.text().contains("Content-Length: 0"))
            let put = try await client.put(server.http("/u"), content: .bytes([65, 66], type: "x/y"))
            #expect(put.text().hasPrefix("PUT /u [AB] ") && put.text().contains("Content-Type: x/y"))
            let patch = try await client.patch(server.http("/u"), content: .text("ü"))
            #expect(patch.text().hasPrefix("PATCH /u [ü] "))
            #expect(try await client.delete(server.http("/d")).text().hasPrefix("DELETE /d [] "))
            #expect(try await client.options(server.http("/o")).text().hasPrefix("OPTIONS /o [] "))
            let head = try await client.head(server.http("/h"))
            #expect(head.status == 200 && head.bytes.isEmpty)
            let own = try HTTPRequest(try #require(HTTPMethod("PURGE")), server.http("/x"))
            #expect(try await client.execute(own).text().hasPrefix("PURGE /x "))
        }
        // POST and PURGE without content: on a kept connection that is dead libcurl would send them a second time.
        #expect(server.counts.total == 3, "one connection serves all but those that must not be sent twice")
    }

    @Test("JSON, text and status: what is right, and words for what is wrong")
    func content() async throws {
        let server = try plainServer { request, connection in
            switch request.head.target {
            case "/book": try connection.answer(200, [], #"{"id":7,"names":["a","b"]}"#)
            case "/latin":
                try connection.answer(
                    200,
                    [("Content-Type", "text/plain; charset=ISO-8859-1")],
                    [0xFC, 0x62, 0x65, 0x72]
                )
            default: try connection.answer(404, [], "no such book")
            }
        }
        try await withClient { client in
            let book = try await client.get(server.http("/book"))
            #expect(try book.json() == Book(id: 7, names: ["a", "b"]))
            #expect(try await client.get(server.http("/latin")).text() == "über")
            let wrong = await failure { let _: [Int] = try book.json() }
            #expect("\(try #require(wrong))".contains("not the JSON"))
            let missing = try await client.get(server.http("/none"))
            #expect(missing.status == 404)
            let status = try #require(await failure { try missing.checkStatus() })
            #expect("\(status)" == "GET http://127.0.0.1:\(server.port)/none: the server answered 404: no such book")
        }
    }

    @Test("what cannot be sent is refused before anything is sent")
    func refusals() async throws {
        try await withClient { client in
            for (headers, words) in [
                (["a b": "x"], "token"), (["A": "x\r\nEvil: 1"], "control character"), (["A": "x\0"], "control"),
            ] as [(HTTPFields, String)] {
                let error = await failure { _ = try await client.get("http://127.0.0.1:1/", headers: headers) }
                #expect("\(try #require(error))".contains(words))
            }
            let url = try #require(await failure { _ = try await client.get("nonsense") })
            guard case .invalidURL = url.kind else {
                Issue.record("\(url)")
                return
            }
        }
        #expect(throws: HTTPError.self) {
            var configuration = HTTPConfiguration()
            configuration.headers = ["X": "\n"]
            _ = try HTTPClient(configuration)
        }
    }

    @Test("content from a stream, a file and parts arrives whole, with its length if that is known")
    func uploads() async throws {
        let folder = try TemporaryDirectory()
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let path = try folder.write(bytes, to: "upload.bin")
        let seen = Collected<ServedContent>()
        let server = try plainServer { request, connection in
            seen.append(ServedContent(bytes: request.content, length: request.head["Content-Length"]))
            try connection.answer(204, [], "")
        }
        try await withClient { client in
            try await client.post(server.http(), content: .file(path: path, type: "a/b")).checkStatus()
            let chunks = AsyncStream<[UInt8]> { continuation in
                for start in stride(from: 0, to: bytes.count, by: 70_001) {
                    continuation.yield(Array(bytes[start..<min(start + 70_001, bytes.count)]))
                }
                continuation.finish()
            }
            try await client.post(server.http(), content: .stream(ContentStream(chunks))).checkStatus()
            let parts = MultipartContent([.field("name", "value"), .file("data", path: path)])
            try await client.post(server.http(), content: .multipart(parts)).checkStatus()
            let missing = HTTPContent.file(path: folder.file("none"))
            let error = try #require(await failure { _ = try await client.post(server.http(), content: missing) })
            #expect("\(error)".contains("No such file"))
        }
        let served = seen.values
        #expect(served.count == 3)
        #expect(served[0].bytes == bytes && served[0].length == "1000000")
        #expect(served[1].bytes == bytes && served[1].length == nil)
        #expect(served[2].length == "\(served[2].bytes.count)" && served[2].bytes.count > bytes.count)
    }

    private struct ServedContent: Sendable {
        let bytes: [UInt8]
        let length: String?
    }

    @Test("credentials: basic, bearer, userinfo; none of them is shown, and none follows to another origin")
    func credentials() async throws {
        let other = try plainServer { request, connection in
            try connection.answer(200, [], request.head["Authorization"] ?? "none")
        }
        let server = try plainServer { request, connection in
            if request.head.target == "/away" {
                try connection.answer(302, [("Location", other.http("/here"))], "")
            } else {
                try connection.answer(200, [], request.head["Authorization"] ?? "none")
            }
        }
        try await withClient { client in
            var request = try HTTPRequest(.get, server.http())
            request.authorization = .basic(user: "user", password: "pä ss")
            #expect(try await client.execute(request).text() == "Basic dXNlcjpww6Qgc3M=")
            request.authorization = .bearer("token")
            #expect(try await client.execute(request).text() == "Bearer token")
            #expect(!"\(request.authorization.debugDescription)".contains("token"))
            let named = "http://user:secret@127.0.0.1:\(server.port)/"
            let answer = try await client.get(named)
            #expect(answer.text() == "Basic dXNlcjpzZWNyZXQ=")
            #expect(!"\(answer.url)".contains("secret"))
            request.url = try HTTPURL(server.http("/away"))
            let away = try await client.execute(request)
            #expect(away.text() == "none" && away.head.redirects == 1 && away.url.port == other.port)
        }
    }

    @Test("redirects keep or drop content, end at the limit, and are handed over when not followed")
    func redirects() async throws {
        let server = try plainServer { request, connection in
            switch request.head.target {
            case "/303": try connection.answer(303, [("Location", "/end")], "")
            case "/307": try connection.answer(307, [("Location", "end")], "")
            case "/loop": try connection.answer(302, [("Location", "/pool")], "")
            case "/pool": try connection.answer(302, [("Location", "/loop")], "")
            case "/end": try connection.answer(200, [], "\(request.head.method) \(request.text)")
            default:
                let number = Int(request.head.target.dropFirst()) ?? 0
                try connection.answer(302, [("Location", "/\(number + 1)")], "")
            }
        }
        try await withClient { client in
            #expect(try await client.post(server.http("/303"), content: .text("x")).text() == "GET ")
            #expect(try await client.post(server.http("/307"), content: .text("x")).text() == "POST x")
            var request = try HTTPRequest(.get, server.http("/1"))
            request.redirects = .follow(limit: 5)
            let many = try #require(await failure { _ = try await client.execute(request) })
            #expect("\(many)".contains("more than 5 redirects"))
            let loop = try #require(await failure { _ = try await client.get(server.http("/loop")) })
            #expect("\(loop)".contains("circle"))
            request.redirects = RedirectPolicy.none
            #expect(try await client.execute(request).status == 302)
            let once = HTTPContent.stream(
                ContentStream(
                    AsyncStream<[UInt8]> {
                        $0.yield([1]); $0.finish()
                    }
                )
            )
            let error = try #require(await failure { _ = try await client.post(server.http("/307"), content: once) })
            #expect("\(error)".contains("only once"))
        }
    }

    @Test("cookies are kept and sent back to their host, unless switched off", arguments: [true, false])
    func cookies(isOn: Bool) async throws {
        let server = try plainServer { request, connection in
            try connection.answer(200, [("Set-Cookie", "session=abc; Path=/")], request.head["Cookie"] ?? "none")
        }
        try await withClient({ $0.cookies = isOn }) { client in
            let first = try await client.get(server.http())
            #expect(first.text() == "none")
            let second = try await client.get(server.http())
            #expect(second.text() == (isOn ? "session=abc" : "none"))
        }
    }
}
