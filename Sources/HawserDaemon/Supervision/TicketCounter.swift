import Synchronization

/// Numbers that are drawn once in a run and never again, for whoever asks the limits on connections and dials: an answer
/// that comes late, for a number that is not in use any more, is recognised.
final class TicketCounter: Sendable {
    private let last = Atomic<Int>(0)

    /// The next number, from 1.
    func draw() -> Int {
        last.add(1, ordering: .relaxed).newValue
    }
}
