import Locking
import Synchronization

/// The end of an exchange whose head has been handed over.
final class EndOfExchange: Sendable {
    private struct State {
        var timings: RequestTimings?
        var waiters: [CheckedContinuation<RequestTimings, Never>] = []
    }

    private let state = OrderedMutex(State())

    func complete(_ result: Result<ExchangeAnswer, ExchangeFailure>) {
        let timings: RequestTimings =
            switch result {
            case .success(let answer): answer.timings
            case .failure(let failure): failure.timings
            }
        let waiters = state.withLock { state -> [CheckedContinuation<RequestTimings, Never>] in
            guard state.timings == nil else { return [] }
            state.timings = timings
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: timings) }
    }

    func wait() async -> RequestTimings {
        await withCheckedContinuation { continuation in
            let timings = state.withLock { state -> RequestTimings? in
                if state.timings == nil { state.waiters.append(continuation) }
                return state.timings
            }
            if let timings { continuation.resume(returning: timings) }
        }
    }
}

/// The transfer that a pipe belongs to, which is made after the pipe.
final class TransferReference: @unchecked Sendable {
    // Proof: set once, before the transfer is handed to the engine's thread, where alone it is read.
    weak var transfer: CurlTransfer?
}

/// A flag that is set once.
final class OneShotFlag: Sendable {
    private let isSet = Atomic<Bool>(false)

    /// Sets it; whether this was the first time.
    func set() -> Bool {
        !isSet.exchange(true, ordering: .acquiringAndReleasing)
    }
}
