import CCurl
import Glibc
import Locking

/// What an engine's thread has to do.
enum EngineWork {
    /// A job of Swift's concurrency runtime.
    case job(UnownedJob)
    case start(CurlTransfer)
    case body(@Sendable () -> Void)
}

/// What other threads hand to an engine's thread. Wakes it only when the inbox was empty: whoever empties it takes all.
final class EngineInbox: Sendable {
    private struct State {
        var work: [EngineWork] = []
        /// The thread has ended.
        var isOrphaned = false
    }

    private let state = OrderedMutex(State())
    /// An eventfd.
    let descriptor: Int32

    /// - Throws: ``ExchangeFailure`` if there is no descriptor to be had.
    init() throws(ExchangeFailure) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else {
            throw ExchangeFailure(kind: .engine("no descriptor for the client's thread: \(SystemError.words(errno))"))
        }
    }

    deinit {
        close(descriptor)
    }

    /// Hands `item` over.
    ///
    /// - Returns: false if the thread has ended.
    func put(_ item: EngineWork) -> Bool {
        state.withLock { state in
            guard !state.isOrphaned else { return false }
            state.work.append(item)
            if state.work.count == 1 { eventfd_write(descriptor, 1) }
            return true
        }
    }

    /// Takes everything out; `spare` becomes the new, empty store.
    func takeAll(_ spare: [EngineWork]) -> [EngineWork] {
        state.withLock { state in
            guard !state.work.isEmpty else { return [] }
            defer { state.work = spare }
            return state.work
        }
    }

    /// The wake-up has been heard.
    func clear() {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
    }

    /// The thread is about to end. False if there is something left to do first.
    func orphan() -> Bool {
        state.withLock { state in
            guard state.work.isEmpty else { return false }
            state.isOrphaned = true
            return true
        }
    }
}

/// Words for the kernel's codes.
enum SystemError {
    static func words(_ code: Int32) -> String {
        String(cString: strerror(code))
    }
}
