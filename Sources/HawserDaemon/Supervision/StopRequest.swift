import Locking

/// Asks the daemon to end, once, from anywhere; the daemon awaits it.
public final class StopRequest: Sendable {
    /// Why the daemon ends.
    public enum Reason: Sendable, Hashable {
        /// A signal, by its name.
        case signal(String)
        /// The time it was to run is over.
        case elapsed
        /// It cannot go on; the text says why.
        case failure(String)
    }

    private struct State {
        var reason: Reason?
        var signals = 0
        var waiters: [CheckedContinuation<Reason, Never>] = []
    }

    private let state = OrderedMutex(State())

    /// A request that has not been made.
    public init() {}

    /// Makes the request; the first reason holds.
    ///
    /// - Returns: whether this call was the first.
    @discardableResult
    public func request(_ reason: Reason) -> Bool {
        let waiters: [CheckedContinuation<Reason, Never>]? = state.withLock { state in
            guard state.reason == nil else { return nil }
            state.reason = reason
            defer { state.waiters = [] }
            return state.waiters
        }
        guard let waiters else { return false }
        for waiter in waiters { waiter.resume(returning: reason) }
        return true
    }

    /// Makes the request because of a signal.
    ///
    /// - Returns: whether it is the first signal, whatever was requested before: the second one means "now".
    public func requestBySignal(_ name: String) -> Bool {
        request(.signal(name))
        return state.withLock { state in
            state.signals += 1
            return state.signals == 1
        }
    }

    /// Returns when the request is made.
    public func wait() async -> Reason {
        await withCheckedContinuation { continuation in
            let reason = state.withLock { state in
                if state.reason == nil { state.waiters.append(continuation) }
                return state.reason
            }
            if let reason { continuation.resume(returning: reason) }
        }
    }
}
