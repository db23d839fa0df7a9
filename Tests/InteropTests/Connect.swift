import HawserWebSocket
import Transport

/// Opens a session with a route of a server, changed by `configure`, and hands it to `body`.
func connect(
    _ kind: InteropServer.Kind,
    _ route: String,
    _ configure: (inout WebSocketConfiguration) -> Void = { _ in },
    _ body: (WebSocketSession) async throws -> Void
) async throws {
    let server = try await InteropServer.shared(kind)
    var configuration = configuration(server)
    configure(&configuration)
    try await WebSocketClient.connect(to: server.url(route), configuration: configuration, body)
}

/// The configuration that trusts a server's certificate.
func configuration(_ server: InteropServer) -> WebSocketConfiguration {
    var configuration = WebSocketConfiguration()
    if let file = server.certificateAuthority { configuration.tls.certificateAuthority = .file(file) }
    return configuration
}

/// The first bytes of what `/big` sends: byte i is i mod 251.
func pattern(_ count: Int) -> [UInt8] {
    let period = (0..<251).map { UInt8($0) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 251 * 1024)
    var block = period
    // As many bytes again each time, up to blocks of which few are needed.
    while block.count < 251 * 1024 { block += block }
    while bytes.count < count { bytes += block }
    bytes.removeLast(bytes.count - count)
    return bytes
}
