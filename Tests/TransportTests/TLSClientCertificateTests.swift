import Glibc
import NameResolution
import TestSupport
import Testing

@testable import Transport

/// A server that wants to know who we are.
@Suite("TLS client certificates")
struct TLSClientCertificateTests {
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
            let server = try greetingServer(identity, .init(versions: versions, clientAuthority: authority))
            var options = trusting(authority)
            options.clientCertificate = certificate
            options.clientKey = key
            expectEstablished(try await dialTLS(options, port: server.port), "TLS")
            options.clientCertificate = both
            options.clientKey = nil
            expectEstablished(try await dialTLS(options, port: server.port), "TLS")
        }
    }

    @Test(
        "a client certificate that is wanted and missing, or not to the server's liking",
        arguments: [0x0303, 0x0304]
    )
    func clientCertificateMissing(version: Int32) async throws {
        let authority = try CertificateAuthority()
        let identity = try authority.issue(addresses: ["127.0.0.1"])
        let server = try greetingServer(identity, .init(versions: version...version, clientAuthority: authority))
        expectFailure(
            try await dialTLS(trusting(authority), port: server.port),
            .clientCertificateRequired,
            says: ["wants a client certificate", "none is configured"]
        )
        let stranger = try CertificateAuthority(name: "A Stranger").issue(commonName: "intruder")
        let directory = try TemporaryDirectory()
        var options = trusting(authority)
        options.clientCertificate = try directory.write(stranger.certificate + stranger.key, to: "client.pem")
        expectFailure(
            try await dialTLS(options, port: server.port),
            .clientCertificateRejected,
            says: ["did not accept", directory.file("client.pem")]
        )
    }

    @Test("the late “certificate required” of TLS 1.3 is heard even when our first bytes meet a closed door")
    func lateAlert() async throws {
        let authority = try CertificateAuthority()
        let server = try greetingServer(
            authority.issue(addresses: ["127.0.0.1"]),
            .init(versions: 0x0304...0x0304, clientAuthority: authority)
        )
        try await withLoop { loop in
            let context = try TLSContext(trusting(authority))
            for _ in 0..<20 {
                let connection = await Connection.dial(
                    loop,
                    .host("127.0.0.1", port: server.port),
                    tls: (context, "127.0.0.1")
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
}
