import HawserServers
import TestSupport
import Testing
import Transport

/// Runs `body` on a thread of its own beside a mock server.
func withMockServer(
    _ change: (inout MockServer.Options) -> Void = { _ in },
    _ body: @escaping @Sendable (UInt16, MockServer) throws -> Void
) async throws {
    try await withMockServer(change) { port, server, _ in try body(port, server) }
}

/// Runs `body` on a thread of its own beside a mock server and its loop.
func withMockServer(
    _ change: (inout MockServer.Options) -> Void = { _ in },
    _ body: @escaping @Sendable (UInt16, MockServer, EventLoop) throws -> Void
) async throws {
    var options = MockServer.Options()
    change(&options)
    let loop = try EventLoop()
    let result: Result<Void, any Error>
    do {
        let server = try MockServer(loop: loop, options: options)
        let url = try await server.start()
        do {
            let port = try #require(UInt16(url.split(separator: ":").last ?? ""))
            result = .success(try await onOwnThread { try body(port, server, loop) })
        } catch { result = .failure(error) }
        await server.stop()
    } catch {
        await loop.shutdown()
        throw error
    }
    await loop.shutdown()
    try result.get()
}
