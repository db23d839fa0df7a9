import Glibc

/// The control socket: a Unix socket of mode 0660 that listens, and its file, which goes with it.
///
/// Whoever finds a socket file that nobody answers replaces it; one that answers belongs to another daemon. Two that
/// start at once are kept apart by a lock on the directory. Nobody can connect before the mode is set: it listens last.
final class ControlSocket: Sendable {
    /// Why there is none.
    struct Failure: Error, CustomStringConvertible {
        let path: String
        let problem: String
        let remedy: String

        var description: String { "cannot listen on \(path): \(problem): \(remedy)" }
    }

    /// Who may connect: its owner and its group.
    private static let mode: mode_t = 0o660
    /// Connections that wait to be accepted; further ones wait in connect(2), or fail with EAGAIN.
    private static let backlog: Int32 = 128
    /// How often, and in what steps of microseconds, another daemon's start in the same directory is waited for.
    private static let lockAttempts = (count: 200, pause: UInt32(10_000))

    let path: String
    let descriptor: Int32
    private let identity: (device: dev_t, inode: ino_t)

    /// Listens at `path`, which replaces what a dead process left there.
    ///
    /// - Throws: what keeps it, and if it is another process, which.
    init(path: String) throws(Failure) {
        self.path = path
        let lock = try Self.lockDirectory(of: path)
        // The lock goes with the descriptor.
        defer { close(lock) }
        try Self.removeStale(path)
        descriptor = try Self.bind(path)
        var status = stat()
        guard lstat(path, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw Self.failure(path, code)
        }
        identity = (status.st_dev, status.st_ino)
    }

    deinit {
        removeFile()
        close(descriptor)
    }

    /// Removes the file, unless it is another daemon's by now.
    func removeFile() {
        var status = stat()
        guard lstat(path, &status) == 0, (status.st_dev, status.st_ino) == identity else { return }
        unlink(path)
    }

    // MARK: Begin

    private static func lockDirectory(of path: String) throws(Failure) -> Int32 {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let directory =
            parts.count < 2 ? "." : parts.count == 2 && parts[0].isEmpty ? "/" : parts.dropLast().joined(separator: "/")
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            throw Failure(
                path: path,
                problem: "\(directory): \(SystemError.text(code))",
                remedy: "make that directory, or name another with status: {socket: PATH}, or none"
            )
        }
        for _ in 0..<lockAttempts.count {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
            usleep(lockAttempts.pause)
        }
        close(descriptor)
        throw Failure(path: path, problem: "its directory is locked by another process", remedy: "try again")
    }

    private static func removeStale(_ path: String) throws(Failure) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw Failure(
                path: path,
                problem: "a file that is no socket stands there",
                remedy: "remove it, or name another path with status: {socket: PATH}"
            )
        }
        let probe = try makeSocket(path)
        defer { close(probe) }
        guard connect(probe, path) != 0 else {
            throw Failure(
                path: path,
                problem: "\(ControlPeer(of: probe)) answers there",
                remedy: "stop it, or name another path with status: {socket: PATH}, or none"
            )
        }
        switch errno {
        case ECONNREFUSED:
            guard unlink(path) == 0 || errno == ENOENT else { throw failure(path, errno) }
        case ENOENT:
            return
        case EAGAIN:
            throw Failure(
                path: path,
                problem: "another process listens there, and is busy",
                remedy: "stop it, or name another path with status: {socket: PATH}, or none"
            )
        default:
            throw failure(path, errno)
        }
    }

    private static func bind(_ path: String) throws(Failure) -> Int32 {
        let descriptor = try makeSocket(path)
        let isListening = withAddress(of: path) { address, length in
            Glibc.bind(descriptor, address, length) == 0 && chmod(path, mode) == 0 && listen(descriptor, backlog) == 0
        }
        guard isListening ?? false else {
            let code = isListening == nil ? ENAMETOOLONG : errno
            close(descriptor)
            throw failure(path, code)
        }
        return descriptor
    }

    private static func makeSocket(_ path: String) throws(Failure) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw failure(path, errno) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        return descriptor
    }

    private static func failure(_ path: String, _ code: Int32) -> Failure {
        let remedy =
            code == EACCES || code == EPERM || code == EROFS
            ? "let the user that Hawser runs as write there (in a unit: RuntimeDirectory=hawser)"
            : "name another path with status: {socket: PATH}, or none"
        return Failure(path: path, problem: SystemError.text(code), remedy: remedy)
    }

    // MARK: Addresses

    /// Connects `descriptor` to the socket at `path`, as connect(2) does.
    static func connect(_ descriptor: Int32, _ path: String) -> Int32 {
        let result = withAddress(of: path) { Glibc.connect(descriptor, $0, $1) }
        guard let result else {
            errno = ENAMETOOLONG
            return -1
        }
        return result
    }

    /// Calls `body` with the address of the socket at `path`; nil if no address can hold it.
    private static func withAddress<Result>(
        of path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= StatusReader.longestSocketPath, !bytes.contains(0) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
