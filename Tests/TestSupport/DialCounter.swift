/// Counts connections as a server with limits counts them: by its own clock, before it answers.
public final class DialCounter: Sendable {
    private let instants = Collected<ContinuousClock.Instant>()

    /// Nothing counted yet.
    public init() {}

    /// `behaviour`, counted.
    public func counting(_ behaviour: FaultBehaviour) -> FaultBehaviour {
        FaultBehaviour { connection in
            self.instants.append(.now)
            try behaviour.script(connection)
        }
    }

    /// How many so far.
    public var count: Int { instants.count }

    /// When each was counted, in order.
    public var all: [ContinuousClock.Instant] { instants.values.sorted() }

    /// The most in any window of this length, both its ends included, wherever it begins.
    public func most(within length: Duration) -> Int {
        let sorted = all
        var first = 0
        var most = 0
        for index in sorted.indices {
            while sorted[first].duration(to: sorted[index]) > length { first += 1 }
            most = max(most, index - first + 1)
        }
        return most
    }
}
