import HawserHTTP
import TestSupport
import Testing

/// Answers that no honest server gives.
@Suite("HTTP interop: rude servers", .serialized)
struct HTTPMalformedInteropTests {
    private static let rows: [(route: String, part: HTTPError.MalformedPart)] = [
        ("/no-status-line", .statusLine), ("/status-word", .statusLine), ("/status-large", .statusLine),
        ("/length-huge", .length), ("/length-negative", .length), ("/length-word", .length), ("/length-two", .length),
        ("/field-nul", .fields), ("/fields-endless", .fields), ("/field-endless", .fields),
        ("/interim-endless", .fields), ("/trailers-endless", .fields),
        ("/chunk-word", .chunking), ("/chunk-huge", .chunking), ("/chunk-end", .chunking),
        ("/gzip-wrong", .encoding), ("/gzip-flipped", .encoding), ("/gzip-cut", .encoding),
    ]

    @Test("each malformed answer is an error of its own, and the client goes on", arguments: rows)
    func malformed(row: (route: String, part: HTTPError.MalformedPart)) async throws {
        try await withHTTPServers { servers, client in
            let kind = await httpFailure { _ = try await client.get(servers.rude(row.route)) }
            guard case .malformed(row.part, _) = kind else {
                Issue.record("\(row.route): \(String(describing: kind))")
                return
            }
            let next = try await client.get(servers.rude("/good"))
            #expect(next.text() == "good")
        }
    }

    @Test(
        "an answer that ends early is a lost connection",
        arguments: ["/nothing", "/head-cut", "/content-cut", "/chunk-cut", "/reset"]
    )
    func cut(route: String) async throws {
        try await withHTTPServers { servers, client in
            let kind = await httpFailure { _ = try await client.get(servers.rude(route)) }
            guard case .connectionLost = kind else {
                Issue.record("\(route): \(String(describing: kind))")
                return
            }
            let next = try await client.get(servers.rude("/good"))
            #expect(next.text() == "good")
        }
    }

    @Test("an answer that goes on without ever getting on ends at the read timeout")
    func noProgress() async throws {
        try await withHTTPServers(.h1, { $0.timeouts.read = .milliseconds(300) }) { servers, client in
            let kind = await httpFailure { _ = try await client.get(servers.rude("/chunk-extension-endless")) }
            guard case .timedOut(.read, _) = kind else {
                Issue.record("\(String(describing: kind))")
                return
            }
            let next = try await client.get(servers.rude("/good"))
            #expect(next.text() == "good")
        }
    }

    @Test("redirects in a circle, and ones without end")
    func loops() async throws {
        try await withHTTPServers { servers, client in
            let loop = await httpFailure { _ = try await client.get(servers.rude("/loop")) }
            guard case .redirect(.loop) = loop else {
                Issue.record("\(String(describing: loop))")
                return
            }
            let chain = await httpFailure { _ = try await client.get(servers.rude("/chain/1")) }
            guard case .redirect(.tooMany(limit: 20)) = chain else {
                Issue.record("\(String(describing: chain))")
                return
            }
        }
    }

    @Test("content that grows without measure is cut off at the limit, also compressed, and so is the memory")
    func bomb() async throws {
        try await withHTTPServers(.h1, { $0.responseLimit = 1 << 20 }) { servers, client in
            let before = try PeakMemory.reset()
            let bomb = await httpFailure { _ = try await client.get(servers.rude("/gzip-bomb")) }
            guard case .tooLarge(limit: 1_048_576) = bomb else {
                Issue.record("\(String(describing: bomb))")
                return
            }
            let plain = await httpFailure { _ = try await client.get(servers.nginx(.h1, "/bytes/100000000")) }
            guard case .tooLarge(limit: 1_048_576) = plain else {
                Issue.record("\(String(describing: plain))")
                return
            }
            let grown = try PeakMemory.kibibytes() - before
            #expect(grown < 16 << 10, "\(grown) KiB")
            #expect(try await client.get(servers.nginx(.h1, "/bytes/1048576")).bytes.count == 1 << 20)
        }
    }

    @Test("each fault of a certificate is named", arguments: HTTPInteropServers.BadCertificate.allCases)
    func certificates(fault: HTTPInteropServers.BadCertificate) async throws {
        try await withHTTPServers(.h1OverTLS) { servers, client in
            let kind = await httpFailure { _ = try await client.get(servers.bad(fault)) }
            let expected: HTTPError.TLSReason =
                switch fault {
                case .expired: .expired
                case .wrongName: .wrongName
                case .selfSigned: .selfSigned
                }
            guard case .tls(expected, _) = kind else {
                Issue.record("\(fault): \(String(describing: kind))")
                return
            }
            let next = try await client.get(servers.nginx(.h1OverTLS, "/user/1"))
            #expect(next.status == 200)
        }
        try await withHTTPServers(.h1OverTLS, { $0.tls.certificateAuthority = nil }) { servers, client in
            let kind = await httpFailure { _ = try await client.get(servers.nginx(.h1OverTLS, "/user/1")) }
            guard case .tls(let reason, _) = kind, reason == .unknownIssuer || reason == .selfSigned else {
                Issue.record("\(String(describing: kind))")
                return
            }
        }
    }
}
