import Locking

/// The numbers of the answers in a run: those of one request go on where they were, whatever a reload does to it.
final class RequestNumbers: Sendable {
    private struct State {
        var last: [String: UInt64] = [:]
        /// Above the numbers of the names that are not kept any more.
        var floor: UInt64 = 0
    }

    /// Names that are told apart: more than a configuration may have.
    private static let limit = 100 * ConfigurationBounds.requests

    private let state = OrderedMutex(State())

    /// The next number of `name`, from 1.
    func draw(for name: String) -> UInt64 {
        state.withLock { state in
            if state.last[name] == nil, state.last.count >= Self.limit {
                state.floor = max(state.floor, state.last.values.max() ?? 0)
                state.last = [:]
            }
            let number = (state.last[name] ?? state.floor) &+ 1
            state.last[name] = number
            return number
        }
    }
}
