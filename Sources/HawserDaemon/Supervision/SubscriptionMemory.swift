/// What a subscription leaves to one of the same name that comes later in the run: session numbers that do not come
/// again, and a hole that is open.
struct SubscriptionMemory: Sendable {
    /// How many sessions there were.
    var sessions = 0
    /// What is missing since the last of them.
    var gaps = GapTracker()
}

/// The memories of subscriptions that a reload removed.
///
/// A value. Bounded: with too many names the oldest are not told apart any more, and whoever comes new begins above the
/// numbers of all of them.
struct SubscriptionMemories: Sendable {
    private static let limit = ConfigurationBounds.subscriptions

    private var kept: [String: SubscriptionMemory] = [:]
    private var floor = 0

    /// Keeps what is left of `name`.
    mutating func keep(_ memory: SubscriptionMemory, of name: String) {
        if kept.count >= Self.limit {
            floor = max(floor, kept.values.map(\.sessions).max() ?? 0)
            kept = [:]
        }
        kept[name] = memory
    }

    /// What one of this name begins with.
    mutating func take(_ name: String) -> SubscriptionMemory {
        kept.removeValue(forKey: name) ?? SubscriptionMemory(sessions: floor)
    }
}
