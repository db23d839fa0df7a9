import Glibc
import NameResolution
import TestSupport

/// A listening socket of the test's own, so that the test decides when the peer accepts, sends and vanishes.
final class RawListener {
    private var descriptor: Int32
    let address: SocketAddress

    /// Listens on `host` (an IP literal, port chosen by the kernel unless given) or at a Unix path.
    init(host: String = "127.0.0.1", port: UInt16 = 0, unixPath: String? = nil, backlog: Int32 = 64) throws {
        guard
            let wanted = unixPath.map({ SocketAddress(unixPath: $0) }) ?? SocketAddress(ipLiteral: host, port: port)
        else { throw SystemCallError("an address from \(host)", code: EINVAL) }
        let family =
            switch wanted.family {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            case .unix: AF_UNIX
            }
        descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemCallError("socket") }
        let listener = descriptor
        guard wanted.withSockaddr({ bind(listener, $0, $1) }) == 0 else { throw SystemCallError("bind \(wanted)") }
        guard listen(descriptor, backlog) == 0 else { throw SystemCallError("listen") }
        address = wanted.family == .unix ? wanted : wanted.withPort(Self.port(of: descriptor))
    }

    deinit {
        end()
    }

    func end() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    var port: UInt16 { address.port }

    /// Waits for a connection and takes it.
    func accept() throws -> RawPeer {
        try Self.accept(on: descriptor)
    }

    private static func accept(on descriptor: Int32) throws -> RawPeer {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&watched, 1, 20_000) == 1 else { throw SystemCallError("wait for a connection", code: ETIMEDOUT) }
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw SystemCallError("accept") }
        return RawPeer(accepted)
    }

    /// Gives the listener to a thread of its own, which accepts one connection and closes it when `script` returns.
    func handOver(_ name: String, _ script: @escaping @Sendable (RawPeer) -> Void) throws -> JoinableThread {
        let given = descriptor
        descriptor = -1
        return try JoinableThread(name) {
            defer { close(given) }
            guard let peer = try? Self.accept(on: given) else { return }
            script(peer)
        }
    }

    private static func port(of descriptor: Int32) -> UInt16 {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                getsockname(descriptor, raw, &length)
                return SocketAddress(raw, length: length)?.port ?? 0
            }
        }
    }
}

/// The far end of a connection: blocking, with every way to end it.
final class RawPeer {
    private var descriptor: Int32

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit {
        end()
    }

    /// Gives the connection to `script` on a thread of its own, which closes it when the script returns.
    func handOver(_ name: String, _ script: @escaping @Sendable (RawPeer) -> Void) throws -> JoinableThread {
        let given = descriptor
        descriptor = -1
        return try JoinableThread(name) { script(RawPeer(given)) }
    }

    /// Sends all of `bytes`; only what certainly fits the kernel's buffers, as nobody may be reading.
    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw SystemCallError("send") }
            sent += count
        }
    }

    /// Some bytes; none at the end of the stream.
    func receive(atMost limit: Int = 1 << 20) throws -> [UInt8] {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&watched, 1, 20_000) == 1 else { throw SystemCallError("wait for bytes", code: ETIMEDOUT) }
        var bytes = [UInt8](repeating: 0, count: min(limit, 1 << 18))
        let count = recv(descriptor, &bytes, bytes.count, 0)
        guard count >= 0 else { throw SystemCallError("recv") }
        return Array(bytes[..<count])
    }

    func receive(exactly count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let more = try receive(atMost: count - bytes.count)
            guard !more.isEmpty else { throw SystemCallError("\(count) bytes, at \(bytes.count)", code: ECONNABORTED) }
            bytes += more
        }
        return bytes
    }

    /// How many bytes the kernel holds for this side.
    var unread: Int {
        var count: Int32 = 0
        _ = ioctl(descriptor, UInt(FIONREAD), &count)
        return Int(count)
    }

    /// FIN: no more from this side.
    func shutdownWriting() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// RST.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        end()
    }

    /// Closes: FIN, or RST if something was left unread.
    func end() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
    }
}
