import Locking

/// Where reloads are asked for, from any thread, and done, one after the other, by the daemon.
///
/// Whoever asks while one is under way gets the next one, together with all others who did: the file may have changed
/// since it was read. So there is never more to do than one more reload.
final class ReloadQueue: Sendable {
    /// How a reload went.
    typealias Outcome = Result<ReloadReport, ReloadError>

    /// Who waits for a reload to end; nobody, if it was a signal.
    struct Batch: Sendable {
        fileprivate var callers: [CheckedContinuation<Outcome, Never>] = []

        /// Tells all of them.
        func finish(_ outcome: Outcome) {
            for caller in callers { caller.resume(returning: outcome) }
        }
    }

    /// How far the reload under way is, for a stop that comes meanwhile.
    struct Progress: Sendable {
        /// Nothing of the new configuration remains to be applied.
        let applied = OneShot<Void>()
        /// Nothing is recorded any more that was begun under the old one.
        let settled = OneShot<Void>()
    }

    private struct State {
        var next: Batch?
        var worker: CheckedContinuation<Batch?, Never>?
        var progress: Progress?
        var onClose: (@Sendable () -> Void)?
        var isClosed = false
    }

    private let state = OrderedMutex(State())

    /// Asks for a reload and returns when it is done.
    func request() async throws(ReloadError) -> ReloadReport {
        let outcome: Outcome = await withCheckedContinuation { caller in
            if !submit(caller) { caller.resume(returning: .failure(.stopping)) }
        }
        return try outcome.get()
    }

    /// Asks for a reload that nobody waits for.
    ///
    /// - Returns: false: there will be none, because the daemon ends.
    func submit() -> Bool {
        submit(nil)
    }

    private func submit(_ caller: CheckedContinuation<Outcome, Never>?) -> Bool {
        let (isTaken, worker, batch) = state.withLock { state -> (Bool, CheckedContinuation<Batch?, Never>?, Batch?) in
            guard !state.isClosed else { return (false, nil, nil) }
            var batch = state.next ?? Batch()
            if let caller { batch.callers.append(caller) }
            guard let worker = state.worker else {
                state.next = batch
                return (true, nil, nil)
            }
            state.worker = nil
            state.next = nil
            return (true, worker, batch)
        }
        worker?.resume(returning: batch)
        return isTaken
    }

    // MARK: The worker

    /// The next reload to do, as soon as there is one; nil once the queue is closed. One call at a time.
    func next() async -> Batch? {
        await withCheckedContinuation { worker in
            let (isDone, batch) = state.withLock { state -> (Bool, Batch?) in
                if state.isClosed { return (true, nil) }
                if let batch = state.next {
                    state.next = nil
                    return (true, batch)
                }
                state.worker = worker
                return (false, nil)
            }
            if isDone { worker.resume(returning: batch) }
        }
    }

    /// Calls `body` when the queue is closed, which may be at once; in the place of what was to be called before.
    func onClose(_ body: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            state.onClose = body
            return state.isClosed
        }
        if isClosed { body() }
    }

    /// The worker is about to change something.
    ///
    /// - Returns: where to say how far it is; nil: it must not, because the daemon ends.
    func beginChange() -> Progress? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            let progress = Progress()
            state.progress = progress
            return progress
        }
    }

    // MARK: The end

    /// Whether the daemon ends.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Refuses every reload from now on; returns when none changes anything any more. One that only reads is given up.
    func close() async {
        let (worker, batch, onClose, progress) = state.withLock { state in
            defer {
                state.isClosed = true
                state.worker = nil
                state.next = nil
                state.onClose = nil
            }
            return (state.worker, state.next, state.onClose, state.progress)
        }
        onClose?()
        worker?.resume(returning: nil)
        batch?.finish(.failure(.stopping))
        await progress?.applied.value
    }

    /// Returns when nothing is recorded any more that a reload has ended. After `close`.
    func settle() async {
        await state.withLock { $0.progress }?.settled.value
    }
}
