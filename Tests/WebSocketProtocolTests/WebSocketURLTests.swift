import Testing
import WebSocketProtocol

@Suite("WebSocket URL")
struct WebSocketURLTests {
    /// What a good URL must become.
    struct Good: Sendable {
        var url: String
        var host: String
        var port: UInt16
        var target: String
        var hostField: String
        var origin: String
    }

    private static let good: [Good] = [
        .init(
            url: "ws://example.com",
            host: "example.com",
            port: 80,
            target: "/",
            hostField: "example.com",
            origin: "ws://example.com:80"
        ),
        .init(
            url: "wss://example.com/",
            host: "example.com",
            port: 443,
            target: "/",
            hostField: "example.com",
            origin: "wss://example.com:443"
        ),
        .init(
            url: "WSS://EXAMPLE.com:443/Path?Q=A%20b&x=a/b?c",
            host: "example.com",
            port: 443,
            target: "/Path?Q=A%20b&x=a/b?c",
            hostField: "example.com",
            origin: "wss://example.com:443"
        ),
        .init(
            url: "ws://example.com:443?q",
            host: "example.com",
            port: 443,
            target: "/?q",
            hostField: "example.com:443",
            origin: "ws://example.com:443"
        ),
        .init(
            url: "ws://a_b-c.example.:65535/",
            host: "a_b-c.example.",
            port: 65535,
            target: "/",
            hostField: "a_b-c.example.:65535",
            origin: "ws://a_b-c.example.:65535"
        ),
        .init(
            url: "ws://127.0.0.1:0001/x",
            host: "127.0.0.1",
            port: 1,
            target: "/x",
            hostField: "127.0.0.1:1",
            origin: "ws://127.0.0.1:1"
        ),
        .init(
            url: "ws://[::1]/",
            host: "::1",
            port: 80,
            target: "/",
            hostField: "[::1]",
            origin: "ws://[::1]:80"
        ),
        .init(
            url: "wss://[2001:DB8::A]:8443/x",
            host: "2001:db8::a",
            port: 8443,
            target: "/x",
            hostField: "[2001:db8::a]:8443",
            origin: "wss://[2001:db8::a]:8443"
        ),
        .init(
            url: "ws://[fe80::1%25Eth0]:81",
            host: "fe80::1%Eth0",
            port: 81,
            target: "/",
            hostField: "[fe80::1]:81",
            origin: "ws://[fe80::1%Eth0]:81"
        ),
        .init(
            url: "ws://[::ffff:192.0.2.1]",
            host: "::ffff:192.0.2.1",
            port: 80,
            target: "/",
            hostField: "[::ffff:192.0.2.1]",
            origin: "ws://[::ffff:192.0.2.1]:80"
        ),
        .init(
            url: "ws://h/a;b=c,d'(e)*!$&+=@:|{}\"<>^`",
            host: "h",
            port: 80,
            target: "/a;b=c,d'(e)*!$&+=@:|{}\"<>^`",
            hostField: "h",
            origin: "ws://h:80"
        ),
        .init(
            url: "ws+unix:/run/x.sock:/path?q=1",
            host: "localhost",
            port: 80,
            target: "/path?q=1",
            hostField: "localhost",
            origin: "ws+unix:/run/x.sock"
        ),
        .init(
            url: "ws+unix:///run/x.sock",
            host: "localhost",
            port: 80,
            target: "/",
            hostField: "localhost",
            origin: "ws+unix:/run/x.sock"
        ),
        .init(
            url: "ws+unix:/run/x.sock:?q",
            host: "localhost",
            port: 80,
            target: "/?q",
            hostField: "localhost",
            origin: "ws+unix:/run/x.sock"
        ),
    ]

