import Glibc
import MonotonicTime

/// Writes lines to a descriptor that someone else opened: a pipe, terminal, socket, device or file.
///
/// Never sets `O_NONBLOCK` on it: the flag belongs to the open file description, which a shell and our own standard
/// error may share. How it writes without waiting depends on what the descriptor is.
struct DescriptorOutput: SinkOutput {
    private enum Manner {
        /// A description of our own for the same pipe or device, opened non-blocking through /proc.
        case reopened(Int32)
        /// `MSG_DONTWAIT`.
        case socket
        /// A file or block device: a write never waits for a reader.
        case blocking
        /// /proc does not let us reopen it: a write of `PIPE_BUF` at most, and only when poll(2) says there is room.
        case polled
    }

    let label: String
    private let descriptor: Int32
    private let manner: Manner
    private let isTerminal: Bool

    /// Bounds one system call, so that a drain deadline is looked at now and then.
    private static let largestWrite = 1 << 20
    private static let pipeBuffer = 4096

    /// - Parameter descriptors: where Linux shows this process's descriptors, to open one of them once more.
    init(descriptor: Int32, label: String, descriptors: String = "/proc/self/fd") throws(SystemError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError(errno: errno) }
        guard fcntl(descriptor, F_GETFL) & O_ACCMODE != O_RDONLY else { throw SystemError(errno: EBADF) }
        self.descriptor = descriptor
        self.label = label
        isTerminal = isatty(descriptor) == 1
        switch status.st_mode & S_IFMT {
        case S_IFSOCK:
            manner = .socket
        case S_IFREG, S_IFBLK:
            manner = .blocking
        default:
            let own = open("\(descriptors)/\(descriptor)", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
            manner = own >= 0 ? .reopened(own) : .polled
        }
    }

    mutating func write(_ lines: UnsafeRawBufferPointer, now: Instant) -> WriteStep {
        let count = min(lines.count, Self.largestWrite)
        while true {
            let result: Int
            switch manner {
            case .reopened(let own):
                result = Glibc.write(own, lines.baseAddress, count)
            case .socket:
                result = send(descriptor, lines.baseAddress, count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            case .blocking:
                result = Glibc.write(descriptor, lines.baseAddress, count)
            case .polled:
                var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard poll(&polled, 1, 0) > 0 else { return .blocked(descriptor: descriptor) }
                result = Glibc.write(descriptor, lines.baseAddress, min(count, Self.pipeBuffer))
            }
            if result > 0 { return .wrote(result) }
            guard result < 0 else { return .failing(EIO) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .blocked(descriptor: descriptor)
            case EPIPE, ECONNRESET, ENOTCONN, EBADF: return .ended(errno)
            case EIO where isTerminal: return .ended(errno)
            default: return .failing(errno)
            }
        }
    }

    mutating func commit(now: Instant) -> Int32 { 0 }

    mutating func maintain(now: Instant) {}

    func nextDeadline(now: Instant) -> Instant? { nil }

    var gatheringTime: Duration { .zero }

    var watchedDescriptor: Int32? {
        if case .blocking = manner { return nil }
        return descriptor
    }

    mutating func close(now: Instant) -> Int32 {
        if case .reopened(let own) = manner { Glibc.close(own) }
        return 0
    }
}
