import Foundation
import Glibc
import HawserServers
import TestSupport
import Testing
import Transport

/// Every path of the mock server, over real sockets.
@Suite struct MockServerTests {
    @Test("/user/{id} answers its id as JSON, many times on one connection")
    func user() async throws {
        try await withMockServer { port, _ in
            let client = try RawHTTPClient(port: port)
            for id in [0, 7, 999_999_999_999_999_999] {
                let response = try client.exchange("GET", "/user/\(id)")
                #expect(response.status == 200)
                #expect(response.text == "{\"id\": \(id)}")
                #expect(response.head["Content-Type"] == "application/json")
                #expect(response.head["Connection"] == nil)
            }
        }
    }

    @Test("/status/{code} answers that status; 204 and 304 have neither content nor length, 205 has none")
    func status() async throws {
        try await withMockServer { port, _ in
            let client = try RawHTTPClient(port: port)
            for code in [200, 201, 204, 205, 299, 301, 304, 401, 404, 418, 429, 500, 503, 599] {
                for method in ["GET", "POST", "HEAD"] {
                    let response = try client.exchange(method, "/status/\(code)")
                    #expect(response.status == code)
                    #expect((response.head["Content-Length"] == nil) == (code == 204 || code == 304))
                    #expect(code != 205 || response.head["Content-Length"] == "0")
                }
            }
        }
    }

    @Test("/delay/{ms} answers no sooner, holds nobody else up, and what was pipelined behind it comes after it")
    func delay() async throws {
        try await withMockServer { port, _ in
            let (slow, quick) = (try RawHTTPClient(port: port), try RawHTTPClient(port: port))
            let start = ContinuousClock.now
            try slow.send("GET", "/delay/300")
            try slow.send("GET", "/user/1")
            #expect(try quick.exchange("GET", "/user/2").text == "{\"id\": 2}")
            #expect(try quick.exchange("GET", "/delay/0").status == 200)
            #expect(slow.stream.buffered.isEmpty)
            #expect(try slow.receive().text == "{\"delay_ms\":300}")
            #expect(ContinuousClock.now - start >= .milliseconds(300))
            #expect(try slow.receive().text == "{\"id\": 1}")
        }
    }

    @Test("/bytes/{n} has its length and byte i modulo 251 at i; HEAD tells the length only")
    func bytes() async throws {
        try await withMockServer { port, _ in
            let client = try RawHTTPClient(port: port)
            for count in [0, 1, 251, 65_535, 65_536, 65_537, 1_000_003] {
                let response = try client.exchange("GET", "/bytes/\(count)")
                #expect(response.head["Content-Length"] == "\(count)")
                let isRight = response.content.enumerated().allSatisfy { $1 == UInt8($0 % 251) }
                #expect(response.content.count == count && isRight)
            }
            let head = try client.exchange("HEAD", "/bytes/\(64 << 30)")
            #expect(head.head["Content-Length"] == "\(64 << 30)")
            #expect(try client.exchange("GET", "/user/1").status == 200)
        }
    }

    @Test("/stream/{n} sends a chunk a line, as they come with every=; HTTP/1.0 gets them up to the end")
    func stream() async throws {
        try await withMockServer { port, _ in
            let client = try RawHTTPClient(port: port)
            let many = try client.exchange("GET", "/stream/20000")
            #expect(many.chunks.count == 20_000)
            let lines = many.text.split(separator: "\n")
            #expect(lines.first == "{\"n\":1}" && lines.last == "{\"n\":20000}" && lines.count == 20_000)
            #expect(try client.exchange("GET", "/stream/0").content == [])
            #expect(try client.exchange("HEAD", "/stream/5").head["Transfer-Encoding"] == "chunked")

            let start = ContinuousClock.now
            try client.send("GET", "/stream/3?every=100")
            #expect(try client.stream.readHead().status == 200)
            #expect(try client.read(13) == Array("8\r\n{\"n\":1}\n\r\n".utf8))
            #expect(client.stream.buffered.isEmpty)
            _ = try client.read(31)
            #expect(ContinuousClock.now - start >= .milliseconds(200))
            #expect(try client.exchange("GET", "/user/1").status == 200)

            let old = try RawHTTPClient(port: port)
            try old.send(raw: "GET /stream/2 HTTP/1.0\r\n\r\n")
            let response = try old.receive()
            #expect(response.head["Transfer-Encoding"] == nil && response.head["Connection"] == "close")
            #expect(response.text == "{\"n\":1}\n{\"n\":2}\n")
        }
    }

