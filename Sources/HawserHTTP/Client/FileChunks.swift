import Glibc
import Locking

/// A file that is read piece by piece, by the pool for blocking work.
enum FileChunks {
    private static let size = 128 << 10

    /// The bytes of a regular file; nil for anything else, whose size is not known ahead.
    static func size(_ path: String) -> Int64? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }

    /// The content of the file at `path`, opened when it is sent.
    static func stream(_ path: String) -> ContentStream {
        ContentStream(replayable: {
            let file = OpenFile(path)
            return { try await Blocking.run { try file.read(atMost: size) } }
        })
    }
}

/// A file that is open while somebody reads or writes it.
final class OpenFile: Sendable {
    private let path: String
    /// -1 before it is opened, and after its end.
    private let descriptor = OrderedMutex<Int32>(-1)

    init(_ path: String) {
        self.path = path
    }

    deinit {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
        }
    }

    private var number: Int32 { descriptor.withLock { $0 } }

    /// The next bytes; nil at the end.
    func read(atMost count: Int) throws(FileFailure) -> [UInt8]? {
        if number < 0 { try openFile(O_RDONLY) }
        let descriptor = number
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var got: Int
            repeat { got = Glibc.read(descriptor, buffer.baseAddress, count) } while got < 0 && errno == EINTR
            if got < 0 { failure = errno }
            filled = max(0, got)
        }
        guard failure == 0 else { throw FileFailure(path: path, code: failure) }
        return bytes.isEmpty ? nil : bytes
    }

    /// Makes the file, or empties it.
    func create() throws(FileFailure) {
        try openFile(O_WRONLY | O_CREAT | O_TRUNC)
    }

    /// Appends all of `bytes`.
    func write(_ bytes: [UInt8]) throws(FileFailure) {
        let descriptor = number
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw FileFailure(path: path, code: errno) }
            done += count
        }
    }

    /// Closes it; what the kernel says of it is not lost.
    func finish() throws(FileFailure) {
        let descriptor = self.descriptor.withLock { descriptor in
            defer { descriptor = -1 }
            return descriptor
        }
        guard descriptor >= 0 else { return }
        let status = close(descriptor)
        let code = errno
        if status != 0 && code != EINTR { throw FileFailure(path: path, code: code) }
    }

    private func openFile(_ flags: Int32) throws(FileFailure) {
        let opened = open(path, flags | O_CLOEXEC, 0o666)
        guard opened >= 0 else { throw FileFailure(path: path, code: errno) }
        descriptor.withLock { $0 = opened }
    }
}

/// What the kernel says of a file.
public struct FileFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// Its `errno`.
    public let code: Int32

    /// The file and what is wrong with it.
    public var description: String { "\(path): \(SystemError.words(code))" }
}
