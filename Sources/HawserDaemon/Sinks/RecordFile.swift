import Glibc

/// A file of records open for appending, locked against every other writer, and ending with a whole line.
struct RecordFile: Sendable {
    let descriptor: Int32
    let device: UInt64
    let inode: UInt64
    var size: Int64
    /// When it was last written before it was opened; wall time.
    let modified: Int64
    /// Whether it had content when it was opened, be it a torn line only.
    let hadContent: Bool
    /// Bytes of a torn line that were cut off.
    let tornBytes: Int64

    /// Owner writes, the group reads; the process's umask may take away more.
    private static let mode: mode_t = 0o640

    /// Opens `path`, creating it in an existing folder, and cuts off a torn last line.
    static func open(_ path: String, operations: FileOperations) throws(SinkError) -> RecordFile {
        // The path may be given to another file between opening and locking: then the lock is on the wrong one.
        for _ in 0..<16 {
            let descriptor = try openDescriptor(path, operations: operations)
            do throws(SinkError) {
                if let file = try adopt(descriptor, path: path, operations: operations) { return file }
            } catch {
                operations.close(descriptor)
                throw error
            }
            operations.close(descriptor)
        }
        throw SinkError(path: path, problem: .inUse)
    }

    /// Whether `path` still names this file.
    func isStill(at path: String, operations: FileOperations) -> Bool {
        guard let status = try? operations.statusOfPath(path) else { return false }
        return status.device == device && status.inode == inode
    }

    private static func openDescriptor(_ path: String, operations: FileOperations) throws(SinkError) -> Int32 {
        // Non-blocking, so that a FIFO without a reader is an error and not a wait; no effect on a regular file.
        let flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK
        do throws(SystemError) {
            return try SystemError.retryingInterrupts { () throws(SystemError) in
                try operations.open(path, flags, mode)
            }
        } catch {
            let directory = FilePath(path).directory
            let found = try? operations.statusOfPath(directory)
            if error.errno == ENOENT || error.errno == ENOTDIR, found?.isDirectory != true {
                throw SinkError(path: path, problem: .noDirectory(directory))
            }
            if error.errno == EISDIR { throw SinkError(path: path, problem: .notRegularFile) }
            throw SinkError(path: path, problem: .system(operation: "create or write it", errno: error.errno))
        }
    }

    /// The file behind `descriptor`, or nil if `path` names another one by now.
    private static func adopt(
        _ descriptor: Int32,
        path: String,
        operations: FileOperations
    ) throws(SinkError) -> RecordFile? {
        let status = try SinkError.during("read its status", of: path) { () throws(SystemError) in
            try operations.status(descriptor)
        }
        guard status.isRegular else { throw SinkError(path: path, problem: .notRegularFile) }
        do throws(SystemError) {
            try operations.lock(descriptor)
        } catch {
            guard error.errno != EAGAIN else { throw SinkError(path: path, problem: .inUse) }
            throw SinkError(path: path, problem: .system(operation: "lock it", errno: error.errno))
        }
        guard let current = try? operations.statusOfPath(path), current.inode == status.inode,
            current.device == status.device
        else { return nil }
        let (size, tail) = try SinkError.during("cut off a torn last line", of: path) { () throws(SystemError) in
            // The size again, under the lock: the writer before us may have been at it until now.
            let size = try operations.status(descriptor).size
            let tail = try TornTail.find(descriptor, size: size, operations: operations)
            if tail.bytes > 0, tail.looksLikeRecords { try operations.truncate(descriptor, size - tail.bytes) }
            return (size, tail)
        }
        guard tail.looksLikeRecords else { throw SinkError(path: path, problem: .notRecords) }
        return RecordFile(
            descriptor: descriptor,
            device: status.device,
            inode: status.inode,
            size: size - tail.bytes,
            modified: status.modified,
            hadContent: size > 0,
            tornBytes: tail.bytes
        )
    }
}
