import Synchronization
import TestSupport

/// Holds a loop's thread until it is let go, so that several events reach it in one turn.
final class Held: Sendable {
    private let stop: StopSignal?

    init() {
        stop = try? StopSignal()
    }

    /// Blocks the calling thread.
    func wait() {
        stop?.wait(atMost: .seconds(20))
    }

    func release() {
        stop?.raise()
    }
}
