/// Reads the grammar of RFC 3986 as far as RFC 6455 section 3 uses it, from left to right.
struct WebSocketURLParser {
    private typealias Bytes = ArraySlice<UInt8>

    /// Longer URLs do not fit the request head that servers accept.
    private static let lengthLimit = 8192
    /// `sockaddr_un` holds 108 bytes with the zero at the end.
    private static let socketPathLimit = 107

    private let bytes: [UInt8]

    init(_ string: String) {
        bytes = Array(string.utf8)
    }

    func parse() throws(WebSocketURLError) -> WebSocketURL {
        guard !bytes.isEmpty else { throw .init(.url, "it is empty", allowed: "ws:// or wss:// and a host") }
        guard bytes.count <= Self.lengthLimit else {
            throw .init(.url, "it is \(bytes.count) bytes long", allowed: "at most \(Self.lengthLimit) bytes")
        }
        let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
        let scheme = String(decoding: bytes[..<colon].map(HTTPSyntax.lowercased), as: UTF8.self)
        guard colon < bytes.endIndex, ["ws", "wss", "ws+unix"].contains(scheme) else {
            throw schemeError(scheme, isFollowed: colon < bytes.endIndex)
        }
        let rest = bytes[(colon + 1)...]
        if scheme == "ws+unix" { return try parseUnix(rest) }
        guard rest.starts(with: "//".utf8) else {
            throw .init(.url, "no // follows the scheme", allowed: "\(scheme)://host")
        }
        return try parseNetwork(rest.dropFirst(2), isSecure: scheme == "wss")
    }

    private func schemeError(_ scheme: String, isFollowed: Bool) -> WebSocketURLError {
        switch scheme {
        case "http": .init(.scheme, "HTTP is not WebSocket", seen: scheme, allowed: "ws:// for this server")
        case "https": .init(.scheme, "HTTP is not WebSocket", seen: scheme, allowed: "wss:// for this server")
        case _ where isFollowed && HTTPSyntax.isToken(scheme.utf8):
            .init(.scheme, "unknown", seen: Excerpt.of(scheme.utf8), allowed: "ws, wss, ws+unix")
        default: .init(.scheme, "there is none", allowed: "ws, wss, ws+unix, as in wss://host/path")
        }
    }

