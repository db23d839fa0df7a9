/// Tasks that wait for something, the first come at the head. Confined to the actor that it belongs to, which resumes
/// every one of them exactly once.
struct WaitingLine {
    typealias Continuation = CheckedContinuation<Void, any Error>

    private var waiters: [(id: UInt64, continuation: Continuation)] = []
    private var head = 0

    var isEmpty: Bool { head == waiters.count }

    /// Puts a task at the end; `id` is for `cancel`.
    mutating func append(_ continuation: Continuation, id: UInt64) {
        waiters.append((id, continuation))
    }

    /// Lets the first go on.
    ///
    /// - Returns: whether there was one.
    mutating func resumeFirst() -> Bool {
        guard head < waiters.count else { return false }
        let first = waiters[head].continuation
        head += 1
        if head * 2 >= waiters.count {
            waiters.removeSubrange(..<head)
            head = 0
        }
        first.resume()
        return true
    }

    /// Lets all go on, or throws `error` in each.
    mutating func resumeAll(throwing error: (any Error)? = nil) {
        let all = waiters[head...]
        waiters = []
        head = 0
        for waiter in all {
            if let error { waiter.continuation.resume(throwing: error) } else { waiter.continuation.resume() }
        }
    }

    /// Throws `CancellationError` in the task `id`, if it still waits.
    mutating func cancel(_ id: UInt64) {
        guard let index = waiters[head...].firstIndex(where: { $0.id == id }) else { return }
        waiters.remove(at: index).continuation.resume(throwing: CancellationError())
    }
}
