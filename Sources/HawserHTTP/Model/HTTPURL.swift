import WebSocketProtocol

/// The URL of a resource (RFC 9110 section 4.2): `http://` or `https://`.
///
/// Its description is redacted; `target` and `userinfo` may hold secrets.
public struct HTTPURL: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Scheme, host and port.
    let site: HTTPSite
    /// Path and query as they go into the request line: visible ASCII that begins with a slash.
    public private(set) var target: String
    /// What stood before `@`, still percent-encoded; nil without one.
    public private(set) var userinfo: String?

    /// Whether the scheme is `https`.
    public var isSecure: Bool { site.isSecure }
    /// The server's name or address in lower case, without brackets.
    public var host: String { site.host }
    /// Whether `host` is an IPv4 or IPv6 address.
    public var isAddressLiteral: Bool { site.isAddressLiteral }
    /// 1-65535; the scheme's default is filled in.
    public var port: UInt16 { site.port }
    /// `host` or `host:port` as it stands in the field `Host`.
    public var authority: String { site.authority }
    /// What connections and credentials belong to: scheme, host and port (RFC 9110 section 4.3.1).
    public var origin: String { site.origin }
    /// The whole URL as it is requested, without user and password.
    public var absolute: String { site.prefix + target }
    /// `http` or `https`.
    public var scheme: String { isSecure ? "https" : "http" }

    /// Reads a URL; a fragment is dropped, since it is never sent.
    ///
    /// Characters beyond ASCII and blanks in path and query are percent-encoded as UTF-8; in the host they are refused.
    /// - Throws: the first thing wrong, from left to right: its part, what was seen and what is allowed.
    public init(_ string: String) throws(HTTPURLError) {
        // Most often it is another resource of the site before.
        if let known = HTTPSite.newest.begins(string), let target = Self.plainTarget(string, behind: known) {
            site = known
            self.target = target
            return
        }
        let text = Self.withoutFragment(string)
        guard let colon = text.firstIndex(of: ":") else {
            throw HTTPURLError("scheme", "there is none", allowed: "http or https, as in https://host/path")
        }
        let scheme = text[..<colon].lowercased()
        guard scheme == "http" || scheme == "https" else {
            let isWebSocket = ["ws", "wss", "ws+unix"].contains(scheme)
            throw HTTPURLError(
                "scheme",
                isWebSocket ? "WebSocket is not plain HTTP" : "unknown",
                seen: HTTPSyntax.isToken(scheme.utf8) ? String(scheme.prefix(32)) : "",
                allowed: "http, https"
            )
        }
        let rest = text[text.index(after: colon)...]
        guard rest.hasPrefix("//") else {
            throw HTTPURLError("URL", "no // follows the scheme", allowed: "\(scheme)://host")
        }
        // The grammar behind the scheme is that of a WebSocket's URL, and so are the defaults of the port.
        let parsed: WebSocketURL
        do {
            parsed = try WebSocketURL((scheme == "https" ? "wss:" : "ws:") + QueryEncoding.escapingOthers(String(rest)))
        } catch {
            throw HTTPURLError(error)
        }
        site = HTTPSite(parsed)
        target = parsed.target
        userinfo = parsed.userinfo
        HTTPSite.newest.keep(site)
    }

    /// What stands behind the site in `string`, if it can be taken as it is.
    private static func plainTarget(_ string: String, behind site: HTTPSite) -> String? {
        let rest = string.utf8.dropFirst(site.prefix.utf8.count)
        guard rest.first == UInt8(ascii: "/"), string.utf8.count <= 8192,
            rest.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: "%") })
        else { return nil }
        return String(Substring(rest))
    }

    private static func withoutFragment(_ string: String) -> Substring {
        Substring(string.utf8.prefix { $0 != UInt8(ascii: "#") })
    }

    /// The URL with these pairs behind its query, encoded as a form is (`application/x-www-form-urlencoded`).
    public func adding(query pairs: [(String, String)]) -> HTTPURL {
        guard !pairs.isEmpty else { return self }
        var url = self
        let joint = !target.utf8.contains(UInt8(ascii: "?")) ? "?" : target.utf8.last == UInt8(ascii: "?") ? "" : "&"
        url.target += joint + QueryEncoding.encode(pairs)
        return url
    }

    /// The URL without user and password.
    public var withoutUserinfo: HTTPURL {
        var url = self
        url.userinfo = nil
        return url
    }

    /// User and password, decoded; nil without userinfo.
    public var credentials: (user: String, password: String)? {
        guard let userinfo else { return nil }
        let parts = userinfo.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let user = QueryEncoding.percentDecoded(parts.first.map(String.init) ?? "")
        return (user, QueryEncoding.percentDecoded(parts.count > 1 ? String(parts[1]) : ""))
    }

    /// The path, without query.
    public var path: String {
        String(Substring(target.utf8.prefix { $0 != UInt8(ascii: "?") }))
    }

    /// The URL for logs and errors: no userinfo, and `?…` in place of a query.
    public var redacted: String {
        let path = path
        return "\(site.prefix)\(path)\(path.utf8.count == target.utf8.count ? "" : "?…")"
    }

    /// The redacted URL.
    public var description: String { redacted }

    /// The redacted URL.
    public var debugDescription: String { redacted }
}

extension HTTPURL {
    /// What `reference`, as in the field `Location`, means relative to this URL (RFC 3986 section 5.2); its fragment is
    /// dropped.
    ///
    /// - Throws: what is wrong with the result, which must be `http` or `https`.
    public func resolving(_ reference: String) throws(HTTPURLError) -> HTTPURL {
        let text = String(Self.withoutFragment(reference))
        if Self.hasScheme(text) { return try HTTPURL(text) }
        if text.hasPrefix("//") { return try HTTPURL("\(scheme):\(text)") }
        let base = site.prefix
        if text.isEmpty { return try HTTPURL(base + target) }
        if text.hasPrefix("?") { return try HTTPURL(base + path + text) }
        let query = text.firstIndex(of: "?") ?? text.endIndex
        let relative = String(text[..<query])
        var merged = relative
        if !relative.hasPrefix("/") {
            let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
            merged = folder + relative
        }
        return try HTTPURL(base + Self.withoutDotSegments(merged) + text[query...])
    }

    /// Whether a scheme stands at the beginning (RFC 3986 section 3.1).
    private static func hasScheme(_ text: String) -> Bool {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), let first = text.utf8.first else { return false }
        let isLetter = { (byte: UInt8) in (0x41...0x5A).contains(byte & 0xDF) }
        return isLetter(first)
            && text.utf8[..<colon].allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || "+-.".utf8.contains($0) }
    }

    /// RFC 3986 section 5.2.4.
    private static func withoutDotSegments(_ path: String) -> String {
        var kept: [Substring] = []
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            switch segment {
            case ".": if isLast { kept.append("") }
            case "..":
                _ = kept.popLast()
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/")
    }
}
