import Glibc
import Locking
import NameResolution

/// A place for code that blocks: a bounded pool of threads that exist while there is work.
///
/// ```swift
/// let hash = try await Blocking.run { try hashOfLargeFile(path) }
/// ```
public enum Blocking {
    /// Threads at most; work beyond it waits its turn.
    public static let threadLimit = 16

    private struct State {
        var queue: [@Sendable () -> Void] = []
        var cursor = 0
        var threads = 0

        mutating func next() -> (@Sendable () -> Void)? {
            guard cursor < queue.count else {
                queue.removeAll(keepingCapacity: true)
                cursor = 0
                return nil
            }
            defer { cursor += 1 }
            if cursor >= 256 && cursor * 2 >= queue.count {
                queue.removeSubrange(..<cursor)
                cursor = 0
            }
            return queue[cursor]
        }
    }

    private static let state = OrderedMutex(State())

    /// Runs `body` on a thread where blocking harms nobody, and returns what it returns. A `body` that has begun is not
    /// interrupted by cancellation.
    ///
    /// - Throws: what `body` throws; `CancellationError` if the task was cancelled before its turn.
    public static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try Task.checkCancellation()
        return try await withCheckedThrowingContinuation { continuation in
            submit { continuation.resume(with: Result { try body() }) }
        }
    }

    private static func submit(_ work: @escaping @Sendable () -> Void) {
        let startsThread = state.withLock { state in
            state.queue.append(work)
            guard state.threads < threadLimit else { return false }
            state.threads += 1
            return true
        }
        guard startsThread, !DetachedThread.start({ attend() }) else { return }
        let isAttended = state.withLock { state in
            state.threads -= 1
            return state.threads > 0
        }
        // No thread to be had, and nobody else to do it: here, rather than never.
        if !isAttended { attend(asThread: false) }
    }

    private static func attend(asThread: Bool = true) {
        while let work = state.withLock({ state in
            let work = state.next()
            if work == nil && asThread { state.threads -= 1 }
            return work
        }) {
            work()
        }
    }
}
