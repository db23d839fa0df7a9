import TestSupport
import Testing

@testable import HawserHTTP

@Suite("Multipart content and the proxies of the environment")
struct MultipartContentTests {
    @Test("parts are framed as RFC 7578 says, names escaped as HTML does")
    func framing() {
        var generator = SeededGenerator(seed: 1)
        let content = MultipartContent(
            [.field("a\"b\r\nc", "1"), .bytes("f", [1, 2], fileName: "x\".bin", type: "text/x\r\nEvil: 1")],
            using: &generator
        )
        let b = content.boundary
        #expect(content.type == "multipart/form-data; boundary=\(b)")
        #expect(
            String(decoding: content.head(of: 0), as: UTF8.self)
                == "--\(b)\r\nContent-Disposition: form-data; name=\"a%22b%0D%0Ac\"\r\n\r\n"
        )
        let second =
            "\r\n--\(b)\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x%22.bin\"\r\n"
            + "Content-Type: text/xEvil: 1\r\n\r\n"
        #expect(String(decoding: content.head(of: 1), as: UTF8.self) == second)
        #expect(String(decoding: content.tail, as: UTF8.self) == "\r\n--\(b)--\r\n")
        #expect(MultipartContent([.field("a", "1")]).boundary != MultipartContent([.field("a", "1")]).boundary)
    }

    @Test("a length is what is sent, with files and without parts")
    func length() async throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write([UInt8](repeating: 7, count: 300_000), to: "data.bin")
        let some: [MultipartContent.Part] = [.field("a", "1"), .file("f", path: path), .bytes("g", [1], fileName: "g")]
        for parts in [[], some] {
            let source = try #require(HTTPContent.multipart(MultipartContent(parts)).source)
            let next = try source.stream.open()
            var count = 0
            while let chunk = try await next() { count += chunk.count }
            #expect(source.length == Int64(count))
        }
        let missing = HTTPContent.multipart(MultipartContent([.file("f", path: folder.file("none"))])).source
        #expect(missing?.length == nil)
    }

    @Test("proxies of the environment, and their exceptions")
    func environment() throws {
        let environment = ProxyEnvironment([
            "http_proxy": "proxy:3128", "https_proxy": "http://secure:3129", "no_proxy": "localhost,.inner,host:8080",
        ])
        func proxy(_ url: String) throws -> String? {
            environment.proxy(for: try HTTPURL(url)).map { "\($0)" }
        }
        #expect(try proxy("http://example.org/") == "http://proxy:3128")
        #expect(try proxy("https://example.org/") == "http://secure:3129")
        #expect(try proxy("http://localhost:99/") == nil)
        #expect(try proxy("http://a.inner/") == nil)
        #expect(try proxy("http://winner/") == "http://proxy:3128")
        #expect(try proxy("http://host:8080/") == nil)
        #expect(try proxy("http://host:8081/") == "http://proxy:3128")
        #expect(ProxyEnvironment(["all_proxy": "socks5://s"]).proxy(for: try HTTPURL("http://x")) != nil)
        #expect(ProxyEnvironment(["HTTP_PROXY": "x:1"]).proxy(for: try HTTPURL("http://x")) == nil)
        #expect(ProxyEnvironment(["http_proxy": "x:1", "no_proxy": "*"]).proxy(for: try HTTPURL("http://x")) == nil)
    }
}
