import NameResolution
import TestSupport
import Testing

@testable import Transport

/// Sessions that a further connection takes up again.
@Suite("TLS resumption")
struct TLSResumptionTests {
    /// Dials, waits for the greeting, and says whether the session was resumed; the connection stays open.
    private func dial(_ loop: EventLoop, _ context: TLSContext, _ port: UInt16) async throws -> (Connection, Bool) {
        let connection = try await Connection.establish(
            loop,
            .host("127.0.0.1", port: port),
            tls: (context, "127.0.0.1")
        )
        // Tickets of TLS 1.3 come before it.
        try await eventually("the greeting") { connection.record.bytes == tlsGreeting }
        return (connection, await connection.with { $0.tlsIsResumed } ?? false)
    }

    private func end(_ connection: Connection) async throws {
        await connection.with { $0.abort() }
        try await connection.over()
    }

    @Test("sessions are resumed unless switched off, also after an abort", arguments: [0x0303, 0x0304])
    func resumption(version: Int32) async throws {
        let authority = try CertificateAuthority()
        let server = try greetingServer(authority.issue(addresses: ["127.0.0.1"]), .init(versions: version...version))
        #expect(TLSOptions().resumeSessions)
        try await withLoop { loop in
            for resumes in [false, true] {
                var options = trusting(authority)
                options.resumeSessions = resumes
                let context = try TLSContext(options)
                var seen: [Bool] = []
                for _ in 0..<3 {
                    let (connection, isResumed) = try await dial(loop, context, server.port)
                    seen.append(isResumed)
                    try await end(connection)
                }
                #expect(seen == [false, resumes, resumes])
            }
        }
    }

    @Test("each ticket of TLS 1.3 serves one connection, and a full handshake brings two")
    func tickets() async throws {
        let authority = try CertificateAuthority()
        let server = try greetingServer(
            authority.issue(addresses: ["127.0.0.1"]),
            .init(versions: 0x0304...0x0304)
        )
        try await withLoop { loop in
            let context = try TLSContext(trusting(authority))
            let (first, isResumed) = try await dial(loop, context, server.port)
            #expect(!isResumed)
            #expect(context.sessions.count == 2)
            // Both are offered before a new one can have come.
            var dialled: [Connection] = []
            for _ in 0..<3 {
                dialled.append(
                    await Connection.dial(loop, .host("127.0.0.1", port: server.port), tls: (context, "127.0.0.1"))
                )
            }
            var resumed = 0
            for connection in dialled {
                try await eventually("the greeting") { connection.record.bytes == tlsGreeting }
                if await connection.with({ $0.tlsIsResumed }) == true { resumed += 1 }
            }
            #expect(resumed >= 2)
            for connection in dialled + [first] { try await end(connection) }
        }
    }

    @Test("what is kept of one peer has a limit")
    func limit() async throws {
        let authority = try CertificateAuthority()
        let server = try greetingServer(
            authority.issue(addresses: ["127.0.0.1"]),
            .init(versions: 0x0304...0x0304)
        )
        try await withLoop { loop in
            let context = try TLSContext(trusting(authority))
            // Twenty at once: no ticket is there for any of them, and each brings two.
            let dialled = await withTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask {
                        await Connection.dial(
                            loop,
                            .host("127.0.0.1", port: server.port),
                            tls: (context, "127.0.0.1")
                        )
                    }
                }
                return await group.reduce(into: [Connection]()) { $0.append($1) }
            }
            for connection in dialled {
                try await eventually("the greeting") { connection.record.bytes == tlsGreeting }
                #expect(context.sessions.count <= TLSSessionCache.perPeer)
            }
            for connection in dialled { try await end(connection) }
        }
    }

    @Test("a session is not resumed once its certificate has expired")
    func expiry() async throws {
        let authority = try CertificateAuthority()
        let identity = try authority.issue(addresses: ["127.0.0.1"], validity: .expired)
        let server = try greetingServer(identity)
        try await withLoop { loop in
            let context = try TLSContext(TLSOptions(verify: false))
            for _ in 0..<2 {
                let (connection, isResumed) = try await dial(loop, context, server.port)
                #expect(!isResumed)
                try await end(connection)
            }
        }
    }

    @Test("a handshake that fails drops the sessions of its peer")
    func failure() async throws {
        let authority = try CertificateAuthority()
        let identity = try authority.issue(addresses: ["127.0.0.1"])
        let options = TLSServer.Options(versions: 0x0303...0x0303)
        try await withLoop { loop in
            let context = try TLSContext(trusting(authority))
            let server = try greetingServer(identity, options)
            let port = server.port
            try await end(try await dial(loop, context, port).0)
            server.stop()
            #expect(context.sessions.count == 1)
            // In its place one that ends each connection at once.
            let broken = try FaultServer(.ipv4(port: port)) { _ in }
            let connection = await Connection.dial(loop, .host("127.0.0.1", port: port), tls: (context, "127.0.0.1"))
            try await eventually("a failure") { !connection.record.now.failures.isEmpty }
            broken.stop()
            try await eventually("none left") { context.sessions.count == 0 }
        }
    }
}