    @Test("A good URL gives its parts", arguments: good)
    func goodURLs(_ expected: Good) throws {
        let url = try WebSocketURL(expected.url)
        #expect(url.host == expected.host)
        #expect(url.port == expected.port)
        #expect(url.target == expected.target)
        #expect(url.hostField == expected.hostField)
        #expect(url.origin == expected.origin)
        #expect(url.isSecure == expected.url.lowercased().hasPrefix("wss:"))
        #expect((url.unixPath == "/run/x.sock") == expected.url.hasPrefix("ws+unix"))
        #expect(url.isAddressLiteral == (expected.host.contains(":") || expected.host.hasPrefix("127")))
        #expect(url.userinfo == nil)
    }

    @Test(
        "A bad URL is refused with the part that is wrong",
        arguments: [
            ("", .url), ("ws://" + String(repeating: "a", count: 9000), .url), ("ws:", .url), ("ws:example.com", .url),
            ("wss:/example.com", .url), ("example.com/ws", .scheme), ("//example.com", .scheme), ("://x", .scheme),
            ("http://example.com", .scheme), ("https://example.com", .scheme), ("wss+unix:/x", .scheme),
            (" ws://example.com", .scheme), ("ftp://example.com", .scheme), ("localhost:8080", .scheme),
            ("ws://", .host), ("ws:///path", .host), ("ws://:80/", .host), ("ws://?q", .host), ("ws://user@/", .host),
            ("ws://exa mple.com/", .host), ("ws://example.com\u{0}/", .host), ("ws://ex%61mple.com/", .host),
            ("ws://bücher.example/", .host), ("ws://a..b/", .host), ("ws://.a/", .host), ("ws://./", .host),
            ("ws://" + String(repeating: "a", count: 64) + ".com", .host), ("ws://a,b/", .host), ("ws://*/", .host),
            ("ws://127.1/", .host), ("ws://256.0.0.1/", .host), ("ws://1.2.3.4.5/", .host), ("ws://01.2.3.4/", .host),
            ("ws://1234/", .host), ("ws://::1/", .host), ("ws://[::1/", .host), ("ws://[]/", .host),
            ("ws://[::1]x/", .host), ("ws://[1.2.3.4]/", .host), ("ws://[:::]/", .host), ("ws://[1::2::3]/", .host),
            ("ws://[1:2:3:4:5:6:7]/", .host), ("ws://[1:2:3:4:5:6:7:8:9]/", .host), ("ws://[12345::]/", .host),
            ("ws://[::1.2.3.256]/", .host), ("ws://[1:2:3:4:5:6:7:1.2.3.4]/", .host), ("ws://[fe80::1%eth0]/", .host),
            ("ws://[fe80::1%25]/", .host), ("ws://[g::1]/", .host), ("ws://[1:2:3:4:5:6:7:8::]/", .host),
            ("ws://h:0/", .port), ("ws://h:65536/", .port), ("ws://h:99999999999999999999/", .port),
            ("ws://h:/", .port), ("ws://h:80a/", .port), ("ws://h:-1/", .port), ("ws://h: 80/", .port),
            ("ws://h:８０/", .port), ("ws://h/a b", .path), ("ws://h/a\nb", .path), ("ws://h/ä", .path),
            ("ws://h/%", .path), ("ws://h/%2", .path), ("ws://h/%zz", .path), ("ws://h/a\u{7F}", .path),
            ("ws://h/ok ", .path), ("ws://h/?a b", .query), ("ws://h?ä", .query), ("ws://h?%4", .query),
            ("ws://h/#", .fragment), ("ws://h#top", .fragment), ("ws://h/?q#x", .fragment),
            ("ws://us er@h/", .userinfo), ("ws://a@b@h/", .userinfo), ("ws://a:%4@h/", .userinfo),
            ("ws://ü:x@h/", .userinfo), ("ws+unix:run/x.sock", .socketPath), ("ws+unix://host/x.sock", .socketPath),
            ("ws+unix:", .socketPath), ("ws+unix:/", .socketPath), ("ws+unix:/a b", .socketPath),
            ("ws+unix:/a?b", .socketPath), ("ws+unix:/" + String(repeating: "a", count: 107), .socketPath),
            ("ws+unix:/a:b", .path), ("ws+unix:/a:/b c", .path), ("ws+unix:/a:/b#c", .fragment),
        ] as [(String, WebSocketURLError.Part)]
    )
    func badURLs(url: String, part: WebSocketURLError.Part) {
        #expect(throws: WebSocketURLError.self) { try WebSocketURL(url) }
        do {
            _ = try WebSocketURL(url)
        } catch {
            #expect(error.part == part, "\(error)")
            #expect(!error.allowed.isEmpty)
            #expect(error.description.hasPrefix(part.rawValue + ": "))
        }
    }

