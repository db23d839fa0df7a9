import Glibc

/// Where a test server listens.
public enum ListenerAddress: Hashable, Sendable {
    /// 127.0.0.1; port 0 lets the kernel choose.
    case ipv4(port: UInt16 = 0)
    /// ::1; port 0 lets the kernel choose.
    case ipv6(port: UInt16 = 0)
    /// A Unix socket at this path, which is removed when the server stops.
    case unix(path: String)

    /// A listening (or with `backlog` nil only bound) socket at this address: close-on-exec, non-blocking.
    func open(backlog: Int32? = 4096) throws(SystemCallError) -> Int32 {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, flags, 0)
        guard descriptor >= 0 else { throw SystemCallError("socket") }
        do throws(SystemCallError) {
            if case .unix(let path) = self {
                unlink(path)
            } else {
                var one: Int32 = 1
                setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
            }
            if try withSocketAddress({ bind(descriptor, $0, $1) }) != 0 { throw SystemCallError("bind \(self)") }
            if let backlog, listen(descriptor, backlog) != 0 { throw SystemCallError("listen \(self)") }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// A blocking connect to this address.
    func connect() throws(SystemCallError) -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemCallError("socket") }
        do throws(SystemCallError) {
            let result = try withSocketAddress { Glibc.connect(descriptor, $0, $1) }
            if result != 0 { throw SystemCallError("connect \(self)") }
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// This address with `port`.
    func at(port: UInt16) -> ListenerAddress {
        switch self {
        case .ipv4: .ipv4(port: port)
        case .ipv6: .ipv6(port: port)
        case .unix: self
        }
    }

    /// `host:port` as it stands in a URL.
    var authority: String {
        switch self {
        case .ipv4(let port): "127.0.0.1:\(port)"
        case .ipv6(let port): "[::1]:\(port)"
        case .unix: "localhost"
        }
    }

    private var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    private func withSocketAddress(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SystemCallError) -> Int32 {
        switch self {
        case .ipv4(let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            return call(&address, body)
        case .ipv6(let port):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            return call(&address, body)
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(path.utf8)
            guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
                throw SystemCallError("the Unix socket path \(path)", code: ENAMETOOLONG)
            }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            return call(&address, body)
        }
    }

    private func call<Address>(
        _ address: inout Address,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }
}

/// The port that the kernel gave the bound socket `descriptor`; 0 for a Unix socket.
func boundPort(of descriptor: Int32) -> UInt16 {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard result == 0 else { return 0 }
    guard [AF_INET, AF_INET6].contains(Int32(storage.ss_family)) else { return 0 }
    // The port has the same place in sockaddr_in and sockaddr_in6.
    return withUnsafeBytes(of: &storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
}

/// A port of 127.0.0.1 that refuses every connection for as long as this object lives: it is bound, so nobody else can
/// get it, and nothing listens on it.
public final class DeadPort: Sendable {
    /// The port.
    public let port: UInt16
    private let descriptor: Int32

    /// Reserves a port.
    public init() throws(SystemCallError) {
        descriptor = try ListenerAddress.ipv4().open(backlog: nil)
        port = boundPort(of: descriptor)
    }

    /// `ws://127.0.0.1:PORT` followed by `target`.
    public func url(_ target: String = "/") -> String {
        "ws://127.0.0.1:\(port)\(target)"
    }

    deinit {
        close(descriptor)
    }
}