    @Test("/redirect/{n} counts down with the status and target that are asked for")
    func redirect() async throws {
        try await withMockServer { port, _ in
            let client = try RawHTTPClient(port: port)
            var target = "/redirect/3?status=307&to=http%3A%2F%2Fother.example%2Fx"
            var passed: [String] = []
            while target.hasPrefix("/") {
                let response = try client.exchange("POST", target, content: [1])
                #expect(response.status == 307)
                target = try #require(response.head["Location"])
                passed.append(target)
            }
            #expect(passed.map { $0.prefix(11) } == ["/redirect/2", "/redirect/1", "http://othe"])
            #expect(try client.exchange("GET", "/redirect/1").head["Location"] == "/redirect/0")
            #expect(try client.exchange("GET", "/redirect/0").status == 200)
            let split = try client.exchange("GET", "/redirect/1?to=/a%0D%0AX:%20y")
            #expect(split.status == 400 && split.head["Location"] == nil)
        }
    }

    @Test("/flaky/{n} fails n times and then succeeds, for each n and key")
    func flaky() async throws {
        try await withMockServer { port, _ in
            let client = try RawHTTPClient(port: port)
            func statuses(_ target: String, _ count: Int) throws -> [Int] {
                try (0..<count).map { _ in try client.exchange("GET", target).status }
            }
            #expect(try statuses("/flaky/2", 4) == [503, 503, 200, 200])
            #expect(try statuses("/flaky/1", 2) == [503, 200])
            #expect(try statuses("/flaky/2?key=a", 3) == [503, 503, 200])
            #expect(try statuses("/flaky/2?x=1&key=a", 1) == [200])
            #expect(try statuses("/flaky/0?key=b", 1) == [200])
            for key in 0..<10_000 { try client.send("GET", "/flaky/1?key=\(key)") }
            for _ in 0..<10_000 { #expect(try client.receive().status == 503) }
            #expect(try statuses("/flaky/2?key=a", 1) == [503], "the oldest are forgotten")
        }
    }

    @Test("/retry-after/{s} refuses first and then says whether the client came too early")
    func retryAfter() async throws {
        try await withMockServer { port, _ in
            let client = try RawHTTPClient(port: port)
            let refused = try client.exchange("GET", "/retry-after/100")
            #expect(refused.status == 429 && refused.head["Retry-After"] == "100")
            let other = try RawHTTPClient(port: port)
            let early = try other.exchange("GET", "/retry-after/100")
            #expect(early.status == 200 && early.text.contains("\"early\":true"))
            #expect(try other.exchange("GET", "/retry-after/100?key=x").status == 429)
            #expect(try other.exchange("GET", "/retry-after/0").status == 429)
            #expect(try other.exchange("GET", "/retry-after/0").text.contains("\"early\":false"))
        }
    }

    @Test("/echo gives method, target, every field and the content back, as text or base64, sized or chunked")
    func echo() async throws {
        try await withMockServer { port, _ in
            let client = try RawHTTPClient(port: port)
            let text = "z\u{e9}ro \"quoted\" \\ \n\t\u{1}"
            let fields = [("X-One", "1"), ("x-one", "2"), ("X-Empty", ""), ("X-Quote", "a \"b\"")]
            try client.send("PURGE", "/echo?a=b%20c", fields: fields, content: Array(text.utf8))
            let echoed = try Self.json(client.receive())
            #expect(echoed["method"] as? String == "PURGE")
            #expect(echoed["path"] as? String == "/echo" && echoed["query"] as? String == "a=b%20c")
            #expect(echoed["content"] as? String == text && echoed["content_length"] as? Int == text.utf8.count)
            let expected = [["Host", "localhost"]] + fields.map { [$0.0, $0.1] }
            #expect((echoed["fields"] as? [[String]])?.dropLast() == expected[...])

            let binary = [UInt8](repeating: 0xFF, count: 1000)
            let base64 = try Self.json(client.exchange("PUT", "/echo", content: binary))["content_base64"] as? String
            #expect(base64 == Data(binary).base64EncodedString())

            try client.send("POST", "/echo", fields: [("Transfer-Encoding", "chunked"), ("Expect", "100-continue")])
            #expect(try client.receive().status == 100)
            try client.send(raw: "5\r\nhello\r\n7;x\r\n, world\r\n0\r\nT: 1\r\n\r\n")
            #expect(try Self.json(client.receive())["content"] as? String == "hello, world")
            #expect(try Self.json(client.exchange("GET", "/echo"))["content"] as? String == "")
        }
    }

    @Test("/echo refuses content over its limit with 413, told in advance or not, and counts any amount")
    func oversize() async throws {
        try await withMockServer({ $0.limits.echoedContent = 1000 }) { port, _ in
            let exact = try RawHTTPClient(port: port)
            #expect(try exact.exchange("POST", "/echo", content: [UInt8](repeating: 97, count: 1000)).status == 200)
            try exact.send("POST", "/echo", fields: [("Content-Length", "1001"), ("Expect", "100-continue")])
            let refused = try exact.receive()
            #expect(refused.status == 413 && refused.head["Connection"] == "close")
            #expect(try exact.readToEnd() == [])

            let chunked = try RawHTTPClient(port: port)
            try chunked.send("POST", "/echo", fields: [("Transfer-Encoding", "chunked")])
            try chunked.send(raw: "3e8\r\n\(String(repeating: "a", count: 1000))\r\n1\r\na\r\n")
            #expect(try chunked.receive().status == 413)

            let counted = try RawHTTPClient(port: port)
            let large = [UInt8](repeating: 1, count: 5_000_000)
            let answer = try Self.json(counted.exchange("POST", "/echo?content=count", content: large))
            #expect(answer["content_length"] as? Int == 5_000_000 && answer["content"] == nil)
            #expect(try counted.exchange("POST", "/status/201", content: large).status == 201, "thrown away elsewhere")
        }
    }

    @Test("/ lists every path as text, or as JSON for who accepts that")
    func page() async throws {
        try await withMockServer { port, _ in
            let client = try RawHTTPClient(port: port)
            let text = try client.exchange("GET", "/").text
            let answer = try Self.json(client.exchange("GET", "/", fields: [("Accept", "application/json")]))
            let paths = try #require(answer["paths"] as? [[String: String]]).compactMap { $0["path"] }
            #expect(paths.count == 14)
            for path in paths { #expect(text.contains("\(path) "), "\(path)") }
            let bare = try client.exchange("HEAD", "/")
            #expect(bare.head["Content-Length"] == "\(text.utf8.count)")
        }
    }

    @Test(
        "unknown paths get 404, wrong parameters 400 with words",
        arguments: [
            ("/nothing", 404), ("/user", 404), ("/user/1/2", 404), ("/user/", 400), ("/user/x", 400), ("/user/-1", 400),
            ("/user/1000000000000000000", 400), ("/status/199", 400), ("/status/600", 400), ("/delay/600001", 400),
            ("/bytes/68719476737", 400), ("/stream/1000000001", 400), ("/stream/1?every=x", 400),
            ("/redirect/1001", 400), ("/redirect/1?status=200", 400), ("/echo?content=some", 400),
            ("/flaky/1000001", 400), ("/flaky/1?key=\(String(repeating: "k", count: 201))", 400),
            ("/retry-after/86401", 400), ("/ws/other", 404), ("/ws/ticker?rate=0", 400), ("/ws/drop?after=1h", 400),
            ("/ws/echo", 426), ("//", 404),
        ]
    )
    func refusals(_ target: String, _ status: Int) async throws {
        try await withMockServer { port, _ in
            let client = try RawHTTPClient(port: port)
            let response = try client.exchange("GET", target)
            #expect(response.status == status)
            #expect(response.content.count > 10)
            #expect(try client.exchange("GET", "/user/1").status == 200, "the connection goes on")
        }
    }

    @Test("a method that a path does not know gets 405 with Allow, OPTIONS the same list")
    func methods() async throws {
        try await withMockServer { port, _ in
            let client = try RawHTTPClient(port: port)
            for target in ["/", "/user/1", "/bytes/1", "/stream/1"] {
                for method in ["POST", "DELETE", "BREW"] {
                    let response = try client.exchange(method, target, content: [1, 2, 3])
                    #expect(response.status == 405 && response.head["Allow"] == "GET, HEAD, OPTIONS")
                }
                let options = try client.exchange("OPTIONS", target)
                #expect(options.status == 204 && options.head["Allow"] == "GET, HEAD, OPTIONS")
            }
            #expect(try client.exchange("OPTIONS", "*").status == 204)
        }
    }

    private static func json(_ response: RawHTTPClient.Response) throws -> [String: Any] {
        #expect(response.status == 200)
        return try #require(try JSONSerialization.jsonObject(with: Data(response.content)) as? [String: Any])
    }
}