    private func parseNetwork(_ rest: Bytes, isSecure: Bool) throws(WebSocketURLError) -> WebSocketURL {
        var url = WebSocketURL(isSecure: isSecure)
        let authority = rest.prefix { !"/?#".utf8.contains($0) }
        var location = authority
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
            try checkUserinfo(authority[..<at])
            url.userinfo = String(decoding: authority[..<at], as: UTF8.self)
            location = authority[(at + 1)...]
        }
        // In "user:pa/ss@host" what stands where the port should be is half a password: it must not be shown.
        let isShown = url.userinfo != nil || !rest.contains(UInt8(ascii: "@"))
        let host: Bytes
        if location.first == UInt8(ascii: "[") {
            guard let end = location.firstIndex(of: UInt8(ascii: "]")) else {
                throw .init(.host, "no ] ends the IPv6 address", seen: Excerpt.of(location), allowed: "[::1]")
            }
            host = location[...end]
            url.host = try HostSyntax.bracketedAddress(location[(location.startIndex + 1)..<end])
            url.isAddressLiteral = true
        } else {
            host = location.prefix { $0 != UInt8(ascii: ":") }
            if location.dropFirst(host.count + 1).contains(UInt8(ascii: ":")) {
                throw .init(
                    .host,
                    "it has more than one colon",
                    seen: isShown ? Excerpt.of(location) : "",
                    allowed: "an IPv6 address in brackets, as in [::1]:80"
                )
            }
            (url.host, url.isAddressLiteral) = try HostSyntax.nameOrAddress(host)
        }
        let port = location[host.endIndex...]
        if !port.isEmpty { url.port = try parsePort(port, isShown: isShown) }
        url.target = try parseTarget(rest[authority.endIndex...])
        return url
    }

    /// A Unix socket: `/run/x.sock`, and behind a colon the path and query; `//` and an empty authority may go before.
    private func parseUnix(_ rest: Bytes) throws(WebSocketURLError) -> WebSocketURL {
        let allowed = "ws+unix:/run/x.sock:/path"
        let path = rest.starts(with: "///".utf8) ? rest.dropFirst(2) : rest
        guard path.first == UInt8(ascii: "/"), !path.starts(with: "//".utf8) else {
            throw .init(.socketPath, "it is not absolute", seen: Excerpt.of(path), allowed: allowed)
        }
        let socket = path.prefix { $0 != UInt8(ascii: ":") }
        guard socket.count <= Self.socketPathLimit else {
            throw .init(
                .socketPath,
                "it is \(socket.count) bytes long",
                allowed: "at most \(Self.socketPathLimit) bytes"
            )
        }
        guard socket.count > 1, socket.allSatisfy({ $0 > 0x20 && $0 != 0x7F && !"?#".utf8.contains($0) }) else {
            throw .init(
                .socketPath,
                "it is / or has a blank, a control character, ? or # in it",
                seen: Excerpt.of(socket),
                allowed: allowed
            )
        }
        var url = WebSocketURL(isSecure: false)
        url.unixPath = String(decoding: socket, as: UTF8.self)
        let target = path[socket.endIndex...].dropFirst()
        guard target.isEmpty || "/?#".utf8.contains(target[target.startIndex]) else {
            throw .init(.path, "no slash follows the socket path's colon", allowed: allowed)
        }
        url.target = try parseTarget(target)
        return url
    }

    private func checkUserinfo(_ userinfo: Bytes) throws(WebSocketURLError) {
        guard userinfo.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"@[]".utf8.contains($0) }) else {
            throw .init(
                .userinfo,
                "a character in it is not allowed",
                allowed: "user:password, others as %NN (%40 for @)"
            )
        }
        guard hasWholeTriplets(userinfo) else {
            throw .init(.userinfo, "two hexadecimal digits must follow each %", allowed: "%25 for % itself")
        }
    }

    /// The port of `:port`.
    private func parsePort(_ port: Bytes, isShown: Bool) throws(WebSocketURLError) -> UInt16 {
        let digits = port.dropFirst()
        let seen = isShown ? Excerpt.of(digits) : ""
        guard port.first == UInt8(ascii: ":") else {
            throw .init(
                .host,
                "something follows the ]",
                seen: isShown ? Excerpt.of(port) : "",
                allowed: "[::1] or [::1]:80"
            )
        }
        guard !digits.isEmpty else { throw .init(.port, "there is none behind the colon", allowed: "1 to 65535") }
        guard let number = HTTPSyntax.decimal(digits) else {
            let hint = isShown ? "" : "; in a password %2F for /, %3F for ?, %23 for #"
            throw .init(.port, "not a number", seen: seen, allowed: "1 to 65535\(hint)")
        }
        guard let value = UInt16(exactly: number), value > 0 else {
            throw .init(.port, "out of range", seen: seen, allowed: "1 to 65535")
        }
        return value
    }

    /// Path and query, with the slash that an empty path stands for (RFC 6455 section 3).
    private func parseTarget(_ rest: Bytes) throws(WebSocketURLError) -> String {
        var part = WebSocketURLError.Part.path
        for byte in rest {
            switch byte {
            case UInt8(ascii: "?"): part = .query
            case UInt8(ascii: "#"):
                throw .init(.fragment, "a WebSocket URL has none", allowed: "no #, or %23 if it is part of the path")
            case 0x80...:
                throw .init(part, "it has a character beyond ASCII", allowed: "ASCII; percent-encode the others")
            case ...0x20, 0x7F:
                throw .init(
                    part,
                    "it has a blank or control character",
                    seen: Excerpt.of(CollectionOfOne(byte)),
                    allowed: "visible ASCII; %20 for a space"
                )
            default: break
            }
        }
        guard hasWholeTriplets(rest) else {
            throw .init(part, "two hexadecimal digits must follow each %", allowed: "%25 for % itself")
        }
        let text = String(decoding: rest, as: UTF8.self)
        return rest.first == UInt8(ascii: "/") ? text : "/" + text
    }

    /// Whether two hexadecimal digits follow each percent sign (RFC 3986 section 2.1).
    private func hasWholeTriplets(_ part: Bytes) -> Bool {
        part.indices.allSatisfy { index in
            part[index] != UInt8(ascii: "%")
                || (part.endIndex - index > 2 && HTTPSyntax.hexadecimalValue(part[index + 1]) != nil
                    && HTTPSyntax.hexadecimalValue(part[index + 2]) != nil)
        }
    }
}