    @Test("Errors say what was seen and what is allowed")
    func messages() {
        func message(_ url: String) -> String {
            do {
                return try WebSocketURL(url).redacted
            } catch {
                return error.description
            }
        }
        #expect(message("https://h/") == "scheme: HTTP is not WebSocket: \"https\"; allowed: wss:// for this server")
        #expect(message("ws://h:80a/") == "port: not a number: \"80a\"; allowed: 1 to 65535")
        #expect(
            message("ws://bücher.example/")
                == "host: it has a character beyond ASCII: \"bücher.example\"; allowed: the name's ASCII form (xn--…), as "
                + "idn2 prints it"
        )
        #expect(
            message("ws://h/a b")
                == "path: it has a blank or control character: \" \"; allowed: visible ASCII; %20 for a space"
        )
    }

    @Test("Userinfo is kept encoded; description and redacted form have neither it nor the query")
    func redaction() throws {
        let url = try WebSocketURL("wss://user:p%40ss@example.com:8443/feed?token=secret")
        #expect(url.userinfo == "user:p%40ss")
        #expect(url.redacted == "wss://example.com:8443/feed?…")
        #expect("\(url)" == url.redacted)
        #expect(String(reflecting: url) == url.redacted)
        #expect(try WebSocketURL("ws://h/feed").redacted == "ws://h/feed")
        #expect(try WebSocketURL("ws+unix:/run/x.sock:/feed?t").redacted == "ws+unix:/run/x.sock:/feed?…")
    }

    @Test(
        "No part of a password is in an error, wherever it is cut",
        arguments: [
            "ws://user:hunter2/x@host/", "ws://user:hunter2?x@host/", "ws://user:hunter2#x@host/",
            "ws://user:hun ter2@host/", "ws://user:hunter2@host:99999/", "ws://user:hunter2:x/y@host",
            "ws://user:hunter2%@host", "ws://[::1]hunter2/x@host", "ws://h/?token=hunter2 x", "ws://h/?hunter2=%z",
        ]
    )
    func secrets(url: String) {
        do {
            _ = try WebSocketURL(url)
            Issue.record("it was accepted")
        } catch {
            #expect(!error.description.contains("hun"), "\(error)")
        }
    }

    @Test("Spoilt URLs never trap, and what is accepted has a target and host without blanks")
    func fuzz() {
        let seed: UInt64 = 0x3986
        print("WebSocketURLTests.fuzz: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let alphabet = Array(":/?#[]@%.0123456789abcdefwsunix+-~ \u{0}".utf8)
        for round in 0..<6000 {
            var bytes = Array(Self.good[round % Self.good.count].url.utf8)
            for _ in 0..<generator.pick(1...4) {
                let place = generator.pick(0...bytes.count - 1)
                if generator.oneIn(3) && bytes.count > 1 {
                    bytes.remove(at: place)
                } else {
                    bytes[place] = alphabet[generator.pick(0...alphabet.count - 1)]
                }
            }
            guard let url = try? WebSocketURL(String(decoding: bytes, as: UTF8.self)) else { continue }
            let isClean = (url.target + url.hostField).utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            if !isClean || !url.target.hasPrefix("/") || url.host.isEmpty || url.port == 0 {
                Issue.record("\(bytes)")
            }
        }
    }
}
