import Glibc

/// Where a stream socket can be connected to: an IPv4 or IPv6 address with a port, or the path of a Unix socket.
public struct SocketAddress: Hashable, Sendable {
    /// What an address belongs to.
    public enum Family: Sendable, Hashable {
        /// IPv4, `AF_INET`.
        case ipv4
        /// IPv6, `AF_INET6`.
        case ipv6
        /// A Unix socket, `AF_UNIX`.
        case unix
    }

    private enum Storage: Hashable, Sendable {
        case ipv4(address: UInt32, port: UInt16)
        case ipv6(high: UInt64, low: UInt64, scope: UInt32, port: UInt16)
        case unix(path: String)
    }

    private let storage: Storage

    /// The longest path a Unix socket can have, in bytes: `sun_path` less its terminating zero.
    public static let longestUnixPath = 107

    /// The address that an IP literal names: `127.0.0.1`, `::1`, `fe80::1%eth0`. No brackets, no look-up.
    ///
    /// - Returns: `nil` if `ipLiteral` is not a literal, or names a zone that is no interface here.
    public init?(ipLiteral: String, port: UInt16) {
        var v4 = in_addr()
        if inet_pton(AF_INET, ipLiteral, &v4) == 1 {
            storage = .ipv4(address: UInt32(bigEndian: v4.s_addr), port: port)
            return
        }
        let parts = ipLiteral.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        var v6 = in6_addr()
        guard let literal = parts.first, inet_pton(AF_INET6, String(literal), &v6) == 1 else { return nil }
        var scope: UInt32 = 0
        if parts.count == 2 {
            let zone = String(parts[1])
            scope = UInt32(zone) ?? if_nametoindex(zone)
            guard scope != 0 else { return nil }
        }
        let (high, low) = Self.words(of: v6)
        storage = .ipv6(high: high, low: low, scope: scope, port: port)
    }

    /// The address of the Unix socket at `unixPath`.
    ///
    /// - Returns: `nil` if the path is empty, holds a zero byte or is longer than ``longestUnixPath``.
    public init?(unixPath: String) {
        let bytes = unixPath.utf8
        guard !bytes.isEmpty, bytes.count <= Self.longestUnixPath, !bytes.contains(0) else { return nil }
        storage = .unix(path: unixPath)
    }

    /// The address in a `sockaddr` of the C library, as `getaddrinfo` and `getpeername` give it.
    ///
    /// - Returns: `nil` if it is cut short or of another family than IPv4 and IPv6.
    public init?(_ raw: UnsafePointer<sockaddr>, length: socklen_t) {
        let available = Int(length)
        let bytes = UnsafeRawPointer(raw)
        guard available >= MemoryLayout<sa_family_t>.size else { return nil }
        switch Int32(raw.pointee.sa_family) {
        case AF_INET where available >= MemoryLayout<sockaddr_in>.size:
            let v4 = bytes.loadUnaligned(as: sockaddr_in.self)
            storage = .ipv4(address: UInt32(bigEndian: v4.sin_addr.s_addr), port: UInt16(bigEndian: v4.sin_port))
        case AF_INET6 where available >= MemoryLayout<sockaddr_in6>.size:
            let v6 = bytes.loadUnaligned(as: sockaddr_in6.self)
            let (high, low) = Self.words(of: v6.sin6_addr)
            storage = .ipv6(high: high, low: low, scope: v6.sin6_scope_id, port: UInt16(bigEndian: v6.sin6_port))
        default:
            return nil
        }
    }

    private init(_ storage: Storage) {
        self.storage = storage
    }

    /// The address's family.
    public var family: Family {
        switch storage {
        case .ipv4: .ipv4
        case .ipv6: .ipv6
        case .unix: .unix
        }
    }

    /// The port; 0 for a Unix socket.
    public var port: UInt16 {
        switch storage {
        case .ipv4(_, let port), .ipv6(_, _, _, let port): port
        case .unix: 0
        }
    }

    /// The path of a Unix socket, else `nil`.
    public var unixPath: String? {
        if case .unix(let path) = storage { path } else { nil }
    }

    /// The same address with another port; a Unix socket stays as it is.
    public func withPort(_ port: UInt16) -> SocketAddress {
        switch storage {
        case .ipv4(let address, _): SocketAddress(.ipv4(address: address, port: port))
        case .ipv6(let high, let low, let scope, _):
            SocketAddress(.ipv6(high: high, low: low, scope: scope, port: port))
        case .unix: self
        }
    }

    /// Calls `body` with the address as `connect` and `bind` take it; the pointer is good during the call only.
    public func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result) rethrows -> Result {
        switch storage {
        case .ipv4(let address, let port):
            var v4 = sockaddr_in()
            v4.sin_family = sa_family_t(AF_INET)
            v4.sin_port = port.bigEndian
            v4.sin_addr.s_addr = address.bigEndian
            return try Self.rebound(&v4, length: MemoryLayout<sockaddr_in>.size, body)
        case .ipv6(let high, let low, let scope, let port):
            var v6 = sockaddr_in6()
            v6.sin6_family = sa_family_t(AF_INET6)
            v6.sin6_port = port.bigEndian
            v6.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &v6.sin6_addr) { bytes in
                bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return try Self.rebound(&v6, length: MemoryLayout<sockaddr_in6>.size, body)
        case .unix(let path):
            var un = sockaddr_un()
            un.sun_family = sa_family_t(AF_UNIX)
            let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? MemoryLayout<sa_family_t>.size
            let count = path.utf8.count
            withUnsafeMutableBytes(of: &un.sun_path) { $0.copyBytes(from: path.utf8) }
            return try Self.rebound(&un, length: offset + count + 1, body)
        }
    }

    private static func rebound<Address, Result>(
        _ address: inout Address,
        length: Int,
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
    ) rethrows -> Result {
        try withUnsafeBytes(of: &address) { bytes in
            guard let base = bytes.baseAddress else { preconditionFailure("an address has bytes") }
            return try body(base.assumingMemoryBound(to: sockaddr.self), socklen_t(length))
        }
    }

    private static func words(of address: in6_addr) -> (high: UInt64, low: UInt64) {
        withUnsafeBytes(of: address) { bytes in
            (
                UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// The IP address without its port, `::1`; the path of a Unix socket.
    public var host: String {
        if case .unix(let path) = storage { return path }
        return withSockaddr { raw, length in
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard getnameinfo(raw, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
                return "?"
            }
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// `127.0.0.1:80`, `[::1]:80`, or the path of a Unix socket.
    public var description: String {
        switch storage {
        case .ipv4(_, let port): "\(host):\(port)"
        case .ipv6(_, _, _, let port): "[\(host)]:\(port)"
        case .unix(let path): path
        }
    }
}
