import Glibc
import NameResolution
import TestSupport
import Testing

@testable import Transport

/// Real handshakes with real certificates: each fault is its own kind, with words that help.
@Suite("TLS verification")
struct TLSTests {
    @Test("a good certificate: by name, by IPv4 and by IPv6 literal")
    func good() async throws {
        let authority = try CertificateAuthority()
        let identity = try authority.issue(names: ["localhost", "*.feed.test"], addresses: ["127.0.0.1", "::1"])
        let v4 = try greetingServer(identity)
        expectEstablished(try await dialTLS(trusting(authority), port: v4.port))
        expectEstablished(try await dialTLS(trusting(authority), port: v4.port, serverName: "localhost"))
        expectEstablished(try await dialTLS(trusting(authority), port: v4.port, serverName: "a.feed.test"))
        let v6 = try greetingServer(identity, address: .ipv6())
        expectEstablished(try await dialTLS(trusting(authority), port: v6.port, host: "::1"))
        let old = try greetingServer(identity, TLSServer.Options(versions: 0x0303...0x0303))
        expectEstablished(try await dialTLS(trusting(authority), port: old.port), "TLSv1.2")
    }

    @Test("expired and not yet valid: until when, since when, and what this clock says")
    func dates() async throws {
        let authority = try CertificateAuthority()
        let expired = try greetingServer(
            authority.issue(addresses: ["127.0.0.1"], commonName: "old feed", validity: .expired)
        )
        expectFailure(
            try await dialTLS(trusting(authority), port: expired.port),
            .expired,
            says: ["expired at 20", "UTC", "clock", "old feed", "127.0.0.1:\(expired.port)"]
        )
        let future = try greetingServer(authority.issue(addresses: ["127.0.0.1"], validity: .future))
        expectFailure(
            try await dialTLS(trusting(authority), port: future.port),
            .notYetValid,
            says: ["not good before 20", "clock"]
        )
    }

    @Test("another name, another address: what was expected and what the certificate is for")
    func names() async throws {
        let authority = try CertificateAuthority()
        let named = try greetingServer(authority.issue(names: ["other.test", "more.test"]))
        expectFailure(
            try await dialTLS(trusting(authority), port: named.port, serverName: "feed.test"),
            .nameMismatch(expected: "feed.test"),
            says: ["“feed.test”", "DNS:other.test", "DNS:more.test"]
        )
        expectFailure(
            try await dialTLS(trusting(authority), port: named.port),
            .nameMismatch(expected: "127.0.0.1"),
            says: ["“127.0.0.1”", "DNS:other.test"]
        )
        let addressed = try greetingServer(authority.issue(addresses: ["192.0.2.7", "2001:db8::7"]))
        expectFailure(
            try await dialTLS(trusting(authority), port: addressed.port),
            .nameMismatch(expected: "127.0.0.1"),
            says: ["192.0.2.7"]
        )
        let v6 = try greetingServer(authority.issue(addresses: ["2001:db8::7"]), address: .ipv6())
        expectFailure(
            try await dialTLS(trusting(authority), port: v6.port, host: "::1"),
            .nameMismatch(expected: "::1"),
            says: ["“::1”", "2001:DB8"]
        )
        // A name that looks like the address is not the address, and the common name counts for nothing.
        let imitation = try greetingServer(authority.issue(names: ["127.0.0.1"], commonName: "127.0.0.1"))
        expectFailure(
            try await dialTLS(trusting(authority), port: imitation.port),
            .nameMismatch(expected: "127.0.0.1"),
            says: []
        )
        let partial = try greetingServer(authority.issue(names: ["f*.test"]))
        expectFailure(
            try await dialTLS(trusting(authority), port: partial.port, serverName: "feed.test"),
            .nameMismatch(expected: "feed.test"),
            says: []
        )
    }

    @Test("self-signed and signed by a stranger: who is missing, and where to name them")
    func issuers() async throws {
        let authority = try CertificateAuthority()
        let selfSigned = try greetingServer(CertificateAuthority.selfSigned(addresses: ["127.0.0.1"]))
        expectFailure(
            try await dialTLS(trusting(authority), port: selfSigned.port),
            .selfSigned,
            says: ["signed by itself"]
        )
        let stranger = try CertificateAuthority(name: "A Stranger")
        let unknown = try greetingServer(stranger.issue(addresses: ["127.0.0.1"]))
        expectFailure(
            try await dialTLS(trusting(authority), port: unknown.port),
            .unknownIssuer,
            says: ["A Stranger", "not trusted"]
        )
        expectFailure(
            try await dialTLS(TLSOptions(), port: unknown.port),
            .unknownIssuer,
            says: ["certificate authority"]
        )
        let directory = try TemporaryDirectory()
        let path = try directory.write(authority.certificate, to: "ca.pem")
        expectFailure(
            try await dialTLS(TLSOptions(certificateAuthority: .file(path)), port: unknown.port),
            .unknownIssuer,
            says: [path]
        )
    }

    @Test("without verification every one of them is accepted")
    func unverified() async throws {
        let stranger = try CertificateAuthority()
        for identity in [
            try CertificateAuthority.selfSigned(names: ["other.test"]),
            try stranger.issue(names: ["other.test"], validity: .expired),
        ] {
            let server = try greetingServer(identity)
            expectEstablished(try await dialTLS(TLSOptions(verify: false), port: server.port))
        }
    }

    @Test("a server that speaks nothing newer than TLS 1.1, or than our minimum")
    func versions() async throws {
        let authority = try CertificateAuthority()
        let identity = try authority.issue(addresses: ["127.0.0.1"])
        let outdated = try greetingServer(identity, .init(versions: 0x0302...0x0302))
        expectFailure(
            try await dialTLS(trusting(authority), port: outdated.port),
            .protocolVersion,
            says: ["TLS 1.2 or newer"],
            isCertificate: false
        )
        let older = try greetingServer(identity, .init(versions: 0x0303...0x0303))
        var options = trusting(authority)
        options.minimumVersion = .v1_3
        expectFailure(
            try await dialTLS(options, port: older.port),
            .protocolVersion,
            says: ["TLS 1.3 or newer"],
            isCertificate: false
        )
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
            try await dialTLS(TLSOptions(), port: port),
            .notTLS,
            says: ["does not speak TLS", "ws://"],
            isCertificate: false
        )
        talker.join()
        for reset in [false, true] {
            let mute = try RawListener()
            let mutePort = mute.port
            let hanger = try mute.handOver("mute") { peer in
                _ = try? peer.receive()
                if reset { peer.reset() }
            }
            expectFailure(
                try await dialTLS(TLSOptions(), port: mutePort),
                .closed,
                says: ["handshake"],
                isCertificate: false
            )
            hanger.join()
        }
    }

    @Test("a name is announced to the server, an address is not")
    func serverName() async throws {
        let authority = try CertificateAuthority()
        let seen = Collected<String>()
        let server = try TLSServer(identity: authority.issue(names: ["feed.test"], addresses: ["127.0.0.1"])) { peer in
            seen.append(peer.serverName ?? "-")
            try peer.write(tlsGreeting)
            _ = try? peer.readToEnd()
        }
        expectEstablished(try await dialTLS(trusting(authority), port: server.port, serverName: "feed.test"))
        expectEstablished(try await dialTLS(trusting(authority), port: server.port))
        #expect(seen.values == ["feed.test", "-"])
    }
}
