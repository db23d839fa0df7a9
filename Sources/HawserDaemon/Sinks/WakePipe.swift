import Glibc

/// Ends a thread's wait in poll(2) from any other thread. A signal that comes before the wait is not lost.
final class WakePipe: Sendable {
    /// Readable while a signal stands.
    let descriptor: Int32
    private let writer: Int32

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError(errno: errno) }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        writer = ends[1]
    }

    deinit {
        close(descriptor)
        close(writer)
    }

    /// Makes the descriptor readable. A full pipe is as good as one more byte in it.
    func signal() {
        var byte: UInt8 = 1
        while write(writer, &byte, 1) < 0, errno == EINTR {}
    }

    /// Takes all signals that stand.
    func clear() {
        var bytes: (UInt64, UInt64) = (0, 0)
        while true {
            let count = read(descriptor, &bytes, MemoryLayout.size(ofValue: bytes))
            // Less than there was room for: the pipe is empty.
            if count == MemoryLayout.size(ofValue: bytes) || (count < 0 && errno == EINTR) { continue }
            return
        }
    }
}
