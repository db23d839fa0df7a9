import Testing

@testable import WebSocketProtocol

/// The handshake with a proxy, as bytes: whole, byte by byte, malformed and endless.
@Suite struct ProxyHandshakeTests {
    @Test("CONNECT names host and port, and logs in with decoded Basic credentials")
    func connectRequest() throws {
        let plain = try ProxyHandshake(through: ProxyURL("http://proxy:3128"), toHost: "feed.example", port: 443)
        #expect(
            String(decoding: plain.begin(), as: UTF8.self)
                == "CONNECT feed.example:443 HTTP/1.1\r\nHost: feed.example:443\r\n\r\n"
        )
        let known = try ProxyHandshake(through: ProxyURL("http://a%40b:p%3Aw@proxy"), toHost: "::1", port: 80)
        let text = String(decoding: known.begin(), as: UTF8.self)
        #expect(text.hasPrefix("CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\n"))
        #expect(text.hasSuffix("\r\nProxy-Authorization: Basic \(Base64.encode(Array("a@b:p:w".utf8)))\r\n\r\n"))
    }

    @Test("What follows the 2xx is the tunnel's, whatever the head says of content", arguments: [1, 2, 7, 4096])
    func tunnelBytes(_ size: Int) throws {
        let head = "HTTP/1.1 103 Early\r\nX: y\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"
        let answer = try take("http://proxy", [Array((head + "tunnel").utf8)], inPiecesOf: size)
        #expect(answer.behind == Array("tunnel".utf8))
    }

    @Test(
        "An answer of HTTP other than 2xx is a refusal with its status",
        arguments: [
            (407, true, false), (502, false, true), (403, false, false), (101, false, false), (302, false, false),
        ]
    )
    func refused(_ status: Int, _ isAboutCredentials: Bool, _ isTransient: Bool) throws {
        let failure = try fault("http://proxy", "HTTP/1.1 \(status) Words\r\n\r\n")
        #expect(failure == .refused(status: status, reasonPhrase: "Words"))
        #expect(failure.isAboutCredentials == isAboutCredentials)
        #expect(failure.isTransient == isTransient)
        #expect("\(failure)".contains("\(status)"))
    }

    @Test(
        "What is no HTTP, or has no end, is malformed",
        arguments: [
            "SSH-2.0-OpenSSH\r\n", "HTTP/2 200\r\n", "HTTP/1.1 2xx\r\n\r\n", "HTTP/1.1 200 OK\n\n",
            "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 129),
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "y", count: 16 << 10),
            String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 800),
        ]
    )
    func malformed(_ answer: String) throws {
        for size in [1, 4096] {
            guard case .malformed = try fault("http://proxy", answer, inPiecesOf: size) else {
                Issue.record("not malformed: \(answer.prefix(40))")
                return
            }
        }
    }

    @Test("SOCKS leaves the name to the proxy, and logs in where it is asked to", arguments: [1, 3, 4096])
    func socks(_ size: Int) throws {
        let reply: [UInt8] = [5, 0, 0, 3, 2, 0x61, 0x62, 0, 80] + Array("tunnel".utf8)
        let open = try take("socks5://proxy", [[5, 0], reply], inPiecesOf: size)
        #expect(open.sent.first == [5, 1, 0])
        #expect(open.sent.last == [5, 1, 0, 3, 12] + Array("feed.example".utf8) + [0x01, 0xBB])
        #expect(open.behind == Array("tunnel".utf8))

        let known = try take("socks5://user:pw@proxy", [[5, 2], [1, 0], reply], inPiecesOf: size)
        #expect(known.sent.first == [5, 2, 0, 2])
        #expect(known.sent[1] == [1, 4] + Array("user".utf8) + [2] + Array("pw".utf8))
        #expect(known.sent.count == 3)
    }

    @Test("SOCKS takes addresses as bytes, and each kind of bound address in the reply")
    func socksAddresses() throws {
        func request(_ host: String) throws -> [UInt8]? {
            try take("socks5://proxy", [[5, 0], [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]], host: host).sent.last
        }
        #expect(try request("192.0.2.7") == [5, 1, 0, 1, 192, 0, 2, 7, 0x01, 0xBB])
        let tail: [UInt8] = [0x01, 0xBB]
        let zeros = [UInt8](repeating: 0, count: 12)
        #expect(try request("2001:db8::1") == [5, 1, 0, 4, 0x20, 0x01, 0x0D, 0xB8] + zeros.dropLast() + [1] + tail)
        #expect(try request("::ffff:192.0.2.7") == [5, 1, 0, 4] + zeros.dropLast(2) + [255, 255, 192, 0, 2, 7] + tail)
        #expect(try request("1:2:3:4:5:6:7:8")?.count == 22)
        #expect(try request("fe80::1%eth0") == [5, 1, 0, 4, 0xFE, 0x80] + zeros + [0, 1] + tail)
        let long = try take("socks5://proxy", [[5, 0], [5, 0, 0, 4] + [UInt8](repeating: 9, count: 18) + [7]])
        #expect(long.behind == [7])
    }

    @Test("Each code of SOCKS is a refusal that says what it means", arguments: 1...9 as ClosedRange<UInt8>)
    func socksRefusals(_ code: UInt8) throws {
        let failure = #expect(throws: ProxyFailure.self) { try take("socks5://proxy", [[5, 0], [5, code, 0]]) }
        #expect(failure == .refusedBySOCKS(code: code))
        #expect(failure?.isTransient == ![2, 7, 8].contains(code))
        #expect("\(failure as Any)".contains("SOCKS \(code)"))
    }

    @Test("SOCKS that wants what we have not, refuses it, or is something else")
    func socksFaults() throws {
        #expect(throws: ProxyFailure.credentialsWanted) { try take("socks5://proxy", [[5, 255]]) }
        #expect(throws: ProxyFailure.credentialsRefused) { try take("socks5://u:p@proxy", [[5, 2], [1, 1]]) }
        let others: [[[UInt8]]] = [
            [[4]], [Array("HTTP/1.1".utf8)], [[5, 2]], [[5, 1]], [[5, 0], [4]], [[5, 0], [5, 0, 0, 9, 0]],
        ]
        for answers in others {
            let failure = #expect(throws: ProxyFailure.self) { try take("socks5://proxy", answers) }
            guard case .malformed? = failure else {
                Issue.record("\(answers): \(failure as Any)")
                continue
            }
        }
    }

    // MARK: A proxy of bytes

    private struct Answer {
        var sent: [[UInt8]]
        var behind: [UInt8]
    }

    /// Plays a proxy that answers each of our messages with the next of `answers`, in pieces.
    @discardableResult
    private func take(
        _ url: String,
        _ answers: [[UInt8]],
        host: String = "feed.example",
        inPiecesOf size: Int = 4096
    ) throws -> Answer {
        var handshake = try ProxyHandshake(through: ProxyURL(url), toHost: host, port: 443)
        var sent = [handshake.begin()]
        for answer in answers {
            var rest = answer[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(size))
                switch try piece.withUnsafeBytes({ try handshake.receive($0) }) {
                case .needMore: rest = rest.dropFirst(piece.count)
                case .send(let reply, let consumed):
                    sent.append(reply)
                    rest = rest.dropFirst(consumed)
                case .established(let consumed):
                    return Answer(sent: sent, behind: Array(rest.dropFirst(consumed)))
                }
            }
        }
        throw Unfinished()
    }

    private func fault(_ url: String, _ answer: String, inPiecesOf size: Int = 4096) throws -> ProxyFailure {
        try #require(
            #expect(throws: ProxyFailure.self) { try take(url, [Array(answer.utf8)], inPiecesOf: size) }
        )
    }

    private struct Unfinished: Error {}
}

