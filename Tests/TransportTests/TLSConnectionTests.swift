import Glibc
import NameResolution
import TestSupport
import Testing

@testable import Transport

/// What comes after the handshake.
@Suite("TLS connections")
struct TLSConnectionTests {
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

    @Test("what is sent in the middle of a new handshake leaves when that is done")
    func renegotiation() async throws {
        let authority = try CertificateAuthority()
        let goOn = try StopSignal()
        let received = Collected<[UInt8]>()
        let identity = try authority.issue(addresses: ["127.0.0.1"])
        let server = try TLSServer(identity: identity, options: .init(versions: 0x0303...0x0303)) { peer in
            try peer.write(tlsGreeting)
            try peer.requestRenegotiation()
            goOn.wait(atMost: .seconds(20))
            received.append(try peer.read(exactly: 5))
        }
        try await withLoop { loop in
            let context = try TLSContext(trusting(authority))
            let connection = try await Connection.establish(
                loop,
                .host("127.0.0.1", port: server.port),
                tls: (context, "127.0.0.1")
            ) { client in
                client.onReceived = { socket in
                    // Behind the read that meets the server's request.
                    let socket = LoopBound(socket, to: loop)
                    Task { @Sendable in
                        try await Task.sleep(for: .milliseconds(200))
                        await loop.run { socket.value.write(Array("hello".utf8)) }
                        goOn.raise()
                    }
                }
            }
            try await connection.over()
            #expect(received.values == [Array("hello".utf8)], "\(server.failures)")
        }
    }
}
