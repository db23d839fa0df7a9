import Glibc

/// Why a sink cannot be opened: what was tried with what, and what to do. The description is for a person.
public struct SinkError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is in the way.
    public enum Problem: Sendable, Hashable {
        /// The folder that the file is to be in is missing or is no folder.
        case noDirectory(String)
        /// The path names something else: a folder, a pipe, a device.
        case notRegularFile
        /// Another process, or another sink of this one, writes the file.
        case inUse
        /// The file has content without a single line break that is no record of ours.
        case notRecords
        /// A system call failed.
        case system(operation: String, errno: Int32)
    }

    /// The file's path, or the sink's name.
    public let path: String
    /// What is in the way.
    public let problem: Problem

    init(path: String, problem: Problem) {
        self.path = path
        self.problem = problem
    }

    /// Runs `body`; says which operation of `path` failed, if one does.
    static func during<Value>(
        _ operation: String,
        of path: String,
        _ body: () throws(SystemError) -> Value
    ) throws(SinkError) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw SinkError(path: path, problem: .system(operation: operation, errno: error.errno))
        }
    }

    /// The system's error number that comes closest.
    public var errno: Int32 {
        switch problem {
        case .noDirectory: ENOENT
        case .notRegularFile, .notRecords: EINVAL
        case .inUse: EBUSY
        case .system(_, let errno): errno
        }
    }

    /// One line without the sink's name.
    public var description: String {
        switch problem {
        case .noDirectory(let directory):
            "cannot open \(path): there is no folder \(directory); create it, writable for the user that Hawser runs as"
        case .notRegularFile:
            "cannot open \(path): it is not a regular file; for a pipe or device, use a stdout sink and redirect it"
        case .inUse:
            "cannot open \(path): another process or sink is writing it; give each its own file"
        case .notRecords:
            "refusing to append to \(path): what it holds is not JSON lines; name another file"
        case .system(let operation, let errno):
            "cannot open \(path): cannot \(operation): \(SystemError.text(errno))"
        }
    }
}
