import HawserHTTP
import TestSupport

/// How a request reaches nginx.
enum HTTPWay: String, CaseIterable, Sendable {
    case h1, h1OverTLS, h2

    /// What `HTTPResponseHead.version` is then.
    var version: String { self == .h2 ? "2" : "1.1" }
}

/// The HTTP servers of `Tests/Interop`; their routes are in `Tests/Interop/servers/ROUTES.md`.
struct HTTPInteropServers: Sendable {
    private let app: ServedProcess
    private let nginx: ServedProcess
    private let rude: ServedProcess
    private let proxies: ServedProcess

    /// The ports of pproxy's proxies.
    enum ProxyKind: Int, Sendable {
        case http, socks5, httpWithPassword, socks5WithPassword
    }

    /// What is wrong with a certificate of nginx; the raw value is the place of its port.
    enum BadCertificate: Int, CaseIterable, Sendable {
        case expired = 2, wrongName, selfSigned
    }

    /// All of them, started at the first call.
    static func shared() async throws -> HTTPInteropServers {
        try await HTTPInteropStart.shared.servers()
    }

    fileprivate static func start() async throws -> HTTPInteropServers {
        async let rude = ServedProcess.start(["rude"])
        async let proxies = ServedProcess.start(["proxies"])
        let app = try await ServedProcess.start(["http"])
        let nginx = try await ServedProcess.start(["nginx-http", "\(app.port(0))"])
        return HTTPInteropServers(app: app, nginx: nginx, rude: try await rude, proxies: try await proxies)
    }

    /// A route of the application through nginx.
    func nginx(_ way: HTTPWay, _ route: String) throws -> String {
        way == .h1
            ? "http://127.0.0.1:\(try nginx.port(0))\(route)" : "https://127.0.0.1:\(try nginx.port(1))\(route)"
    }

    /// A route of the application itself.
    func app(_ route: String) throws -> String {
        "http://127.0.0.1:\(try app.port(0))\(route)"
    }

    /// A route of the rude server.
    func rude(_ route: String) throws -> String {
        "http://127.0.0.1:\(try rude.port(0))\(route)"
    }

    /// A server of nginx whose certificate is not to be trusted.
    func bad(_ certificate: BadCertificate) throws -> String {
        "https://127.0.0.1:\(try nginx.port(certificate.rawValue))/"
    }

    /// A proxy's URL.
    func proxy(_ kind: ProxyKind, userinfo: String = "") throws -> HTTPProxy {
        let scheme = kind == .socks5 || kind == .socks5WithPassword ? "socks5" : "http"
        let port = try proxies.port(kind.rawValue)
        return .server(try HTTPProxy.Server("\(scheme)://\(userinfo)127.0.0.1:\(port)"))
    }

    /// The configuration that goes the way, and trusts nginx's authority.
    func configuration(_ way: HTTPWay = .h1) -> HTTPConfiguration {
        var configuration = HTTPConfiguration()
        configuration.version = way == .h2 ? .automatic : .http1
        configuration.tls.certificateAuthority = nginx.words.last
        return configuration
    }
}

/// Starts the servers once for all tests.
private actor HTTPInteropStart {
    static let shared = HTTPInteropStart()
    private var start: Task<HTTPInteropServers, any Error>?

    func servers() async throws -> HTTPInteropServers {
        let start = self.start ?? Task { try await HTTPInteropServers.start() }
        self.start = start
        return try await start.value
    }
}

/// Hands the servers and a client that goes one way, changed by `configure`, to `body`.
func withHTTPServers<Result>(
    _ way: HTTPWay = .h1,
    _ configure: (inout HTTPConfiguration) throws -> Void = { _ in },
    _ body: (HTTPInteropServers, HTTPClient) async throws -> Result
) async throws -> Result {
    let servers = try await HTTPInteropServers.shared()
    var configuration = servers.configuration(way)
    try configure(&configuration)
    return try await withHTTPClient(configuration) { client in try await body(servers, client) }
}

/// The error with which `body` ends; nil if it ends without one, or with another kind.
func httpFailure(_ body: () async throws -> Void) async -> HTTPError.Kind? {
    do {
        try await body()
        return nil
    } catch let error as HTTPError {
        return error.kind
    } catch {
        return nil
    }
}

/// What `/echo` says it has seen.
struct Echo: Decodable {
    struct Content: Decodable, Equatable {
        var length: Int
        var sha256: String
        var text: String?
    }

    var method: String
    var target: String
    var query: [[String]]
    var fields: [[String]]
    var content: Content

    /// The values of a field.
    func values(_ name: String) -> [String] {
        fields.filter { $0.first?.lowercased() == name.lowercased() }.compactMap(\.last)
    }
}

/// A word that no other test has.
func token(_ name: String) -> String {
    "\(name)-\(UInt64.random(in: 0 ... .max))"
}
