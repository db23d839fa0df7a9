import Testing
import WebSocketProtocol

@Suite("Opening response: rejected")
struct RejectionTests {
    /// The rejection in `text`, whether it was complete by itself, and how many bytes it took.
    private func reject(
        _ text: String,
        cuts: [Int] = [.max]
    ) throws -> (rejection: OpeningResponse.Rejection, consumed: Int?) {
        switch try answer(Array(text.utf8), cuts: cuts) {
        case .answer(.rejected(let rejection), let consumed): return (rejection, consumed)
        case .incomplete(.rejected(let rejection)): return (rejection, nil)
        case let other:
            Issue.record("\(other)")
            throw CancellationError()
        }
    }

    @Test("Status, reason, fields, Retry-After and content of a rejection")
    func parts() throws {
        let text = """
            HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\nContent-Type: text/plain\r\n\
            Content-Length: 5\r\n\r\nsorryHTTP/1.1 200 OK
            """
        for cuts in [[Int.max], [1], [50, 3]] {
            let (rejection, consumed) = try reject(text, cuts: cuts)
            #expect(rejection.status == 503)
            #expect(rejection.reasonPhrase == "Service Unavailable")
            #expect(rejection.retryAfterField == "120")
            #expect(rejection.fields["content-type"] == "text/plain")
            #expect(String(decoding: rejection.contentPrefix, as: UTF8.self) == "sorry")
            #expect(consumed == text.utf8.count - 15)
        }
    }

    @Test(
        "Content is delimited as RFC 9112 section 6.3 says",
        arguments: [
            // The lines behind the status line, what follows the head, the content, and whether its end is known.
            ("Content-Length: 0", "rest", "", true), ("Content-Length: 3", "abcdef", "abc", true),
            ("Content-Length: 3, 3", "abcdef", "abc", true), ("Content-Length: 9", "abc", "abc", false),
            ("Content-Length: x", "abc", "abc", false), ("Content-Length: -1", "abc", "abc", false),
            ("Content-Length: 99999999999999999999999", "abc", "abc", false), ("X: y", "abc", "abc", false),
            ("X: y", "", "", false), ("Transfer-Encoding: gzip", "abc", "abc", false),
            ("Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n", "abc", true),
            (
                "Transfer-Encoding: chunked", "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: x\r\n\r\n", "abc0123456789",
                true
            ),
            ("Transfer-Encoding: gzip, Chunked", "2 \r\nab\r\n00\r\n", "ab", true),
            ("Transfer-Encoding: chunked\r\nContent-Length: 1", "3\r\nabc\r\n0\r\n\r\n", "abc", true),
            ("Transfer-Encoding: chunked", "3\r\nab", "ab", false), ("Transfer-Encoding: chunked", "", "", false),
            ("Transfer-Encoding: chunked", "x\r\nabc", "", true),
            ("Transfer-Encoding: chunked", "3\r\nabcX", "abc", true),
            ("Transfer-Encoding: chunked", "ffffffffffffffffffff\r\nabc", "", true),
            ("Transfer-Encoding: chunked", "7fffffffffffffff\r\nabc", "abc", false),
            ("Transfer-Encoding: chunked", "3\nabc\n0\n\n", "abc", true),
        ]
    )
    func content(field: String, behind: String, content: String, isKnown: Bool) throws {
        for cuts in [[Int.max], [1]] {
            let (rejection, consumed) = try reject("HTTP/1.1 400 Bad\r\n\(field)\r\n\r\n\(behind)", cuts: cuts)
            #expect(String(decoding: rejection.contentPrefix, as: UTF8.self) == content)
            #expect((consumed != nil) == isKnown)
        }
    }

    @Test("Of content longer than 1 KiB the first KiB is kept and the rest not waited for")
    func longContent() throws {
        let long = String(repeating: "x", count: 3000)
        let chunks = String(repeating: "100\r\n\(String(repeating: "x", count: 256))\r\n", count: 10)
        let bodies = [
            "Content-Length: 3000\r\n\r\n\(long)", "Transfer-Encoding: chunked\r\n\r\n\(chunks)", "X: y\r\n\r\n\(long)",
        ]
        for body in bodies {
            for cuts in [[Int.max], [1], [700]] {
                let (rejection, consumed) = try reject("HTTP/1.1 429 Slow\r\n\(body)", cuts: cuts)
                #expect(rejection.contentPrefix == [UInt8](repeating: 0x78, count: 1024))
                #expect(consumed != nil)
            }
        }
    }

