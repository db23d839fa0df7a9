import Glibc
import NameResolution
import TestSupport
import Testing

@testable import Transport

/// What comes after the handshake.
@Suite("TLS connections")
struct TLSConnectionTests {
    @Test("sessions are resumed when asked for, also after an abort, and not otherwise", arguments: [0x0303, 0x0304])
    func resumption(version: Int32) async throws {
        let authority = try CertificateAuthority()
        let server = try greetingServer(authority.issue(addresses: ["127.0.0.1"]), .init(versions: version...version))
        try await withLoop { loop in
            for resumes in [false, true] {
                var options = trusting(authority)
                options.resumeSessions = resumes
                let context = try TLSContext(options)
                var seen: [Bool] = []
                for _ in 0..<3 {
                    let connection = try await Connection.establish(
                        loop,
                        .host("127.0.0.1", port: server.port),
                        tls: (context, "127.0.0.1")
                    )
                    try await eventually("the greeting") { connection.record.bytes == tlsGreeting }
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
        let server = try TLSServer(identity: authority.issue(addresses: ["127.0.0.1"])) { try $0.write(tlsGreeting) }
        try await withLoop { loop in
            let context = try TLSContext(trusting(authority))
            let connection = try await Connection.establish(
                loop,
                .host("127.0.0.1", port: server.port),
                tls: (context, "127.0.0.1")
            )
            try await connection.over()
            #expect(connection.record.bytes == tlsGreeting)
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
                loop,
                .host("127.0.0.1", port: server.port),
                tls: (context, "127.0.0.1")
            )
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
