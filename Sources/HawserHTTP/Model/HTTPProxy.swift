import WebSocketProtocol

/// The way to the server. A proxy that is named is used, or the request fails.
public enum HTTPProxy: Sendable, Hashable {
    /// None, whatever the environment says.
    case direct
    /// What these variables say: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`.
    case environment(ProxyEnvironment)
    /// This one.
    case server(Server)

    /// A proxy: `http://`, `https://`, or `socks5://`, which looks names up itself. Its description is redacted.
    public struct Server: Sendable, Hashable, CustomStringConvertible {
        /// `http`, `https` or `socks5`.
        public let scheme: String
        let url: HTTPURL

        /// Reads a proxy's URL, with user and password if it wants them. Without a port it is 1080 for SOCKS, else the
        /// scheme's.
        ///
        /// - Throws: the first thing wrong.
        public init(_ string: String) throws(HTTPURLError) {
            let colon = string.firstIndex(of: ":") ?? string.endIndex
            let scheme = string[..<colon].lowercased()
            guard ["http", "https", "socks5", "socks5h"].contains(scheme) else {
                let seen = HTTPSyntax.isToken(scheme.utf8) ? String(scheme.prefix(32)) : ""
                throw HTTPURLError("scheme", "no proxy speaks it", seen: seen, allowed: "http, https, socks5")
            }
            let url = try HTTPURL((scheme == "https" ? "https" : "http") + string[colon...])
            guard url.target == "/" else {
                throw HTTPURLError("path", "a proxy has none", allowed: "\(scheme)://host:port")
            }
            self.scheme = scheme == "socks5h" ? "socks5" : scheme
            self.url = url
            // A port that is written is kept, 80 too.
            let isWritten = string.split(separator: "@").last.map { $0.contains(/:\d+\/?$/) } ?? false
            port = scheme.hasPrefix("socks") && !isWritten ? 1080 : url.port
        }

        let port: UInt16
        var host: String { url.host }

        /// For libcurl: scheme, host and port. `socks5h` leaves the names to the proxy.
        var address: String {
            let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
            return "\(scheme == "socks5" ? "socks5h" : scheme)://\(name):\(port)"
        }

        /// User and password, decoded.
        var credentials: (user: String, password: String)? {
            url.credentials
        }

        /// Scheme, host and port.
        public var description: String { address }

        /// Whether both are the same proxy for the same user, however they were written.
        public static func == (lhs: Server, rhs: Server) -> Bool {
            lhs.address == rhs.address && lhs.credentials?.user == rhs.credentials?.user
                && lhs.credentials?.password == rhs.credentials?.password
        }

        /// Hashes what `==` compares.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(address)
            hasher.combine(credentials?.user)
        }
    }
}
