import NameResolution
import TestSupport
import Testing

@testable import Transport

/// What a TLS dial came to.
enum TLSOutcome {
    case established(bytes: [UInt8], facts: String)
    case failed(TLSFailure)
    case other(String)
}

/// What the servers of these tests say first.
let tlsGreeting = Array("hello from the other side".utf8)

/// Dials `port`, waits for the greeting or the failure, and checks that nothing is left open.
func dialTLS(
    _ options: TLSOptions,
    port: UInt16,
    host: String = "127.0.0.1",
    serverName: String? = nil
) async throws -> TLSOutcome {
    try await withLoop { loop in
        let context = try TLSContext(options)
        let connection = await Connection.dial(
            loop,
            .host(host, port: port),
            tls: (context, serverName ?? host)
        )
        try await eventually("an outcome") {
            connection.record.isOver || connection.record.bytes == tlsGreeting
        }
        let facts = await connection.with { "\($0.tlsVersion ?? "-") \($0.tlsCipher ?? "-")" } ?? ""
        await connection.with { $0.abort() }
        if connection.record.now.established == 1 { try await connection.over() }
        try await eventually("no open socket") { loop.openSockets == 0 }
        let seen = connection.record.now
        #expect(seen.late.isEmpty)
        #expect(seen.failures.count + seen.ends.count == 1)
        if case .tls(let failure)? = seen.failures.first { return .failed(failure) }
        // TLS 1.3: the server's verdict on our certificate comes after the handshake.
        if case .tls(let failure)? = seen.ends.first { return .failed(failure) }
        if seen.bytes == tlsGreeting { return .established(bytes: seen.bytes, facts: facts) }
        return .other("\(seen)")
    }
}

/// A server that greets and waits for the end.
func greetingServer(
    _ identity: IssuedCertificate,
    address: ListenerAddress = .ipv4(),
    _ options: TLSServer.Options = .init()
) throws -> TLSServer {
    try TLSServer(address, identity: identity, options: options) { peer in
        try peer.write(tlsGreeting)
        _ = try? peer.readToEnd()
    }
}

func trusting(_ authority: CertificateAuthority) -> TLSOptions {
    TLSOptions(certificateAuthority: .pem(authority.certificate))
}

func expectFailure(
    _ outcome: TLSOutcome,
    _ kind: TLSFailure.Kind,
    says words: [String],
    isCertificate: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard case .failed(let failure) = outcome else {
        Issue.record("\(outcome)", sourceLocation: sourceLocation)
        return
    }
    #expect(failure.kind == kind, "\(failure)", sourceLocation: sourceLocation)
    #expect(failure.isCertificate == isCertificate, sourceLocation: sourceLocation)
    for word in words {
        #expect(
            failure.message.contains(word),
            "no “\(word)” in: \(failure.message)",
            sourceLocation: sourceLocation
        )
    }
}

func expectEstablished(
    _ outcome: TLSOutcome,
    _ fact: String = "TLSv1.3",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard case .established(_, let facts) = outcome else {
        Issue.record("\(outcome)", sourceLocation: sourceLocation)
        return
    }
    #expect(facts.contains(fact), sourceLocation: sourceLocation)
}
