/// The URL of a WebSocket service (RFC 6455 section 3): `ws://`, `wss://`, or `ws+unix:/run/x.sock:/path` for a Unix
/// socket.
///
/// Its description is redacted; `target` and `userinfo` may hold secrets.
public struct WebSocketURL: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Whether the connection uses TLS: the scheme is `wss`.
    public internal(set) var isSecure: Bool
    /// The server's name or address in lower case, without brackets; a zone (`fe80::1%eth0`) keeps its case.
    /// `localhost` for a Unix socket.
    public internal(set) var host: String
    /// Whether `host` is an IPv4 or IPv6 address.
    public internal(set) var isAddressLiteral: Bool
    /// 1-65535; the scheme's default is filled in. Without meaning for a Unix socket.
    public internal(set) var port: UInt16
    /// The absolute path of the Unix socket; nil for TCP.
    public internal(set) var unixPath: String?
    /// Path and query as they go into the request line: visible ASCII that begins with a slash.
    public internal(set) var target: String
    /// What stood before `@`, still percent-encoded; nil without one.
    public internal(set) var userinfo: String?

    /// Reads a URL. What a URL may hold but not mean is refused: a fragment, an empty port, a name that is not ASCII.
    ///
    /// - Throws: the first thing wrong, from left to right: its part, what was seen and what is allowed.
    public init(_ string: String) throws(WebSocketURLError) {
        self = try WebSocketURLParser(string).parse()
    }

    init(isSecure: Bool) {
        self.isSecure = isSecure
        host = "localhost"
        isAddressLiteral = false
        port = isSecure ? 443 : 80
        target = "/"
    }

    /// The value of `Host`: with brackets around an IPv6 address and without its zone, and without a default port.
    public var hostField: String {
        port == (isSecure ? 443 : 80) ? bracketedHost : "\(bracketedHost):\(port)"
    }

    /// What connections are grouped by: scheme, host and port (`ws://host:80`), or the socket (`ws+unix:/run/x.sock`).
    public var origin: String {
        if let unixPath { return "ws+unix:\(unixPath)" }
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(isSecure ? "wss" : "ws")://\(name):\(port)"
    }

    /// The URL for logs and status: no userinfo, and `?…` in place of a query.
    public var redacted: String {
        let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
        let shown = path.count == target.utf8.count ? target : "\(Substring(path))?…"
        if let unixPath { return "ws+unix:\(unixPath):\(shown)" }
        return "\(isSecure ? "wss" : "ws")://\(hostField)\(shown)"
    }

    /// The redacted URL.
    public var description: String {
        redacted
    }

    /// The redacted URL.
    public var debugDescription: String {
        redacted
    }

    private var bracketedHost: String {
        guard host.utf8.contains(UInt8(ascii: ":")) else { return host }
        // A zone has no meaning outside this machine (RFC 6874 section 1).
        return "[\(Substring(host.utf8.prefix { $0 != UInt8(ascii: "%") }))]"
    }
}
