import ConnectionLifecycle
import Glibc
import MonotonicTime

/// The file `dials` in the state directory, held by one process at a time.
///
/// It is replaced as a whole by a rename and never synchronised: a process that is killed loses nothing, because what
/// was written is the kernel's by then. After a power failure the last seconds may be missing, or the file torn: the
/// machine takes longer than that to start, and of a torn file the checksum tells.
struct DialMemoryFile: Sendable {
    /// What was found at the start.
    enum Content: Sendable, Hashable {
        /// No file.
        case nothing
        /// What an earlier process remembered, on the clock of this one.
        case memory(DialMemory)
        /// A file that cannot be read, and when it was written at the latest.
        case unreadable(since: Instant, because: String)
    }

    /// Why there is no memory.
    struct Failure: Error, Hashable, CustomStringConvertible {
        let path: String
        let problem: String
        var description: String { "\(path): \(problem)" }
    }

    let path: String
    private let lock: Int32
    private let operations: FileOperations

    /// Makes the directory if it is not there, and claims the file.
    init(directory: String, operations: FileOperations = .system) throws(Failure) {
        let prefix = directory.hasSuffix("/") ? directory : directory + "/"
        path = prefix + "dials"
        self.operations = operations
        do throws(SystemError) {
            try Self.makeDirectories(directory)
        } catch {
            throw Failure(path: directory, problem: "cannot make the directory: \(SystemError.text(error.errno))")
        }
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        var descriptor: Int32 = -1
        do throws(SystemError) {
            descriptor = try operations.open(path + ".lock", flags, 0o600)
            try operations.lock(descriptor)
        } catch {
            if descriptor >= 0 { operations.close(descriptor) }
            let isHeld = error.errno == EWOULDBLOCK
            let problem = isHeld ? "another process holds it" : "cannot lock it: \(SystemError.text(error.errno))"
            throw Failure(path: path + ".lock", problem: problem)
        }
        lock = descriptor
    }

    /// What keeps this user from remembering anything in `directory`; nil if nothing does, or it has to be made first.
    static func problem(with directory: String) -> String? {
        var status = stat()
        guard stat(directory, &status) == 0 else {
            return errno == ENOENT ? nil : SystemError.text(errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return "it is not a directory" }
        return access(directory, W_OK | X_OK) == 0 ? nil : SystemError.text(errno)
    }

    /// Lets another process have it.
    func close() {
        operations.close(lock)
    }

    /// What an earlier process left. Whatever it is, it never holds a host for longer than its windows.
    func load(at clock: DialMemory.Clock) -> Content {
        var modified: Int64?
        do throws(SystemError) {
            let descriptor = try operations.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0)
            defer { operations.close(descriptor) }
            let status = try operations.status(descriptor)
            modified = status.modified
            guard status.isRegular, status.size <= DialMemoryText.maximumBytes else {
                return unreadable(clock, modified, "it is not a file of Hawser's")
            }
            guard let (memory, written) = DialMemoryText.decode(try read(descriptor)) else {
                return unreadable(clock, modified, "it is torn, or not a file of Hawser's")
            }
            return .memory(memory.converted(from: written, to: clock))
        } catch {
            return error.errno == ENOENT ? .nothing : unreadable(clock, modified, SystemError.text(error.errno))
        }
    }

    /// Replaces the content, so that a reader finds the old one or the new one.
    func save(_ memory: DialMemory, at clock: DialMemory.Clock) throws(SystemError) {
        let draft = path + ".new"
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let descriptor = try operations.open(draft, flags, 0o600)
        do throws(SystemError) {
            try write(DialMemoryText.encode(memory, at: clock), to: descriptor)
            operations.close(descriptor)
        } catch {
            operations.close(descriptor)
            throw error
        }
        try operations.rename(draft, path)
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) throws(SystemError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // Errors pass through the closures of arrays as values: those do not carry a type.
            let result: Result<Int, SystemError> = rest.withUnsafeBytes { buffer in
                Result { () throws(SystemError) in
                    try SystemError.retryingInterrupts { () throws(SystemError) in
                        try operations.write(descriptor, buffer)
                    }
                }
            }
            let count = try result.get()
            guard count > 0 else { throw SystemError(errno: EIO) }
            rest = rest.dropFirst(count)
        }
    }

    private func read(_ descriptor: Int32) throws(SystemError) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while all.count <= DialMemoryText.maximumBytes {
            let result: Result<Int, SystemError> = buffer.withUnsafeMutableBytes { buffer in
                Result { () throws(SystemError) in
                    try SystemError.retryingInterrupts { () throws(SystemError) in
                        try operations.read(descriptor, buffer, Int64(all.count))
                    }
                }
            }
            let count = try result.get()
            guard count > 0 else { break }
            all += buffer[..<count]
        }
        return all
    }

    /// Nothing in the file is newer than the file. A time of the future is taken as now.
    private func unreadable(_ clock: DialMemory.Clock, _ modified: Int64?, _ problem: String) -> Content {
        let (difference, overflow) = clock.wall.subtractingReportingOverflow(modified ?? clock.wall)
        let age = overflow ? Duration.zero : max(.nanoseconds(difference), .zero)
        return .unreadable(since: clock.monotonic + (.zero - age), because: problem)
    }

    private static func makeDirectories(_ path: String) throws(SystemError) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        let failed = errno
        let parent = FilePath(path.last == "/" ? String(path.dropLast()) : path).directory
        guard failed == ENOENT, parent != path, parent != "." else { throw SystemError(errno: failed) }
        try makeDirectories(parent)
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError(errno: errno) }
    }
}

extension DialMemory.Clock {
    /// This machine's clocks now.
    static func read(_ clock: SinkClock = .system, boot: String) -> DialMemory.Clock {
        DialMemory.Clock(boot: boot, monotonic: clock.now(), wall: clock.wallNanoseconds())
    }

    /// The kernel's name for this start of the machine; empty if it tells none.
    static func currentBoot() -> String {
        let file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(file, &buffer, buffer.count)
        let text = buffer.prefix(max(count, 0)).prefix { (0x21...0x7E).contains($0) }
        return String(decoding: text, as: UTF8.self)
    }
}
