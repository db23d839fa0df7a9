import Glibc
import NameResolution
import TestSupport
import Testing

@testable import Transport

/// What a loop leaves behind: nothing. Each census needs a process of its own, as tests run side by side.
@Suite("Shutdown", .serialized)
struct ShutdownTests {
    @Test("200 connections, plain and TLS, some half-way, then shutdown: no descriptor and no thread is left")
    func leaks() async throws {
        await #expect(processExitsWith: .success) {
            let before = try await Self.baseline()
            try await Self.runFleet()
            let left = await before.leftOver()
            #expect(left.isEmpty, "\(left)")
        }
    }

    /// The process after a first loop: libuv keeps one pipe of its own for as long as the process lives.
    private static func baseline() async throws -> ProcessCensus {
        try await withLoop { _ in }
        return await ProcessCensus.baseline()
    }

    private static func runFleet() async throws {
        let authority = try CertificateAuthority()
        let server = try TLSServer(identity: try authority.issue(addresses: ["127.0.0.1"])) {
            try $0.holdUntilStopped()
        }
        defer { server.stop() }
        let context = try TLSContext(TLSOptions(certificateAuthority: .pem(authority.certificate)))
        let listener = try RawListener(backlog: 512)
        let hole = try RawListener(backlog: 0)
        let loop = try EventLoop()
        var connections: [Connection] = []
        for number in 0..<200 {
            let isSecure = number % 4 == 0
            connections.append(
                await Connection.dial(
                    loop,
                    .host("127.0.0.1", port: isSecure ? server.port : listener.port),
                    tls: isSecure ? (context, "127.0.0.1") : nil
                )
            )
        }
        try await eventually("200 connections") { connections.allSatisfy { $0.record.now.established == 1 } }
        for _ in 0..<5 { connections.append(await Connection.dial(loop, .host("127.0.0.1", port: hole.port))) }
        await loop.shutdown()
        #expect(loop.openSockets == 0)
        for connection in connections {
            let seen = connection.record.now
            #expect(seen.ends.count + seen.failures.count == 1 || seen.established == 0, "\(seen)")
            #expect(seen.late.isEmpty, "\(seen.late)")
        }
    }

    @Test("20 loops at the same time, made and shut down over and over: nothing is left")
    func manyLoops() async throws {
        await #expect(processExitsWith: .success) {
            let before = try await Self.baseline()
            let listener = try RawListener(backlog: 512)
            let port = listener.port
            for _ in 0..<5 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            try await withLoop { loop in
                                _ = try await Connection.establish(loop, .host("127.0.0.1", port: port))
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            listener.end()
            let left = await before.leftOver()
            #expect(left.isEmpty, "\(left)")
        }
    }

    @Test("too few descriptors for a loop: an error that says so, no crash and no hang, and later loops work")
    func noContext() async throws {
        await #expect(processExitsWith: .success) {
            try await withLoop { _ in }
            var errors: [String] = []
            for spare in 0..<24 {
                var taken: [Int32] = []
                while case let descriptor = open("/dev/null", O_RDONLY), descriptor >= 0 { taken.append(descriptor) }
                for descriptor in taken.suffix(spare) { close(descriptor) }
                do { await (try EventLoop()).shutdown() } catch { errors.append("\(error)") }
                for descriptor in taken.dropLast(spare) { close(descriptor) }
            }
            #expect(errors.contains { $0.contains("too many open files") }, "\(errors)")
            #expect(errors.contains { $0.contains("ulimit -n") }, "\(errors)")
            #expect(errors.count < 24)
            try await withLoop { _ in }
        }
    }
}
