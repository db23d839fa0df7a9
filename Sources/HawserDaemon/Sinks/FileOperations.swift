import Glibc

/// The system calls of the file sink, so that tests can let each of them fail at a chosen moment.
struct FileOperations: Sendable {
    /// What stat(2) says of a file.
    struct Status: Hashable, Sendable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var modified: Int64
        var isRegular: Bool
        var isDirectory: Bool
    }

    var open: @Sendable (_ path: String, _ flags: Int32, _ mode: mode_t) throws(SystemError) -> Int32
    var close: @Sendable (_ descriptor: Int32) -> Void
    var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Int
    var read:
        @Sendable (_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer, _ offset: Int64) throws(SystemError) ->
            Int
    var synchronize: @Sendable (_ descriptor: Int32) throws(SystemError) -> Void
    var truncate: @Sendable (_ descriptor: Int32, _ size: Int64) throws(SystemError) -> Void
    var lock: @Sendable (_ descriptor: Int32) throws(SystemError) -> Void
    var status: @Sendable (_ descriptor: Int32) throws(SystemError) -> Status
    var statusOfPath: @Sendable (_ path: String) throws(SystemError) -> Status
    var rename: @Sendable (_ path: String, _ newPath: String) throws(SystemError) -> Void
    var remove: @Sendable (_ path: String) throws(SystemError) -> Void
    var names: @Sendable (_ directory: String) throws(SystemError) -> [String]
    var synchronizeDirectory: @Sendable (_ directory: String) throws(SystemError) -> Void

    /// The kernel's.
    static let system = FileOperations(
        open: { path, flags, mode throws(SystemError) in try check(Glibc.open(path, flags, mode)) },
        close: { descriptor in
            // Said aloud: a child between fork and exec holds the description, and with it the lock, a moment longer.
            _ = flock(descriptor, LOCK_UN)
            _ = Glibc.close(descriptor)
        },
        write: { descriptor, bytes throws(SystemError) in
            try check(Glibc.write(descriptor, bytes.baseAddress, bytes.count))
        },
        read: { descriptor, bytes, offset throws(SystemError) in
            try check(pread(descriptor, bytes.baseAddress, bytes.count, off_t(offset)))
        },
        synchronize: { descriptor throws(SystemError) in _ = try check(fdatasync(descriptor)) },
        truncate: { descriptor, size throws(SystemError) in _ = try check(ftruncate(descriptor, off_t(size))) },
        lock: { descriptor throws(SystemError) in _ = try check(flock(descriptor, LOCK_EX | LOCK_NB)) },
        status: { descriptor throws(SystemError) in
            var status = stat()
            _ = try check(fstat(descriptor, &status))
            return Status(status)
        },
        statusOfPath: { path throws(SystemError) in
            var status = stat()
            _ = try check(stat(path, &status))
            return Status(status)
        },
        rename: { path, newPath throws(SystemError) in _ = try check(Glibc.rename(path, newPath)) },
        remove: { path throws(SystemError) in _ = try check(unlink(path)) },
        names: { directory throws(SystemError) in try listNames(directory) },
        synchronizeDirectory: { directory throws(SystemError) in
            let descriptor = try check(Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
            defer { Glibc.close(descriptor) }
            _ = try check(Glibc.fsync(descriptor))
        }
    )

    private static func check<Number: SignedInteger>(_ result: Number) throws(SystemError) -> Number {
        guard result >= 0 else { throw SystemError(errno: errno) }
        return result
    }

    private static func listNames(_ directory: String) throws(SystemError) -> [String] {
        guard let stream = opendir(directory) else { throw SystemError(errno: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }
}

extension FileOperations.Status {
    fileprivate init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
        isRegular = status.st_mode & S_IFMT == S_IFREG
        isDirectory = status.st_mode & S_IFMT == S_IFDIR
    }
}
