import HawserHTTP
import NameResolution
import TestSupport
import Testing

@Suite("HTTP client: what goes wrong", .serialized)
struct ClientFailureTests {
    /// The stage that expired; nil for any other end.
    private func expired(_ error: HTTPError?) -> HTTPTimeouts.Stage? {
        if case .timedOut(let stage, _)? = error?.kind { stage } else { nil }
    }

    private func expiring(_ stage: HTTPTimeouts.Stage, _ after: Duration = .milliseconds(150)) -> HTTPTimeouts {
        var timeouts = HTTPTimeouts.none
        switch stage {
        case .connect: timeouts.connect = after
        case .read: timeouts.read = after
        case .write: timeouts.write = after
        case .pool: timeouts.pool = after
        case .total: timeouts.total = after
        }
        return timeouts
    }

    @Test("each timeout has its name and its time", arguments: HTTPTimeouts.Stage.allCases)
    func timeouts(stage: HTTPTimeouts.Stage) async throws {
        // Answers nothing, and reads nothing beyond the head.
        let server = try FaultServer { connection in
            _ = try connection.stream.readHead()
            try connection.hold()
        }
        // A name whose look-up takes longer than anybody waits.
        let release = try StopSignal()
        let stuck = NameResolver { host in
            release.wait(atMost: .seconds(20))
            return .failure(NameResolutionError(host: host, kind: .notFound, detail: "late"))
        }
        defer { release.raise() }
        try await withClient({
            $0.pool = HTTPPoolLimits(maxConnections: 1)
            if stage == .connect { $0.resolver = stuck }
        }) { client in
            var request = try HTTPRequest(.put, stage == .connect ? "http://stuck.example/" : server.http())
            if stage == .write { request.content = .bytes([UInt8](repeating: 1, count: 64 << 20)) }
            request.timeouts = expiring(stage)
            var first: Task<Void, any Error>?
            if stage == .pool {
                let holding = try HTTPRequest(.get, server.http())
                first = Task { _ = try await client.execute(holding) }
                try await eventually("the first request") { server.requests.count + server.counts.total >= 1 }
            }
            let error = try #require(await failure { _ = try await client.execute(request) })
            #expect(expired(error) == stage, "\(error)")
            #expect("\(error)".contains("0.15 seconds") && "\(error)".contains("timeout \(stage.rawValue)"))
            first?.cancel()
            _ = await first?.result
        }
    }

    @Test(
        "malformed answers: each its own error, and the client goes on",
        arguments: [
            ("hello\r\n\r\n", "statusLine"), ("SSH-2.0-x\r\n", "statusLine"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx", "length"),
            ("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx", "length"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx", "chunking"),
            ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", "encoding"),
        ]
    )
    func malformed(answer: String, part: String) async throws {
        let server = try FaultServer { connection in
            _ = try connection.stream.readHead()
            if connection.number == 1 {
                try connection.send(answer)
                connection.close()
            } else {
                try connection.answer(200, [], "good")
            }
        }
        try await withClient { client in
            let error = try #require(await failure { _ = try await client.get(server.http()) })
            guard case .malformed(let found, _) = error.kind else {
                Issue.record("\(error)")
                return
            }
            #expect(found.rawValue == part, "\(error)")
            #expect(try await client.get(server.http()).text() == "good")
        }
    }

    @Test("endless fields end at the limit, and so does content that is kept whole")
    func limits() async throws {
        let server = try FaultServer { connection in
            if try connection.stream.readHead().target == "/fields" {
                try connection.send("HTTP/1.1 200 OK\r\n")
                for number in 0..<1_000_000 { try connection.send("X-\(number): \(number)\r\n") }
            } else {
                try connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                let chunk = String(repeating: "x", count: 0x8000)
                for _ in 0..<1_000_000 { try connection.send("8000\r\n\(chunk)\r\n") }
            }
        }
        try await withClient({ $0.responseLimit = 1 << 20 }) { client in
            let fields = try #require(await failure { _ = try await client.get(server.http("/fields")) })
            #expect("\(fields)".contains("more than 65536 bytes"))
            let content = try #require(await failure { _ = try await client.get(server.http("/content")) })
            #expect("\(content)".contains("more than 1048576 bytes"))
        }
    }

    @Test("content that stops too early is a loss, and nobody there is told from lost")
    func losses() async throws {
        let server = try FaultServer { connection in
            _ = try connection.stream.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        }
        let gone = try FaultServer { _ in }
        let port = gone.port
        gone.stop()
        try await withClient { client in
            let early = try #require(await failure { _ = try await client.get(server.http()) })
            guard case .connectionLost = early.kind else {
                Issue.record("\(early)")
                return
            }
            let refused = try #require(await failure { _ = try await client.get("http://127.0.0.1:\(port)/") })
            guard case .cannotConnect = refused.kind else {
                Issue.record("\(refused)")
                return
            }
            let unknown = try #require(await failure { _ = try await client.get("http://nobody.invalid/") })
            guard case .nameLookup(let error) = unknown.kind else {
                Issue.record("\(unknown)")
                return
            }
            #expect(error.host == "nobody.invalid")
        }
    }

    @Test("certificates that are not right, each by its reason")
    func certificates() async throws {
        let authority = try CertificateAuthority()
        let folder = try TemporaryDirectory()
        let trusted = try folder.write(authority.certificate, to: "ca.pem")
        for (identity, reason) in [
            (try authority.issue(addresses: ["127.0.0.1"]), nil),
            (try authority.issue(addresses: ["127.0.0.1"], validity: .expired), HTTPError.TLSReason.expired),
            (try authority.issue(addresses: ["127.0.0.1"], validity: .future), .notYetValid),
            (try authority.issue(names: ["other.example"]), .wrongName),
            (try CertificateAuthority().issue(addresses: ["127.0.0.1"]), .unknownIssuer),
        ] {
            let server = try TLSServer(identity: identity) { peer in
                _ = try peer.read()
                try peer.write(Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8))
                _ = try? peer.readToEnd()
            }
            try await withClient({ $0.tls.certificateAuthority = trusted }) { client in
                let url = "https://127.0.0.1:\(server.port)/"
                guard let reason else {
                    let answer = try await client.get(url)
                    #expect(answer.text() == "ok" && answer.timings.tls > .zero)
                    return
                }
                let error = try #require(await failure { _ = try await client.get(url) })
                guard case .tls(let found, _) = error.kind else {
                    Issue.record("\(error)")
                    return
                }
                #expect(found == reason, "\(error)")
            }
            server.stop()
        }
    }
}
