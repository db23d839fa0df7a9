import MonotonicTime

/// The instants at which hosts are looked at again, the earliest first: a binary heap.
struct DialDeadlines: Sendable {
    private var entries: [(deadline: Instant, host: String)] = []

    /// The earliest; nil if there is none.
    var next: Instant? { entries.first?.deadline }

    mutating func insert(_ host: String, at deadline: Instant) {
        entries.append((deadline, host))
        var child = entries.count - 1
        while child > 0, entries[child].deadline < entries[(child - 1) / 2].deadline {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out a host whose instant is not later than `now`; nil if there is none.
    mutating func popDue(at now: Instant) -> String? {
        guard let first = entries.first, first.deadline <= now else { return nil }
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].deadline < entries[least].deadline {
                least = child
            }
            guard least != parent else { return first.host }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
