import Glibc

/// The process at the other end of a Unix socket, as the kernel knows it (`SO_PEERCRED`, unix(7)).
///
/// In a unit with `PrivateUsers=` users other than root and the service's own show as 65534.
struct ControlPeer: Sendable, Hashable, CustomStringConvertible {
    /// The process; 0 if it is not of our namespace.
    var process: Int32 = 0
    /// Its user; nil if the kernel did not say.
    var user: UInt32?

    /// Nobody that is known.
    init() {}

    /// Who connected to, or listens at, the other end of `descriptor`.
    init(of descriptor: Int32) {
        // struct ucred, which the Glibc module has only with _GNU_SOURCE: process, user, group.
        var credentials: (process: Int32, user: UInt32, group: UInt32) = (0, 0, 0)
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return }
        process = credentials.process
        user = credentials.user
    }

    /// `process 4711 (hawser) of user 0`.
    var description: String {
        let name = Self.name(of: process).map { " (\($0))" } ?? ""
        let owner = user.map { " of user \($0)" } ?? ""
        return process > 0 ? "process \(process)\(name)\(owner)" : "a process\(owner)"
    }

    private static func name(of process: Int32) -> String? {
        guard process > 0 else { return nil }
        let descriptor = open("/proc/\(process)/comm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].prefix { $0 != 0x0A }, as: UTF8.self).printable
    }
}
