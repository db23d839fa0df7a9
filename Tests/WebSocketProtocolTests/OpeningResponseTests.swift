import Testing
import WebSocketProtocol

/// What came of an answer offered in pieces.
enum AnswerOutcome: Equatable {
    case answer(OpeningResponse.Answer, consumed: Int)
    case violation(HandshakeViolation)
    /// Not complete; the answer is what `end()` gave.
    case incomplete(OpeningResponse.Answer?)
}

/// The accept value of the key in RFC 6455 section 1.3, which all these answers are to.
let sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/// Parses `bytes`, offered in pieces of the given sizes in turn, as the answer to a request for `subprotocols`.
func answer(
    _ bytes: [UInt8],
    subprotocols: [String] = ["v1", "v2"],
    deflate: DeflateOffer? = nil,
    cuts: [Int] = [.max]
) throws -> AnswerOutcome {
    let key = try #require(OpeningKey("dGhlIHNhbXBsZSBub25jZQ=="))
    let request = try OpeningRequest(
        url: WebSocketURL("ws://h/"),
        key: key,
        subprotocols: subprotocols,
        deflate: deflate
    )
    var response = OpeningResponse(to: request)
    var next = 0
    var turn = 0
    while next < bytes.count {
        let end = next + min(max(1, cuts[turn % cuts.count]), bytes.count - next)
        turn += 1
        do {
            let progress = try Array(bytes[next..<end]).withUnsafeBytes { try response.decode($0) }
            if case .complete(let consumed, let answer) = progress {
                return .answer(answer, consumed: next + consumed)
            }
        } catch let violation as HandshakeViolation {
            return .violation(violation)
        }
        next = end
    }
    return .incomplete(response.end())
}

@Suite("Opening response: accepted, or a violation")
struct OpeningResponseTests {
    private static let good = [
        "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Accept: \(sampleAccept)",
    ]

