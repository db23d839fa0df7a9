/// What was awaited did not happen in time.
public struct NeverHappened: Error, Sendable, CustomStringConvertible {
    /// What was awaited.
    public let what: String
    /// How long.
    public let limit: Duration

    /// The failure to see `what` within `limit`.
    public init(what: String, limit: Duration) {
        self.what = what
        self.limit = limit
    }

    /// A sentence for the test's log.
    public var description: String {
        "\(what): not within \(limit)"
    }
}

/// Waits until `condition` holds, asking again after a moment that starts at a millisecond.
///
/// - Parameters:
///   - what: named when it does not happen.
///   - limit: generous, as it only matters when the test fails.
/// - Throws: `NeverHappened` after `limit`; what `condition` throws; `CancellationError`.
public func eventually(
    _ what: String,
    within limit: Duration = .seconds(20),
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    var moment: Duration = .milliseconds(1)
    while try await !condition() {
        if ContinuousClock.now >= deadline { throw NeverHappened(what: what, limit: limit) }
        try await Task.sleep(for: moment)
        moment = min(moment * 2, .milliseconds(20))
    }
}
