import Glibc
import TestSupport

/// The service manager's end of sd_notify(3): a datagram socket in the file system or in the abstract namespace.
final class NotificationSocket: Sendable {
    /// What `NOTIFY_SOCKET` is to say.
    let name: String
    private let descriptor: Int32

    /// Binds `name`, a path, or `@` and a name in the abstract namespace.
    init(_ name: String) throws(SystemCallError) {
        descriptor = try Self.open(name)
        self.name = name
    }

    private static func open(_ name: String) throws(SystemCallError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SystemCallError("the socket name \(name)", code: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemCallError("socket") }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard result == 0 else {
            let code = errno
            close(descriptor)
            throw SystemCallError("bind \(name)", code: code)
        }
        return descriptor
    }

    /// The next datagram's assignments; blocks.
    ///
    /// - Throws: `NeverHappened` after `limit`.
    func receive(within limit: Duration = .seconds(20)) throws -> [String] {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&watched, 1, Int32(limit.components.seconds * 1_000)) > 0 else {
            throw NeverHappened(what: "a datagram on \(name)", limit: limit)
        }
        var datagram = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &datagram, datagram.count, 0)
        guard count >= 0 else { throw SystemCallError("recv \(name)") }
        return String(decoding: datagram[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    deinit {
        close(descriptor)
        if !name.hasPrefix("@") { unlink(name) }
    }
}
