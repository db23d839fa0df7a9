import CLibwebsockets
import Glibc
import MonotonicTime

/// How far a loop's end has come, as the world sees it.
struct LoopEnding {
    enum Phase {
        case running, stopping
        /// The thread has done everything but end.
        case ended
        case joined
    }

    var phase = Phase.running
    var thread = pthread_t()
    var waiters: [CheckedContinuation<Void, Never>] = []
}

/// How far a loop's end has come, on its thread.
enum LoopShutdownStep {
    case running
    /// Every socket has been aborted; the library closes their descriptors.
    case endingSockets
    /// The library closes what it holds itself.
    case destroyingContext
    /// Our handles are being closed, after which libuv's loop returns.
    case closingHandles

    /// Whether turns have to follow one another, because what is waited for makes no event.
    var isUnderWay: Bool { self == .endingSockets || self == .destroyingContext }
}

extension EventLoop {
    /// What the library has to close takes a few turns. If it never does, the loop is given up rather than waited for.
    private static var shutdownLimit: Duration { .seconds(10) }

    /// Ends the loop: every socket ends as aborted, the context is destroyed, the thread is joined. Returns when nothing
    /// of it is left. Idempotent; whoever else awaits it returns at the same time. From any task.
    ///
    /// Work that is submitted later still runs, see ``submit(_:)``; dials fail with `ECANCELED`.
    public func shutdown() async {
        await withCheckedContinuation { continuation in
            let (begin, isOver) = ending.withLock { ending in
                let (isFirst, isOver) = (ending.phase == .running, ending.phase == .ended || ending.phase == .joined)
                if isFirst { ending.phase = .stopping }
                if !isOver { ending.waiters.append(continuation) }
                return (isFirst, isOver)
            }
            if begin { submit { self.beginShutdown() } }
            if isOver { continuation.resume() }
        }
        // The thread has nothing more to do than to end: whoever comes first waits the few microseconds for it.
        ending.withLock { ending in
            guard ending.phase == .ended else { return }
            pthread_join(ending.thread, nil)
            ending.phase = .joined
        }
    }

    /// The first step, on the loop's thread. The others follow at the end of turns.
    func beginShutdown() {
        guard shutdownStep == .running else { return }
        shutdownStep = .endingSockets
        shutdownDeadline = now + Self.shutdownLimit
        signals.removeAll()
        sockets.abortAll()
    }

    func continueShutdown() {
        guard shutdownStep == .closingHandles || now < shutdownDeadline else { return abandon() }
        switch shutdownStep {
        case .running, .closingHandles:
            return
        case .endingSockets:
            guard openSockets == 0 else { return }
            shutdownStep = .destroyingContext
            context?.beginDestroying()
        case .destroyingContext:
            guard handles.foreignHandles == 0 else { return }
            context?.finishDestroying()
            context = nil
            shutdownStep = .closingHandles
            inbox.stopListening()
            handles.closeAll()
        }
    }

    private func abandon() {
        assertionFailure("libwebsockets has not closed what it holds")
        shutdownStep = .closingHandles
        context?.abandon()
        context = nil
        inbox.stopListening()
        handles.abandon()
    }

    /// The thread's last act: libuv's loop has returned.
    func finishThread() {
        let status = handles.isAbandoned ? 0 : uv_loop_close(handles.loop)
        assert(status == 0, "libuv's loop still has handles")
        drainForGood()
        let waiters = ending.withLock { ending in
            ending.phase = .ended
            defer { ending.waiters = [] }
            return ending.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
