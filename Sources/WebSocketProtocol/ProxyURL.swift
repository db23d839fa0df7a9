/// The proxy that a connection goes through: `http://host:port`, which is asked by CONNECT (RFC 9110 section 9.3.6), or
/// `socks5://host:port` (RFC 1928). Either looks the target's name up itself.
///
/// Its description has no user and no password.
public struct ProxyURL: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// What is spoken with a proxy.
    public enum Scheme: String, Hashable, Sendable, CaseIterable {
        /// HTTP CONNECT, with `Basic` credentials if there are any.
        case http
        /// SOCKS version 5, with user and password (RFC 1929) if there are any.
        case socks5
    }

    /// The most bytes of a user or a password (RFC 1929 section 2).
    static let longestSOCKSCredential = 255

    /// What is spoken with it.
    public let scheme: Scheme
    /// Its name or address, without brackets.
    public let host: String
    /// 1-65535; without one in the URL 80 for `http`, 1080 for `socks5`.
    public let port: UInt16
    let userinfo: Userinfo?

    /// Reads a proxy's URL: scheme, host, and if need be `user:password@` and a port. `socks5h` is another name of
    /// `socks5`.
    ///
    /// - Throws: the first thing wrong: its part, what was seen and what is allowed.
    public init(_ string: String) throws(WebSocketURLError) {
        let colon = string.firstIndex(of: ":") ?? string.endIndex
        let name = string[..<colon].lowercased()
        guard let scheme = Scheme(rawValue: name == "socks5h" ? "socks5" : name) else {
            let seen = HTTPSyntax.isToken(name.utf8) ? Excerpt.of(name.utf8) : ""
            throw .init(.scheme, "no proxy of a WebSocket speaks it", seen: seen, allowed: "http, socks5")
        }
        let rest = string[colon...]
        let url = try WebSocketURL("ws" + rest)
        guard url.target == "/" else {
            throw .init(.path, "a proxy has none", allowed: "\(scheme.rawValue)://host:port")
        }
        // Only a port that is written is the same under both schemes.
        let isWritten = try WebSocketURL("wss" + rest).port == url.port
        self.scheme = scheme
        host = url.host
        port = isWritten ? url.port : scheme == .http ? 80 : 1080
        userinfo = url.userinfo.map(Userinfo.init)
        try checkCredentials()
    }

    private func checkCredentials() throws(WebSocketURLError) {
        guard let userinfo else { return }
        switch scheme {
        case .http:
            guard userinfo.basicCredentials != nil else {
                throw .init(
                    .userinfo,
                    "Basic credentials cannot hold it",
                    allowed: "a user without a colon, no control characters"
                )
            }
        case .socks5:
            let longest = Self.longestSOCKSCredential
            guard (1...longest).contains(userinfo.user.count), userinfo.password.count <= longest else {
                throw .init(
                    .userinfo,
                    "SOCKS cannot hold it",
                    allowed: "a user of 1 to \(longest) bytes, a password of at most \(longest)"
                )
            }
        }
    }

    /// What a proxy is told in confidence, in every form in which it might repeat it: for whoever has to take it out of the
    /// proxy's words.
    public var confidences: [String] {
        guard let userinfo else { return [] }
        let texts = [userinfo.user, userinfo.password].map { String(decoding: $0, as: UTF8.self) }
        return (texts + [userinfo.basicCredentials ?? ""]).filter { !$0.isEmpty }
    }

    /// Scheme, host and port.
    public var description: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(scheme.rawValue)://\(name):\(port)"
    }

    /// Scheme, host and port.
    public var debugDescription: String { description }
}