    private func head(_ lines: [String]) -> [UInt8] {
        Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    private func violation(_ bytes: [UInt8]) throws -> HandshakeViolation? {
        guard case .violation(let violation) = try answer(bytes) else { return nil }
        // Whatever was seen, the message is one printable line.
        #expect(violation.description.utf8.count < 600)
        #expect(violation.detail.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        return violation
    }

    @Test("The server's answer of RFC 6455 section 1.3, with frames behind it")
    func accepted() throws {
        let lines = Self.good + ["Sec-WebSocket-Protocol: v2", "X-Trace: 7"]
        let bytes = head(lines)
        let frames: [UInt8] = [0x81, 0x01, 0x41]
        for cuts in [[Int.max], [1], [7, 3]] {
            let outcome = try answer(bytes + frames, cuts: cuts)
            guard case .answer(.accepted(let subprotocol, _, let fields), let consumed) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(consumed == bytes.count)
            #expect(subprotocol == "v2")
            #expect(fields["x-trace"] == "7")
        }
    }

    @Test(
        "Forms that servers use and that are allowed",
        arguments: [
            ["HTTP/1.1 101", "Upgrade: WebSocket", "Connection: upgrade"],
            ["HTTP/1.1 101 ", "UPGRADE:\tWEBSOCKET\t", "CONNECTION:keep-alive,\t Upgrade ,"],
            ["HTTP/1.9 101 Whatever", "upgrade:websocket", "connection: keep-alive", "connection: Upgrade"],
            ["HTTP/1.1 101 Ünïcode", "Upgrade: websocket, websocket", "Connection: Upgrade", "Content-Length: 0"],
            ["HTTP/1.1 101 x", "Upgrade: websocket", "Connection: Upgrade", "X-Empty:", "Transfer-Encoding: chunked"],
            [
                "HTTP/1.1 100 Continue", "", "HTTP/1.1 103 Hints", "Link: x", "", "HTTP/1.1 101 x",
                "Upgrade: websocket",
                "Connection: Upgrade",
            ],
        ]
    )
    func allowedForms(lines: [String]) throws {
        let bytes = head(lines + ["sec-websocket-ACCEPT:   \(sampleAccept)  "])
        let outcome = try answer(bytes)
        guard case .answer(.accepted(let subprotocol, _, _), let consumed) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(subprotocol == nil)
        #expect(consumed == bytes.count)
    }

    @Test(
        "Each rule of the opening handshake has its violation",
        arguments: [
            (0, ["SSH-2.0-OpenSSH_9.2"], .notHTTP), (0, [" HTTP/1.1 101"], .notHTTP),
            (0, ["", "HTTP/1.1 101"], .notHTTP),
            (0, ["http/1.1 101 x"], .notHTTP), (0, ["HTTP/2 101"], .unsupportedVersion),
            (0, ["HTTP/0.9 200 OK"], .unsupportedVersion), (0, ["HTTP/1.0 101 x"], .unsupportedVersion),
            (0, ["HTTP/1.x 101 x"], .malformedStatusLine), (0, ["HTTP/1.1"], .malformedStatusLine),
            (0, ["HTTP/1.1  101 x"], .malformedStatusLine), (0, ["HTTP/1.1 10"], .malformedStatusLine),
            (0, ["HTTP/1.1 1010 x"], .malformedStatusLine), (0, ["HTTP/1.1 +01 x"], .malformedStatusLine),
            (0, ["HTTP/1.1 099 x"], .malformedStatusLine), (0, ["HTTP/1.1 101x"], .malformedStatusLine),
            (0, ["HTTP/1.1 101\u{0}x"], .controlCharacter), (1, ["Upgrade: websocket\u{1B}"], .controlCharacter),
            (1, ["Upgrade: websocket\u{7F}"], .controlCharacter), (1, ["Up\u{0}grade: websocket"], .controlCharacter),
            (1, ["Upgrade: websocket\nX: y"], .bareLineFeed), (0, ["HTTP/1.1 101 x\nX: y"], .bareLineFeed),
            (1, ["Upgrade: websocket\rX: y"], .bareCarriageReturn), (1, ["X: y\r\r\nZ: z"], .bareCarriageReturn),
            (1, ["Upgrade:", " websocket"], .foldedLine), (1, ["X: y", "\tz"], .foldedLine),
            (1, [" X: y"], .foldedLine), (1, ["Upgrade websocket"], .malformedField),
            (1, ["Upgrade : websocket"], .malformedField), (1, [": x"], .malformedField),
            (1, ["Ü: x"], .malformedField),
            (1, ["(x): y"], .malformedField), (1, [], .upgradeMissing), (1, ["Upgrade:"], .upgradeMissing),
            (1, ["Upgrade: h2c"], .upgradeToOther), (1, ["Upgrade: websocket/13"], .upgradeToOther),
            (1, ["Upgrade: websocket, h2c"], .upgradeToOther), (2, [], .connectionWithoutUpgrade),
            (2, ["Connection: close"], .connectionWithoutUpgrade),
            (2, ["Connection: Upgraded"], .connectionWithoutUpgrade), (3, [], .acceptMissing),
            (3, ["Sec-WebSocket-Accept:"], .acceptMismatch), (3, ["Sec-WebSocket-Accept: x"], .acceptMismatch),
            (3, ["Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xoo="], .acceptMismatch),
            (3, ["Sec-WebSocket-Accept: \(sampleAccept), \(sampleAccept)"], .acceptMismatch),
            (4, ["sec-websocket-accept: \(sampleAccept)"], .acceptRepeated),
            (4, ["Sec-WebSocket-Protocol: v3"], .subprotocolUnrequested),
            (4, ["Sec-WebSocket-Protocol: V1"], .subprotocolUnrequested),
            (4, ["Sec-WebSocket-Protocol: v1, v2"], .subprotocolUnrequested),
            (4, ["Sec-WebSocket-Protocol:"], .subprotocolUnrequested),
            (4, ["Sec-WebSocket-Protocol: v1", "Sec-WebSocket-Protocol: v1"], .subprotocolRepeated),
            (4, ["Sec-WebSocket-Extensions: permessage-deflate"], .extensionUnrequested),
            (4, ["Sec-WebSocket-Extensions:"], .extensionMalformed),
            (4, (0...128).map { "X-\($0): y" }, .tooManyFields),
            (4, ["X: " + String(repeating: "y", count: 17_000)], .headTooLong),
        ] as [(Int, [String], HandshakeViolation.Rule)]
    )
    func violations(index: Int, replacement: [String], rule: HandshakeViolation.Rule) throws {
        var lines = Self.good
        lines.replaceSubrange(index..<min(index + 1, lines.count), with: replacement)
        let found = try violation(head(lines))
        #expect(found?.rule == rule, "\(found.map(String.init(describing:)) ?? "none")")
    }

    @Test("Garbage is refused at its first wrong byte, without waiting for a line", arguments: ["x", "HTTp", "HTTP/2"])
    func earlyGarbage(text: String) throws {
        #expect(try violation(Array(text.utf8)) != nil)
    }

    @Test("A TLS alert in place of HTTP is called by its name")
    func alert() throws {
        let found = try violation([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28])
        #expect(found?.description.contains("wss://") == true)
    }

    @Test(
        "The value of a field is never in an error",
        arguments: [
            "Set-Cookie: hunter2\n", "Set-Cookie: hunter2\rx", "Set-Cookie: hunter2\u{0}", "Set Cookie: hunter2\r\n",
            "X: y\r\n hunter2\r\n",
        ]
    )
    func secrets(field: String) throws {
        let found = try #require(try violation(Array("HTTP/1.1 200 OK\r\n\(field)".utf8)))
        #expect(!found.description.contains("hunter"), "\(found)")
    }

    @Test("A head without an end is refused at 16 KiB, however it comes, and interim answers count")
    func endlessHead() throws {
        let noEnd = Array("HTTP/1.1 200 OK\r\nX: ".utf8) + [UInt8](repeating: 0x61, count: 17_000)
        #expect(try violation(noEnd)?.rule == .headTooLong)
        let interim = Array("HTTP/1.1 102 Processing\r\n\r\n".utf8)
        #expect(try violation((0..<1000).flatMap { _ in interim })?.rule == .headTooLong)
    }

    @Test("After its end an answer takes nothing more")
    func afterEnd() throws {
        var response = OpeningResponse(
            to: try OpeningRequest(url: WebSocketURL("ws://h/"), key: OpeningKey(nonce: (1, 2)))
        )
        #expect(throws: HandshakeViolation.self) { try Array("x".utf8).withUnsafeBytes { try response.decode($0) } }
        let good = head(Self.good)
        guard case .needMore = try good.withUnsafeBytes({ try response.decode($0) }) else {
            Issue.record("it goes on after a violation")
            return
        }
        #expect(response.end() == nil)
    }

    @Test("Every rule names its document and section")
    func rules() {
        for rule in HandshakeViolation.Rule.allCases {
            #expect(rule.section.hasPrefix("RFC "))
            #expect(!rule.text.isEmpty)
        }
    }
}
