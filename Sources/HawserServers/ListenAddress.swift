import Glibc

/// Where a server listens: loopback only, as no server here is meant for strangers.
package enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// 127.0.0.1; port 0 lets the kernel choose.
    case ipv4Loopback(port: UInt16)

    /// `host:port`.
    package var description: String {
        switch self {
        case .ipv4Loopback(let port): "127.0.0.1:\(port)"
        }
    }

    /// A listening socket, non-blocking and closed on exec, with the port it got.
    func listen() throws(ServerError) -> (descriptor: Int32, port: UInt16) {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, flags, 0)
        guard descriptor >= 0 else { throw .listen(address: description, code: errno) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = socketAddress
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && Glibc.listen(descriptor, SOMAXCONN) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard result else {
            let code = errno
            close(descriptor)
            throw .listen(address: description, code: code)
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    private var socketAddress: sockaddr_in {
        switch self {
        case .ipv4Loopback(let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            return address
        }
    }
}
