/// Somebody who waits for a time.
final class EngineSleeper: @unchecked Sendable {
    // Proof: touched on the engine's thread alone.
    private var continuation: CheckedContinuation<Void, any Error>?
    private var isOver = false

    /// - Returns: whether there is something to wait for; a sleeper that was cancelled before is told so at once.
    func begin(_ continuation: CheckedContinuation<Void, any Error>) -> Bool {
        guard !isOver else {
            continuation.resume(throwing: CancellationError())
            return false
        }
        self.continuation = continuation
        return true
    }

    func wake(_ result: Result<Void, any Error>) {
        isOver = true
        continuation?.resume(with: result)
        continuation = nil
    }
}
