import ConnectionLifecycle
import HawserWebSocket
import TestSupport
import Testing
import Transport

/// What a TLS fault is to a session: its outcome decides how soon it is dialled again.
@Suite struct SecureSessionTests {
    @Test("A certificate of another authority is a fault of the certificate, also if the two have one name")
    func untrusted() async throws {
        let server = try TLSServer(identity: try CertificateAuthority().issue(addresses: ["127.0.0.1"])) { _ in }
        let held = try await hold(
            server,
            TLSOptions(certificateAuthority: .pem(try CertificateAuthority().certificate))
        )
        #expect(held.report.end.outcome == .tlsFailed)
        #expect(held.report.end.fault == .trust)
        #expect(held.report.end.stage == .securing)
        #expect(held.report.detail.contains("another key"), "\(held.report.detail)")
        server.stop()
    }

    @Test(
        "A server that wants a certificate of ours and gets none is one too, also where TLS 1.3 says so afterwards",
        arguments: [0x0303, 0x0304]
    )
    func clientCertificateMissing(_ version: Int32) async throws {
        let authority = try CertificateAuthority()
        let server = try TLSServer(
            identity: try authority.issue(addresses: ["127.0.0.1"]),
            options: .init(versions: version...version, clientAuthority: authority)
        ) { _ in }
        let held = try await hold(server, TLSOptions(certificateAuthority: .pem(authority.certificate)))
        #expect(held.report.end.outcome == .tlsFailed, "\(held.report)")
        #expect(held.report.end.fault == .trust)
        #expect(held.openings == 0)
        server.stop()
    }

    private func hold(_ server: TLSServer, _ options: TLSOptions) async throws -> HeldSession {
        try await withLoop { loop in
            var runner = SessionRunner(loop)
            runner.tls = try TLSContext(options)
            return try await runner.hold("wss://127.0.0.1:\(server.port)/")
        }
    }
}
