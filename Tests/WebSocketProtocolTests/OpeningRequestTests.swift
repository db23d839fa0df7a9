import Testing
import WebSocketProtocol

@Suite("Opening request")
struct OpeningRequestTests {
    private func lines(
        _ url: String,
        subprotocols: [String] = [],
        fields: [(name: String, value: String)] = []
    ) throws -> [String] {
        let key = try #require(OpeningKey("dGhlIHNhbXBsZSBub25jZQ=="))
        let request = try OpeningRequest(
            url: WebSocketURL(url),
            key: key,
            subprotocols: subprotocols,
            fields: fields
        )
        let text = String(decoding: request.serialized(), as: UTF8.self)
        #expect(text.hasSuffix("\r\n\r\n"))
        return text.split(separator: "\r\n", omittingEmptySubsequences: true).map(String.init)
    }

    @Test("The whole request, byte for byte")
    func whole() throws {
        let lines = try lines(
            "wss://Example.com/chat?x=1",
            subprotocols: ["v2.json", "v1"],
            fields: [("User-Agent", "hawser"), ("X-Empty", ""), ("Cookie", "a=b; c=ü")]
        )
        #expect(
            lines == [
                "GET /chat?x=1 HTTP/1.1", "Host: example.com", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Protocol: v2.json, v1", "User-Agent: hawser", "X-Empty: ", "Cookie: a=b; c=ü",
            ]
        )
    }

    @Test("Host comes from the URL, or from the caller alone")
    func host() throws {
        #expect(try lines("ws://[::1]:8080/")[1] == "Host: [::1]:8080")
        #expect(try lines("ws+unix:/run/x.sock:/p")[0...1] == ["GET /p HTTP/1.1", "Host: localhost"])
        let given = try lines("ws://h/", fields: [("hOST", "other.example")])
        #expect(given.filter { $0.lowercased().hasPrefix("host:") } == ["hOST: other.example"])
    }

    @Test("Userinfo becomes Basic credentials, decoded, unless there is an Authorization")
    func credentials() throws {
        // RFC 7617 section 2: Aladdin, open sesame.
        #expect(
            try lines("ws://Aladdin:open%20sesame@h/").last == "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        )
        #expect(try lines("ws://user@h/").last == "Authorization: Basic dXNlcjo=")
        #expect(try lines("ws://u:a:%C3%BC%25@h/").last == "Authorization: Basic dTphOsO8JQ==")
        let given = try lines("ws://u:p@h/", fields: [("authorization", "Bearer x")])
        #expect(given.filter { $0.lowercased().hasPrefix("authorization") } == ["authorization: Bearer x"])
        #expect(throws: HeaderError.self) { try lines("ws://a%3Ab:c@h/") }
        #expect(throws: HeaderError.self) { try lines("ws://a:c%0D%0AX:%20y@h/") }
    }

    @Test(
        "A field that must not be sent is refused",
        arguments: [
            ("", "x", .nameNotToken), ("X Y", "x", .nameNotToken), ("X:", "x", .nameNotToken),
            ("X\r\nY", "x", .nameNotToken), ("Ü", "x", .nameNotToken), ("X", "a\r\nEvil: b", .controlCharacter),
            ("X", "a\nb", .controlCharacter), ("X", "a\rb", .controlCharacter), ("X", "a\u{0}b", .controlCharacter),
            ("X", "a\u{7F}", .controlCharacter), ("X", "\u{1B}[0m", .controlCharacter),
            ("Upgrade", "h2c", .reservedName), ("CONNECTION", "close", .reservedName),
            ("Sec-WebSocket-Key", "x", .reservedName), ("sec-websocket-version", "8", .reservedName),
            ("Sec-WebSocket-Extensions", "x", .reservedName), ("Sec-WebSocket-Protocol", "x", .reservedName),
            ("Sec-WebSocket-Accept", "x", .reservedName), ("Content-Length", "0", .reservedName),
            ("Transfer-Encoding", "chunked", .reservedName), ("X", String(repeating: "x", count: 70_000), .tooLong),
        ] as [(String, String, HeaderError.Problem)]
    )
    func refusedFields(name: String, value: String, problem: HeaderError.Problem) {
        do {
            _ = try lines("ws://h/", fields: [(name, value)])
            Issue.record("it was accepted")
        } catch let error as HeaderError {
            #expect(error.problem == problem)
            #expect(!error.description.contains(value) || value.count < 3)
        } catch {
            Issue.record(error)
        }
    }

    @Test("Host and Authorization must not be repeated; other fields may")
    func repeated() throws {
        for name in ["Host", "Authorization"] {
            #expect(throws: HeaderError.self) {
                try lines("ws://h/", fields: [(name, "a"), (name.lowercased(), "b")])
            }
        }
        #expect(try lines("ws://h/", fields: [("X", "1"), ("x", "2")]).suffix(2) == ["X: 1", "x: 2"])
    }

    @Test("Subprotocols are unique tokens", arguments: [[""], ["a b"], ["a,b"], ["a", "b", "a"], ["ä"], ["a\r\n"]])
    func subprotocols(names: [String]) {
        #expect(throws: HeaderError.self) { try lines("ws://h/", subprotocols: names) }
    }

    @Test("A printed request has no secrets")
    func description() throws {
        let request = try OpeningRequest(
            url: WebSocketURL("ws://u:hunter2@h/p?t=hunter2"),
            key: OpeningKey(nonce: (1, 2)),
            fields: [("X-Token", "hunter2")]
        )
        #expect("\(request)" == "GET ws://h/p?…")
        #expect(!String(reflecting: request).contains("hunter2"))
    }
}
