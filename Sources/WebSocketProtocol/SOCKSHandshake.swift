/// The client's half of SOCKS version 5 (RFC 1928), with user and password (RFC 1929), byte by byte.
struct SOCKSHandshake: Sendable {
    /// What follows from a byte.
    enum Step: Sendable {
        case needMore
        case send([UInt8])
        case established
    }

    private enum Awaited: Sendable {
        case method, authentication
        /// The reply to the request, of which this many bytes are needed; at first only those that say how many.
        case reply(length: Int)
    }

    private static let version: UInt8 = 5
    private static let noAuthentication: UInt8 = 0
    private static let userAndPassword: UInt8 = 2

    private let userinfo: Userinfo?
    private let request: [UInt8]
    private var awaited = Awaited.method
    private var received: [UInt8] = []

    /// - Parameter host: the target's name, at most 253 bytes, or its address.
    init(userinfo: Userinfo?, host: String, port: UInt16) {
        self.userinfo = userinfo
        request = [Self.version, 1, 0] + Self.address(of: host) + [UInt8(port >> 8), UInt8(port & 0xFF)]
    }

    /// The methods that we have (RFC 1928 section 3).
    var greeting: [UInt8] {
        userinfo == nil
            ? [Self.version, 1, Self.noAuthentication]
            : [Self.version, 2, Self.noAuthentication, Self.userAndPassword]
    }

    mutating func take(_ byte: UInt8) throws(ProxyFailure) -> Step {
        received.append(byte)
        if received.count == 1 { try checkVersion(byte) }
        switch awaited {
        case .method: return received.count < 2 ? .needMore : try choose(byte)
        case .authentication: return received.count < 2 ? .needMore : try authenticated(byte)
        case .reply(let length): return try takeReply(length)
        }
    }

    private func checkVersion(_ byte: UInt8) throws(ProxyFailure) {
        // The negotiation of user and password has a version of its own.
        var expected = Self.version
        if case .authentication = awaited { expected = 1 }
        guard byte == expected else {
            let looksLikeHTTP = byte == UInt8(ascii: "H")
            throw .malformed(
                "the version is \(byte), not \(expected)"
                    + (looksLikeHTTP ? ", the beginning of HTTP: try http://" : "")
            )
        }
    }

    /// The proxy chose a method.
    private mutating func choose(_ method: UInt8) throws(ProxyFailure) -> Step {
        switch method {
        case Self.noAuthentication: return ask()
        case Self.userAndPassword:
            guard let userinfo else { throw .malformed("it chose a way to log in that was not offered") }
            received = []
            awaited = .authentication
            return .send([1] + Self.counted(userinfo.user) + Self.counted(userinfo.password))
        case 0xFF: throw .credentialsWanted
        default: throw .malformed("it chose a way to log in that was not offered")
        }
    }

    private mutating func authenticated(_ status: UInt8) throws(ProxyFailure) -> Step {
        guard status == 0 else { throw .credentialsRefused }
        return ask()
    }

    private mutating func ask() -> Step {
        received = []
        awaited = .reply(length: 5)
        return .send(request)
    }

    /// Version, code, a zero, and the address the proxy is bound to, which says nothing to us (RFC 1928 section 6).
    private mutating func takeReply(_ length: Int) throws(ProxyFailure) -> Step {
        if received.count == 2, received[1] != 0 { throw .refusedBySOCKS(code: received[1]) }
        if received.count == 5 {
            let addressLength: Int
            switch received[3] {
            case 1: addressLength = 4
            case 3: addressLength = 1 + Int(received[4])
            case 4: addressLength = 16
            default: throw .malformed("the kind of its address is \(received[3])")
            }
            let whole = 4 + addressLength + 2
            awaited = .reply(length: whole)
            return received.count < whole ? .needMore : .established
        }
        return received.count < length ? .needMore : .established
    }

    /// The address as it stands in the request: its kind, then the bytes of an IPv4 address or a name. An IPv6 address
    /// goes as its 16 bytes.
    private static func address(of host: String) -> [UInt8] {
        let text = Array(host.utf8)
        if HostSyntax.isIPv4(text[...]) {
            let parts = text.split(separator: UInt8(ascii: "."))
            return [1] + parts.map { UInt8(truncatingIfNeeded: HTTPSyntax.decimal($0) ?? 0) }
        }
        if text.contains(UInt8(ascii: ":")) { return [4] + HostSyntax.bytes(ofIPv6: text[...]) }
        return [3] + Self.counted(text)
    }

    /// `bytes` behind their number; the URLs' parsers let through no more than fit.
    private static func counted(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(truncatingIfNeeded: bytes.count)] + bytes
    }
}
