import Locking
import Glibc

/// A POSIX thread that runs one closure and has to be joined.
///
/// Blocking work of the tests runs on such threads, never on Swift's global pool, which has one thread per core.
public final class JoinableThread: Sendable {
    private let handle: OrderedMutex<pthread_t?>

    /// Starts a thread that runs `body`.
    ///
    /// - Parameters:
    ///   - name: shown by /proc and debuggers; the kernel keeps 15 bytes.
    ///   - stackSize: bytes of stack; small, because a test may have thousands of peers.
    /// - Throws: `SystemCallError` if the process may not have another thread.
    public init(
        _ name: String,
        stackSize: Int = 1 << 20,
        _ body: @escaping @Sendable () -> Void
    ) throws(SystemCallError) {
        let start = UnsafeMutablePointer<@Sendable () -> Void>.allocate(capacity: 1)
        start.initialize(to: {
            nameThisThread(name)
            body()
        })
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)
        var created = pthread_t()
        let result = pthread_create(&created, &attributes, runStart, start)
        guard result == 0 else {
            start.deinitialize(count: 1)
            start.deallocate()
            throw SystemCallError("pthread_create", code: result)
        }
        handle = OrderedMutex(created)
    }

    /// Waits until the closure has returned and the thread is gone. Only the first call waits.
    public func join() {
        let taken = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        if let taken { pthread_join(taken, nil) }
    }

    deinit {
        // A thread that nobody joined must still give its memory back.
        if let left = handle.withLock({ $0 }) { pthread_detach(left) }
    }
}

/// The Glibc module lacks pthread_setname_np, so the kernel is told directly.
private func nameThisThread(_ name: String) {
    let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    let bytes = Array(name.utf8.prefix(15))
    write(descriptor, bytes, bytes.count)
    close(descriptor)
}

private func runStart(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let start = argument?.assumingMemoryBound(to: (@Sendable () -> Void).self) else { return nil }
    let body = start.move()
    start.deallocate()
    body()
    return nil
}
