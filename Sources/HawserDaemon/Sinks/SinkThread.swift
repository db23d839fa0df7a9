import Glibc

/// A POSIX thread that takes no signals; for work that may block in the kernel.
struct SinkThread: Sendable {
    private let identifier: pthread_t

    private typealias Start = (name: String, body: @Sendable () -> Void)

    /// Starts `body`. The name is cut to the 15 bytes that Linux shows.
    init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let start = UnsafeMutablePointer<Start>.allocate(capacity: 1)
        start.initialize(to: (name, body))
        // A thread inherits the mask: so no signal meant for the event loop ever interrupts it, and a write to a pipe
        // without a reader is an error and not a SIGPIPE.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        var identifier = pthread_t()
        let code = pthread_create(&identifier, nil, { Self.run($0) }, start)
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            start.deinitialize(count: 1)
            start.deallocate()
            throw SystemError(errno: code)
        }
        self.identifier = identifier
    }

    /// Waits for its end. Exactly one of `join` and `detach` is called, once.
    func join() {
        pthread_join(identifier, nil)
    }

    /// Lets it end by itself.
    func detach() {
        pthread_detach(identifier)
    }

    private static func run(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        let start = argument.assumingMemoryBound(to: Start.self)
        let (name, body) = start.move()
        start.deallocate()
        setName(name)
        body()
        return nil
    }

    private static func setName(_ name: String) {
        let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        let bytes = Array(name.utf8.prefix(15))
        _ = write(file, bytes, bytes.count)
        close(file)
    }
}
