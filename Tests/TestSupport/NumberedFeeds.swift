import Locking

/// Feeds of numbered messages, one for each request target, that go on where they were cut.
///
/// Each connection gets a random number of messages and is then dropped or reset at random, until its feed has sent all;
/// that connection ends with Close 1000, and later ones are held open in silence. A reset may lose messages that were
/// sent: what a client misses has to be accounted for by the client.
public final class NumberedFeeds: Sendable {
    private struct State {
        var next: [String: Int] = [:]
        var finished: Set<String> = []
        var generator: SeededGenerator
    }

    /// Messages that each feed sends in all, numbered from 1.
    public let messages: Int
    private let batch: ClosedRange<Int>
    private let state: OrderedMutex<State>

    /// Feeds of `messages` messages that cut each connection after a number of messages within `batch`.
    public init(messages: Int, cutAfter batch: ClosedRange<Int>, generator: SeededGenerator) {
        self.messages = messages
        self.batch = batch
        state = OrderedMutex(State(generator: generator))
    }

    /// The targets whose feed has sent all its messages.
    public var finished: Set<String> {
        state.withLock { $0.finished }
    }

    /// What a `FaultServer` runs to serve these feeds.
    public var behaviour: FaultBehaviour {
        FaultBehaviour { connection in
            let target = try connection.readRequest().target
            try connection.upgrade()
            let (numbers, resets) = self.take(target)
            if numbers.isEmpty { return try connection.awaitEnd(within: .seconds(3600)) }
            try connection.sendNumbered(numbers)
            if numbers.upperBound > self.messages {
                self.state.withLock { _ = $0.finished.insert(target) }
                try connection.closeProperly()
            } else {
                try connection.end(resets ? .reset : .drop)
            }
        }
    }

    private func take(_ target: String) -> (numbers: Range<Int>, resets: Bool) {
        state.withLock { state in
            let first = state.next[target] ?? 1
            let count = Int.random(in: batch, using: &state.generator)
            let end = min(first + count, messages + 1)
            state.next[target] = end
            return (first..<end, Bool.random(using: &state.generator))
        }
    }
}