/// The URLs of proxies.
@Suite struct ProxyURLTests {
    @Test(
        "A port that is not written is the scheme's; one that is stays",
        arguments: [
            ("http://p", "http://p:80"), ("http://p:3128/", "http://p:3128"), ("socks5://p", "socks5://p:1080"),
            ("socks5h://[::1]", "socks5://[::1]:1080"), ("socks5://p:80", "socks5://p:80"),
            ("HTTP://P:443", "http://p:443"),
        ]
    )
    func ports(_ text: String, _ expected: String) throws {
        #expect(try ProxyURL(text).description == expected)
    }

    @Test("Neither user nor password is shown")
    func redacted() throws {
        let url = try ProxyURL("socks5://someone:hunter2@proxy")
        #expect("\(url) \(String(reflecting: url))" == "socks5://proxy:1080 socks5://proxy:1080")
    }

    @Test(
        "What is no proxy is refused by its part",
        arguments: [
            ("ftp://p", WebSocketURLError.Part.scheme), ("proxy:3128", .scheme), ("https://p", .scheme),
            ("http://p/path", .path), ("http://p?x", .path), ("http://", .host), ("http://p:0", .port),
            ("http://a%3Ab:c@p", .userinfo), ("socks5://:pw@p", .userinfo),
            ("socks5://\(String(repeating: "u", count: 256))@p", .userinfo),
        ]
    )
    func refused(_ text: String, _ part: WebSocketURLError.Part) {
        let error = #expect(throws: WebSocketURLError.self) { try ProxyURL(text) }
        #expect(error?.part == part, "\(error as Any)")
    }
}
