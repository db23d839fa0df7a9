import CLibwebsockets
import Glibc
import Synchronization

extension EventLoop {
    /// Makes the thread and waits until its context is up.
    func startThread() throws(EventLoopError) {
        let start = LoopStart(loop: self)
        // Retained here for the thread, released by it when it has nothing more to read from it.
        let argument = Unmanaged.passRetained(start)
        var thread = pthread_t()
        let status = pthread_create(&thread, nil, runLoopThread, argument.toOpaque())
        guard status == 0 else {
            argument.release()
            closeUnstarted()
            throw EventLoopError.thread(code: status)
        }
        ending.withLock { $0.thread = thread }
        guard start.waitUntilUp() else {
            pthread_join(thread, nil)
            ending.withLock { $0.phase = .joined }
            throw EventLoopError.context
        }
    }

    private func closeUnstarted() {
        handles.closeAll()
        uv_run(handles.loop, UV_RUN_DEFAULT)
        uv_loop_close(handles.loop)
        ending.withLock { $0.phase = .joined }
    }

    /// The loop's thread, from beginning to end.
    fileprivate func runThread(_ start: LoopStart) {
        setThread(UInt(pthread_self()))
        hawser_name_this_thread(name)
        let context = LibwebsocketsContext(on: handles)
        guard context.isUp else {
            context.abandon()
            handles.abandon()
            return start.announce(isUp: false)
        }
        self.context = context
        let wake = LoopWake(handle: handles.wake)
        inbox.listen { wake() }
        start.announce(isUp: true)
        uv_run(handles.loop, UV_RUN_DEFAULT)
        finishThread()
    }

    /// Runs `body` on the loop and waits for it, blocking; at once if this is the loop's thread.
    func performAndWait<Result>(_ body: @escaping () -> Result) -> Result {
        if isOnLoop { return body() }
        let exchange = BlockingExchange(body)
        submit { exchange.perform() }
        return exchange.wait()
    }
}

/// Wakes a loop from any thread.
private struct LoopWake: @unchecked Sendable {
    // Proof: `uv_async_send` is the one call of libuv that any thread may make; the inbox's lock keeps it from a handle
    // that is being closed.
    let handle: UnsafeMutablePointer<uv_async_t>

    func callAsFunction() {
        uv_async_send(handle)
    }
}

/// What a loop's thread is started with, and how its maker learns that it is up.
private final class LoopStart {
    let loop: EventLoop
    private var semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let isUp = Atomic<Bool>(false)

    init(loop: EventLoop) {
        self.loop = loop
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func announce(isUp: Bool) {
        self.isUp.store(isUp, ordering: .releasing)
        sem_post(semaphore)
    }

    func waitUntilUp() -> Bool {
        while sem_wait(semaphore) != 0 {}
        return isUp.load(ordering: .acquiring)
    }
}

private func runLoopThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<LoopStart>.fromOpaque(argument).takeRetainedValue()
    start.loop.runThread(start)
    return nil
}

/// A closure that one thread performs while another waits for its result.
private final class BlockingExchange<Result>: @unchecked Sendable {
    // Proof: `body` and `result` are touched by the performing thread before the post and by the waiting one after it.
    private var body: (() -> Result)?
    private var result: Result?
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init(_ body: @escaping () -> Result) {
        self.body = body
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func perform() {
        result = body?()
        body = nil
        sem_post(semaphore)
    }

    func wait() -> Result {
        while sem_wait(semaphore) != 0 {}
        guard let result else { preconditionFailure("the exchange was waited for twice") }
        return result
    }
}
