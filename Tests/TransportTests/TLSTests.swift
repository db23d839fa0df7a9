import Glibc
import NameResolution
import TestSupport
import Testing

@testable import Transport

/// Real handshakes with real certificates: each fault is its own kind, with words that help.
@Suite("TLS")
struct TLSTests {
    /// What a TLS dial came to.
    private enum Outcome {
        case established(bytes: [UInt8], facts: String)
        case failed(TLSFailure)
        case other(String)
    }

    private static let greeting = Array("hello from the other side".utf8)

    /// Dials `port`, waits for the greeting or the failure, and checks that nothing is left open.
    private func dial(
        _ options: TLSOptions, port: UInt16, host: String = "127.0.0.1", serverName: String? = nil
    ) async throws -> Outcome {
        try await withLoop { loop in
            let context = try TLSContext(options)
            let connection = await Connection.dial(
                loop, .host(host, port: port), tls: (context, serverName ?? host))
            try await eventually("an outcome") {
                connection.record.isOver || connection.record.bytes == Self.greeting
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
            if seen.bytes == Self.greeting { return .established(bytes: seen.bytes, facts: facts) }
            return .other("\(seen)")
        }
    }

    private func server(
        _ identity: IssuedCertificate, address: ListenerAddress = .ipv4(), _ options: TLSServer.Options = .init()
    ) throws -> TLSServer {
        try TLSServer(address, identity: identity, options: options) { peer in
            try peer.write(Self.greeting)
            _ = try? peer.readToEnd()
        }
    }

    private func trusting(_ authority: CertificateAuthority) -> TLSOptions {
        TLSOptions(certificateAuthority: .pem(authority.certificate))
    }

    private func expectFailure(
        _ outcome: Outcome, _ kind: TLSFailure.Kind, says words: [String], isCertificate: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard case .failed(let failure) = outcome else {
            Issue.record("\(outcome)", sourceLocation: sourceLocation)
            return
        }
        #expect(failure.kind == kind, "\(failure)", sourceLocation: sourceLocation)
        #expect(failure.isCertificate == isCertificate, sourceLocation: sourceLocation)
        for word in words {
            #expect(failure.message.contains(word), "no “\(word)” in: \(failure.message)", sourceLocation: sourceLocation)
        }
    }

    private func expectEstablished(_ outcome: Outcome, _ fact: String = "TLSv1.3", sourceLocation: SourceLocation = #_sourceLocation) {
        guard case .established(_, let facts) = outcome else {
            Issue.record("\(outcome)", sourceLocation: sourceLocation)
            return
        }
        #expect(facts.contains(fact), sourceLocation: sourceLocation)
    }

    @Test("a good certificate: by name, by IPv4 and by IPv6 literal")
    func good() async throws {
        let authority = try CertificateAuthority()
        let identity = try authority.issue(names: ["localhost", "*.feed.test"], addresses: ["127.0.0.1", "::1"])
        let v4 = try server(identity)
        expectEstablished(try await dial(trusting(authority), port: v4.port))
        expectEstablished(try await dial(trusting(authority), port: v4.port, serverName: "localhost"))
        expectEstablished(try await dial(trusting(authority), port: v4.port, serverName: "a.feed.test"))
        let v6 = try server(identity, address: .ipv6())
        expectEstablished(try await dial(trusting(authority), port: v6.port, host: "::1"))
        let old = try server(identity, TLSServer.Options(versions: 0x0303...0x0303))
        expectEstablished(try await dial(trusting(authority), port: old.port), "TLSv1.2")
    }

    @Test("expired and not yet valid: until when, since when, and what this clock says")
    func dates() async throws {
        let authority = try CertificateAuthority()
        let expired = try server(authority.issue(addresses: ["127.0.0.1"], commonName: "old feed", validity: .expired))
        expectFailure(
            try await dial(trusting(authority), port: expired.port), .expired,
            says: ["expired at 20", "UTC", "clock", "old feed", "127.0.0.1:\(expired.port)"])
        let future = try server(authority.issue(addresses: ["127.0.0.1"], validity: .future))
        expectFailure(
            try await dial(trusting(authority), port: future.port), .notYetValid, says: ["not good before 20", "clock"])
    }

    @Test("another name, another address: what was expected and what the certificate is for")
    func names() async throws {
        let authority = try CertificateAuthority()
        let named = try server(authority.issue(names: ["other.test", "more.test"]))
        expectFailure(
            try await dial(trusting(authority), port: named.port, serverName: "feed.test"),
            .nameMismatch(expected: "feed.test"), says: ["“feed.test”", "DNS:other.test", "DNS:more.test"])
        expectFailure(
            try await dial(trusting(authority), port: named.port), .nameMismatch(expected: "127.0.0.1"),
            says: ["“127.0.0.1”", "DNS:other.test"])
        let addressed = try server(authority.issue(addresses: ["192.0.2.7", "2001:db8::7"]))
        expectFailure(
            try await dial(trusting(authority), port: addressed.port), .nameMismatch(expected: "127.0.0.1"),
            says: ["192.0.2.7"])
        let v6 = try server(authority.issue(addresses: ["2001:db8::7"]), address: .ipv6())
        expectFailure(
            try await dial(trusting(authority), port: v6.port, host: "::1"), .nameMismatch(expected: "::1"),
            says: ["“::1”", "2001:DB8"])
        // A name that looks like the address is not the address, and the common name counts for nothing.
        let imitation = try server(authority.issue(names: ["127.0.0.1"], commonName: "127.0.0.1"))
        expectFailure(
            try await dial(trusting(authority), port: imitation.port), .nameMismatch(expected: "127.0.0.1"), says: [])
        let partial = try server(authority.issue(names: ["f*.test"]))
        expectFailure(
            try await dial(trusting(authority), port: partial.port, serverName: "feed.test"),
            .nameMismatch(expected: "feed.test"), says: [])
    }

    @Test("self-signed and signed by a stranger: who is missing, and where to name them")
    func issuers() async throws {
        let authority = try CertificateAuthority()
        let selfSigned = try server(CertificateAuthority.selfSigned(addresses: ["127.0.0.1"]))
        expectFailure(
            try await dial(trusting(authority), port: selfSigned.port), .selfSigned, says: ["signed by itself"])
        let stranger = try CertificateAuthority(name: "A Stranger")
        let unknown = try server(stranger.issue(addresses: ["127.0.0.1"]))
        expectFailure(
            try await dial(trusting(authority), port: unknown.port), .unknownIssuer, says: ["A Stranger", "not trusted"])
        expectFailure(
            try await dial(TLSOptions(), port: unknown.port), .unknownIssuer, says: ["certificate authority"])
        let directory = try TemporaryDirectory()
        let path = try directory.write(authority.certificate, to: "ca.pem")
        expectFailure(
            try await dial(TLSOptions(certificateAuthority: .file(path)), port: unknown.port), .unknownIssuer,
            says: [path])
    }

    @Test("without verification every one of them is accepted")
    func unverified() async throws {
        let stranger = try CertificateAuthority()
        for identity in [
            try CertificateAuthority.selfSigned(names: ["other.test"]),
            try stranger.issue(names: ["other.test"], validity: .expired),
        ] {
            let server = try server(identity)
            expectEstablished(try await dial(TLSOptions(verify: false), port: server.port))
        }
    }

    @Test("a client certificate that is wanted and given is accepted, from two files or from one")
    func clientCertificate() async throws {
        let authority = try CertificateAuthority()
        let identity = try authority.issue(addresses: ["127.0.0.1"])
        let client = try authority.issue(commonName: "hawser client")
        let directory = try TemporaryDirectory()
        let certificate = try directory.write(client.certificate, to: "client.pem")
        let key = try directory.write(client.key, to: "client.key")
        let both = try directory.write(client.key + client.certificate, to: "both.pem")
        for versions: ClosedRange<Int32> in [0x0303...0x0303, 0x0304...0x0304] {
            let server = try server(identity, .init(versions: versions, clientAuthority: authority))
            var options = trusting(authority)
            options.clientCertificate = certificate
            options.clientKey = key
            expectEstablished(try await dial(options, port: server.port), "TLS")
            options.clientCertificate = both
            options.clientKey = nil
            expectEstablished(try await dial(options, port: server.port), "TLS")
        }
    }

    @Test("a client certificate that is wanted and missing, or not to the server's liking", arguments: [0x0303, 0x0304])
    func clientCertificateMissing(version: Int32) async throws {
        let authority = try CertificateAuthority()
        let identity = try authority.issue(addresses: ["127.0.0.1"])
        let server = try server(identity, .init(versions: version...version, clientAuthority: authority))
        expectFailure(
            try await dial(trusting(authority), port: server.port), .clientCertificateRequired,
            says: ["wants a client certificate", "none is configured"])
        let stranger = try CertificateAuthority(name: "A Stranger").issue(commonName: "intruder")
        let directory = try TemporaryDirectory()
        var options = trusting(authority)
        options.clientCertificate = try directory.write(stranger.certificate + stranger.key, to: "client.pem")
        expectFailure(
            try await dial(options, port: server.port), .clientCertificateRejected,
            says: ["did not accept", directory.file("client.pem")])
    }

    @Test("the late “certificate required” of TLS 1.3 is heard even when our first bytes meet a closed door")
    func lateAlert() async throws {
        let authority = try CertificateAuthority()
        let server = try server(
            authority.issue(addresses: ["127.0.0.1"]), .init(versions: 0x0304...0x0304, clientAuthority: authority))
        try await withLoop { loop in
            let context = try TLSContext(trusting(authority))
            for _ in 0..<20 {
                let connection = await Connection.dial(
                    loop, .host("127.0.0.1", port: server.port), tls: (context, "127.0.0.1")
                ) { client in
                    client.onEstablished = { $0.write([UInt8](repeating: 1, count: 500)) }
                }
                try await connection.over()
                guard case .tls(let failure)? = connection.record.end else {
                    Issue.record("\(connection.record.now)")
                    continue
                }
                #expect(failure.kind == .clientCertificateRequired)
            }
        }
    }

    @Test("a server that speaks nothing newer than TLS 1.1, or than our minimum")
    func versions() async throws {
        let authority = try CertificateAuthority()
        let identity = try authority.issue(addresses: ["127.0.0.1"])
        let outdated = try server(identity, .init(versions: 0x0302...0x0302))
        expectFailure(
            try await dial(trusting(authority), port: outdated.port), .protocolVersion, says: ["TLS 1.2 or newer"],
            isCertificate: false)
        let older = try server(identity, .init(versions: 0x0303...0x0303))
        var options = trusting(authority)
        options.minimumVersion = .v1_3
        expectFailure(
            try await dial(options, port: older.port), .protocolVersion, says: ["TLS 1.3 or newer"],
            isCertificate: false)
    }

    @Test("a server that does not speak TLS at all, and one that hangs up")
    func notTLS() async throws {
        let plain = try RawListener()
        let port = plain.port
        let talker = try plain.handOver("plain") { peer in
            _ = try? peer.receive()
            try? peer.send(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
            _ = try? peer.receive()
        }
        expectFailure(
            try await dial(TLSOptions(), port: port), .notTLS, says: ["does not speak TLS", "ws://"], isCertificate: false)
        talker.join()
        for reset in [false, true] {
            let mute = try RawListener()
            let mutePort = mute.port
            let hanger = try mute.handOver("mute") { peer in
                _ = try? peer.receive()
                if reset { peer.reset() }
            }
            expectFailure(
                try await dial(TLSOptions(), port: mutePort), .closed, says: ["handshake"], isCertificate: false)
            hanger.join()
        }
    }

    @Test("a name is announced to the server, an address is not")
    func serverName() async throws {
        let authority = try CertificateAuthority()
        let seen = Collected<String>()
        let server = try TLSServer(identity: authority.issue(names: ["feed.test"], addresses: ["127.0.0.1"])) { peer in
            seen.append(peer.serverName ?? "-")
            try peer.write(Self.greeting)
            _ = try? peer.readToEnd()
        }
        expectEstablished(try await dial(trusting(authority), port: server.port, serverName: "feed.test"))
        expectEstablished(try await dial(trusting(authority), port: server.port))
        #expect(seen.values == ["feed.test", "-"])
    }

    @Test("sessions are resumed when asked for, also after an abort, and not otherwise", arguments: [0x0303, 0x0304])
    func resumption(version: Int32) async throws {
        let authority = try CertificateAuthority()
        let server = try server(authority.issue(addresses: ["127.0.0.1"]), .init(versions: version...version))
        try await withLoop { loop in
            for resumes in [false, true] {
                var options = trusting(authority)
                options.resumeSessions = resumes
                let context = try TLSContext(options)
                var seen: [Bool] = []
                for _ in 0..<3 {
                    let connection = try await Connection.establish(
                        loop, .host("127.0.0.1", port: server.port), tls: (context, "127.0.0.1"))
                    try await eventually("the greeting") { connection.record.bytes == Self.greeting }
                    seen.append(await connection.with { $0.tlsIsResumed } ?? false)
                    await connection.with { $0.abort() }
                    try await connection.over()
                }
                #expect(seen == [false, resumes, resumes])
            }
        }
    }

    @Test("an orderly end of the peer is eof; so is a cut, which WebSocket tells apart by itself")
    func ends() async throws {
        let authority = try CertificateAuthority()
        let server = try TLSServer(identity: authority.issue(addresses: ["127.0.0.1"])) { try $0.write(Self.greeting) }
        try await withLoop { loop in
            let context = try TLSContext(trusting(authority))
            let connection = try await Connection.establish(
                loop, .host("127.0.0.1", port: server.port), tls: (context, "127.0.0.1"))
            try await connection.over()
            #expect(connection.record.bytes == Self.greeting)
            if case .eof? = connection.record.end {} else { Issue.record("\(connection.record.now.ends)") }
        }
    }

    @Test("shutdownAfterFlush tells the peer so, within TLS, after everything that was queued")
    func closeNotify() async throws {
        let authority = try CertificateAuthority()
        let received = Collected<Int>()
        let payload = [UInt8](repeating: 5, count: 6_000_000)
        let server = try TLSServer(identity: authority.issue(addresses: ["127.0.0.1"])) { peer in
            received.append(try peer.readToEnd().count)
        }
        try await withLoop { loop in
            let context = try TLSContext(trusting(authority))
            let connection = try await Connection.establish(
                loop, .host("127.0.0.1", port: server.port), tls: (context, "127.0.0.1"))
            await connection.with { socket in
                socket.write(payload)
                socket.shutdownAfterFlush()
            }
            try await connection.over()
            #expect(received.values == [payload.count])
            #expect(server.failures.isEmpty, "\(server.failures)")
            if case .eof? = connection.record.end {} else { Issue.record("\(connection.record.now.ends)") }
        }
    }
}