    @Test("Chunk extensions without end are not waited for")
    func endlessExtension() throws {
        let endless = "HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n5;" + String(repeating: "x", count: 20_000)
        let (rejection, consumed) = try reject(endless)
        #expect(rejection.contentPrefix.isEmpty)
        #expect(consumed.map { $0 < 17_000 } == true)
    }

    @Test("Statuses without content are complete with their head", arguments: [204, 304])
    func noContent(status: Int) throws {
        let (rejection, consumed) = try reject("HTTP/1.0 \(status)\r\nContent-Length: 5\r\n\r\nabcde")
        #expect(rejection.status == status)
        #expect(rejection.reasonPhrase == "")
        #expect(rejection.contentPrefix.isEmpty)
        #expect(consumed == 35)
    }

    @Test("200, redirects and HTTP/1.0 answers are rejections, not violations", arguments: [200, 302, 401, 599, 999])
    func statuses(status: Int) throws {
        let (rejection, _) = try reject("HTTP/1.0 \(status) x\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n")
        #expect(rejection.status == status)
        #expect(rejection.fields["Location"] == "/y")
    }

    @Test("A parser says when it only waits for content, and gives what there is")
    func deadline() throws {
        var response = OpeningResponse(
            to: try OpeningRequest(url: WebSocketURL("ws://h/"), key: OpeningKey(nonce: (1, 2)))
        )
        func offer(_ text: String) throws {
            _ = try Array(text.utf8).withUnsafeBytes { try response.decode($0) }
        }
        try offer("HTTP/1.1 403 Forbidden\r\n")
        let isReadingEarly = response.isReadingContent
        try offer("\r\nhalf")
        let isReadingLate = response.isReadingContent
        #expect(!isReadingEarly)
        #expect(isReadingLate)
        let answer = response.end()
        guard case .rejected(let rejection) = answer else {
            Issue.record("\(String(describing: answer))")
            return
        }
        #expect(rejection.contentPrefix == Array("half".utf8))
        #expect(response.end() == nil)
    }

    @Test(
        "An end inside the head is no answer",
        arguments: ["", "HTTP/1.1", "HTTP/1.1 403 x\r\n", "HTTP/1.1 403 x\r\nX: y\r\n"]
    )
    func endInHead(text: String) throws {
        #expect(try answer(Array(text.utf8)) == .incomplete(nil))
    }

    @Test("Spoilt answers give the same outcome however they are cut, and never trap")
    func fuzz() throws {
        let seed: UInt64 = 0x9112
        print("RejectionTests.fuzz: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let answers = [
            "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(sampleAccept)\r\n\r\n\u{1}",
            "HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n",
            "HTTP/1.1 100 x\r\n\r\nHTTP/1.0 503 y\r\nContent-Length: 7\r\n\r\n0123456789", "HTTP/1.1 302\r\n\r\nfoo",
        ].map { Array($0.utf8) }
        var violations: Set<HandshakeViolation.Rule> = []
        for round in 0..<3000 {
            var bytes = answers[round % answers.count]
            for _ in 0..<generator.pick(0...3) {
                let place = generator.pick(0...bytes.count - 1)
                switch generator.pick(0...3) {
                case 0: bytes[place] = Array("\r\n :\0\t1x".utf8)[generator.pick(0...7)]
                case 1: bytes[place] = UInt8(generator.pick(0...255))
                case 2: bytes.insert(UInt8(generator.pick(0...255)), at: place)
                default: bytes.remove(at: place)
                }
            }
            let whole = try answer(bytes)
            let cut = try answer(bytes, cuts: [generator.pick(1...9), generator.pick(1...40)])
            if whole != cut { Issue.record("round \(round): \(bytes)") }
            if case .violation(let violation) = whole { violations.insert(violation.rule) }
        }
        #expect(violations.count >= 9, "only \(violations.map(\.rawValue).sorted())")
    }
}
