import Locking

/// Something to run on an event loop.
enum LoopWork {
    /// A job of Swift's concurrency runtime.
    case job(UnownedJob)
    /// A closure handed to ``EventLoop/submit(_:)``.
    case body(@Sendable () -> Void)
    /// Taken already.
    case taken
}

/// What other threads hand to a loop. Wakes the loop only when the inbox was empty: whoever empties it takes all.
final class LoopInbox: Sendable {
    /// What the one who handed something in has to do next.
    enum Duty {
        /// Nothing: the loop knows, or is not listening yet.
        case none
        /// Somebody has to run what is in the inbox: the loop's own thread has ended.
        case runLate
    }

    private struct State {
        var work: [LoopWork] = []
        /// The loop's thread has ended.
        var isOrphaned = false
        /// A thread is running what an orphaned inbox holds.
        var isAttended = false
        /// Wakes the loop; `nil` before it listens and after it has stopped listening.
        var wake: (@Sendable () -> Void)?
    }

    private let state = OrderedMutex(State())

    /// Adds `item`, waking the loop on the edge from empty to not empty. The wake-up happens under the lock, so none
    /// reaches a handle that is being closed.
    func put(_ item: LoopWork) -> Duty {
        state.withLock { state in
            state.work.append(item)
            if state.isOrphaned {
                if state.isAttended { return .none }
                state.isAttended = true
                return .runLate
            }
            if state.work.count == 1 { state.wake?() }
            return .none
        }
    }

    /// From now on `wake` is called on the edge; what is in the inbox already is announced at once.
    func listen(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.wake = wake
            if !state.work.isEmpty { wake() }
        }
    }

    /// No wake-up begins after this returns.
    func stopListening() {
        state.withLock { $0.wake = nil }
    }

    /// Takes everything out.
    func takeAll() -> [LoopWork] {
        state.withLock { state in
            defer { state.work = [] }
            return state.work
        }
    }

    /// The loop's thread is about to end. `false` if there is something left to run first.
    func orphan() -> Bool {
        state.withLock { state in
            guard state.work.isEmpty else { return false }
            state.isOrphaned = true
            return true
        }
    }

    /// Whoever runs an orphaned inbox has found it empty. `false` if something has come in between.
    func leaveUnattended() -> Bool {
        state.withLock { state in
            guard state.work.isEmpty else { return false }
            state.isAttended = false
            return true
        }
    }
}
