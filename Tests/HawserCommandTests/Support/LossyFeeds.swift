import Locking
import TestSupport

/// Numbered feeds, one for each request target, whose connections are cut at random, and which go on while nobody is
/// connected: each cut loses some numbers for good.
final class LossyFeeds: Sendable {
    private struct State {
        var next: [String: Int] = [:]
        var finished = 0
        var skipped = 0
        var generator: SeededGenerator
    }

    /// The last number of each feed; it is always sent.
    let last: Int
    private let batch: ClosedRange<Int>
    private let state: OrderedMutex<State>

    /// - Parameter batch: how many messages a connection carries before it is cut.
    init(upTo last: Int, cutAfter batch: ClosedRange<Int>, generator: SeededGenerator) {
        self.last = last
        self.batch = batch
        state = OrderedMutex(State(generator: generator))
    }

    /// Feeds whose last number has been received.
    var finished: Int { state.withLock { $0.finished } }
    /// Numbers that no connection carried.
    var skipped: Int { state.withLock { $0.skipped } }

    /// What a `FaultServer` runs to serve them.
    var behaviour: FaultBehaviour {
        FaultBehaviour { connection in
            let target = try connection.readRequest().target
            try connection.upgrade()
            let (numbers, ending) = self.take(target)
            try connection.sendNumbered(numbers)
            if numbers.upperBound <= self.last { return try connection.end(ending) }
            if !numbers.isEmpty {
                // Its Pong says that the client has read all that came before.
                try connection.sendPing()
                while try connection.readFrame().opcode != 10 {}
                self.state.withLock { $0.finished += 1 }
            }
            try connection.echoFrames()
        }
    }

    private func take(_ target: String) -> (numbers: Range<Int>, ending: FaultBehaviour.Ending) {
        state.withLock { state in
            let first = state.next[target] ?? 1
            guard first <= last else { return (first..<first, .drop) }
            let end = min(first + Int.random(in: batch, using: &state.generator), last + 1)
            // The last number is never skipped, so that each feed's end is known.
            let lost = min(Int.random(in: 0...20, using: &state.generator), max(0, last - end))
            state.skipped += lost
            state.next[target] = end + lost
            let ending: FaultBehaviour.Ending = [.drop, .reset].randomElement(using: &state.generator) ?? .drop
            return (first..<end, ending)
        }
    }
}
