import Glibc

/// Where a server listens.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address as a number, such as `127.0.0.1` or `::1`.
    package let host: String
    /// 0 lets the kernel choose.
    package let port: UInt16

    /// An address of this machine as a number, or `localhost`, which is 127.0.0.1. Nil for anything else.
    package init?(host: String, port: UInt16) {
        self.host = host == "localhost" ? "127.0.0.1" : host
        self.port = port
        if Self.resolve(self.host, port) == nil { return nil }
    }

    private init(ipv4Loopback port: UInt16) {
        host = "127.0.0.1"
        self.port = port
    }

    /// 127.0.0.1.
    package static func ipv4Loopback(port: UInt16) -> ListenAddress {
        ListenAddress(ipv4Loopback: port)
    }

    /// `host:port`, an IPv6 address in brackets.
    package var description: String { "\(hostInURL):\(port)" }

    /// The host as it stands in a URL.
    package var hostInURL: String { host.contains(":") ? "[\(host)]" : host }

    /// A listening socket, non-blocking and closed on exec, with the port it got.
    func listen() throws(ServerError) -> (descriptor: Int32, port: UInt16) {
        guard var address = Self.resolve(host, port) else { throw .listen(address: description, code: EINVAL) }
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(Int32(address.storage.ss_family), flags, 0)
        guard descriptor >= 0 else { throw .listen(address: description, code: errno) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        let result = withUnsafeMutablePointer(to: &address.storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, address.length) == 0 && Glibc.listen(descriptor, SOMAXCONN) == 0
                    && getsockname(descriptor, generic, &address.length) == 0
            }
        }
        guard result else {
            let code = errno
            close(descriptor)
            throw .listen(address: description, code: code)
        }
        return (descriptor, Self.port(of: address.storage))
    }

    private static func resolve(_ host: String, _ port: UInt16) -> (storage: sockaddr_storage, length: socklen_t)? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let list else { return nil }
        defer { freeaddrinfo(list) }
        let length = list.pointee.ai_addrlen
        guard let address = list.pointee.ai_addr, length <= MemoryLayout<sockaddr_storage>.size else { return nil }
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: .init(start: address, count: Int(length))) }
        return (storage, length)
    }

    private static func port(of storage: sockaddr_storage) -> UInt16 {
        // The port is in the same place for both families.
        withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)) }
    }
}
