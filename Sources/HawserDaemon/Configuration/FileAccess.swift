import Glibc

/// How files are read: the operating system, or a test's own.
public struct FileAccess: Sendable {
    /// Reads the whole file at `path`, at most `limit` bytes.
    public let read: @Sendable (_ path: String, _ limit: Int) -> Result<[UInt8], FileAccessError>

    /// An access that reads by `read`.
    public init(read: @escaping @Sendable (_ path: String, _ limit: Int) -> Result<[UInt8], FileAccessError>) {
        self.read = read
    }

    /// The files of this machine. Regular files only: nothing that could block or never end.
    public static let system = FileAccess { path, limit in
        // Without O_NONBLOCK, opening a named pipe waits for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return .failure(FileAccessError(errno: errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(FileAccessError(errno: errno)) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: return .failure(.isDirectory)
        default: return .failure(.notRegular)
        }
        return contents(of: descriptor, limit: limit)
    }

    private static func contents(of descriptor: Int32, limit: Int) -> Result<[UInt8], FileAccessError> {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                return .failure(FileAccessError(errno: errno))
            }
            if count == 0 { return .success(bytes) }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > limit { return .failure(.tooLarge(limit: limit)) }
        }
    }
}

/// Why a file could not be read.
public enum FileAccessError: Error, Sendable, Hashable {
    /// There is no such file.
    case notFound
    /// A directory has that name.
    case isDirectory
    /// A named pipe, socket or device has that name.
    case notRegular
    /// The process may not read it, or not enter a directory on the way.
    case permissionDenied
    /// It has more than `limit` bytes.
    case tooLarge(limit: Int)
    /// The operating system says something else, in its words.
    case other(String)

    /// The case for a value of `errno`.
    public init(errno code: Int32) {
        switch code {
        case ENOENT, ENOTDIR: self = .notFound
        case EISDIR: self = .isDirectory
        case EACCES, EPERM: self = .permissionDenied
        case ENXIO: self = .notRegular
        default: self = .other(String(cString: strerror(code)))
        }
    }

    /// What is wrong, as the end of a sentence that begins with the file's name.
    public var problem: String {
        switch self {
        case .notFound: "there is no such file"
        case .isDirectory: "it is a directory"
        case .notRegular: "it is not a regular file"
        case .permissionDenied: "permission denied"
        case .tooLarge(let limit): "it is larger than \(SizeText.format(limit))"
        case .other(let text): text
        }
    }
}
