import TestSupport

/// A server written by others, as `Tests/Interop/serve` starts it; its routes are in `Tests/Interop/servers/ROUTES.md`.
struct InteropServer: Sendable {
    /// Which one.
    enum Kind: String, CaseIterable, Sendable {
        case websockets, aiohttp, ws
        /// A TLS proxy in front of ws.
        case nginx
    }

    let kind: Kind
    let port: UInt16
    /// The certificate authority of nginx's certificate.
    let certificateAuthority: String?
    // The server ends when its standard input does: with this process, or with the last copy of this value.
    private let process: RunningProcess

    /// The URL of a route.
    func url(_ route: String, host: String = "127.0.0.1") -> String {
        "\(certificateAuthority == nil ? "ws" : "wss")://\(host):\(port)\(route)"
    }

    /// The server of this kind, started at the first call.
    static func shared(_ kind: Kind) async throws -> InteropServer {
        try await InteropServers.shared.server(kind)
    }

    fileprivate static func start(_ kind: Kind) async throws -> InteropServer {
        let upstream = kind == .nginx ? ["\(try await shared(.ws).port)"] : []
        let served = try await ServedProcess.start([kind.rawValue] + upstream)
        return InteropServer(
            kind: kind,
            port: try served.port(0),
            certificateAuthority: served.words.count > 1 ? served.words[1] : nil,
            process: served.process
        )
    }
}

/// Starts each server once for all tests that want it.
private actor InteropServers {
    static let shared = InteropServers()
    private var starts: [InteropServer.Kind: Task<InteropServer, any Error>] = [:]

    func server(_ kind: InteropServer.Kind) async throws -> InteropServer {
        let start = starts[kind] ?? Task { try await InteropServer.start(kind) }
        starts[kind] = start
        return try await start.value
    }
}
