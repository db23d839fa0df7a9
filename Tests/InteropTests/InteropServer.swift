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
        let process = try RunningProcess(script, [kind.rawValue] + upstream)
        let line: String
        do {
            line = try await process.line(.stdout, containing: "ready", within: .seconds(60))
        } catch {
            throw NotStarted(kind: kind, output: process.lines(.stdout) + process.lines(.stderr))
        }
        let words = line.split(separator: " ").map(String.init)
        guard words.count > 1, let port = UInt16(words[1]) else { throw NotStarted(kind: kind, output: [line]) }
        return InteropServer(
            kind: kind,
            port: port,
            certificateAuthority: words.count > 2 ? words[2] : nil,
            process: process
        )
    }

    private static var script: String {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        return folder.joined(separator: "/") + "/Interop/serve"
    }
}

/// A server did not say that it is ready.
struct NotStarted: Error, CustomStringConvertible {
    let kind: InteropServer.Kind
    let output: [String]

    var description: String {
        "\(kind.rawValue) did not start (Tests/Interop/setup installs it): \(output.joined(separator: " | "))"
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
