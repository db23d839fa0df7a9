import Glibc
import Locking

/// How far an engine's end has come.
struct EngineEnding {
    var thread: pthread_t?
    /// The thread has done its last work.
    var isDone = false
    var isJoined = false
    var waiters: [CheckedContinuation<Void, Never>] = []
}

extension CurlEngine {
    func startThread() throws(ExchangeFailure) {
        var thread = pthread_t()
        // Retained here for the thread, released when it is done.
        let argument = Unmanaged.passRetained(self)
        let status = pthread_create(&thread, nil, runEngineThread, argument.toOpaque())
        guard status == 0 else {
            argument.release()
            throw ExchangeFailure(kind: .engine("no thread for the client: \(SystemError.words(status))"))
        }
        ending.withLock { $0.thread = thread }
    }

    func stop() {
        submit { [self] in
            isStopping = true
            for transfer in Array(transfers.values) { abort(transfer, .shutDown) }
            for sleeper in sleepers.values { sleeper.wake(.failure(ExchangeFailure(kind: .shutDown))) }
            sleepers = [:]
        }
    }

    func shutdown() async {
        stop()
        await withCheckedContinuation { continuation in
            let isDone = ending.withLock { ending in
                if !ending.isDone { ending.waiters.append(continuation) }
                return ending.isDone
            }
            if isDone { continuation.resume() }
        }
        let thread = ending.withLock { ending -> pthread_t? in
            defer { ending.isJoined = true }
            return ending.isJoined ? nil : ending.thread
        }
        // It has nothing left to do but to return.
        if let thread { pthread_join(thread, nil) }
    }

    fileprivate func announceEnd() {
        let waiters = ending.withLock { ending in
            ending.isDone = true
            defer { ending.waiters = [] }
            return ending.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

private func runEngineThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let engine = Unmanaged<CurlEngine>.fromOpaque(argument).takeRetainedValue()
    engine.runThread()
    engine.announceEnd()
    return nil
}
