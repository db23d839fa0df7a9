/// Deadlines of many, the earliest first: a binary heap.
///
/// A deadline that moves on is not moved here: the owner is asked when the old one comes, and puts in the new one. A value;
/// not shared between isolation domains.
public struct DeadlineHeap<Owner> {
    @usableFromInline var entries: [(deadline: Instant, owner: Owner)] = []

    /// Without any deadline.
    @inlinable
    public init() {}

    /// The earliest deadline; nil if there is none.
    @inlinable public var next: Instant? { entries.first?.deadline }

    /// How many deadlines there are, those of the same owner counted each.
    @inlinable public var count: Int { entries.count }

    /// Adds a deadline.
    @inlinable
    public mutating func insert(_ owner: Owner, at deadline: Instant) {
        entries.append((deadline, owner))
        var child = entries.count - 1
        while child > 0, entries[child].deadline < entries[(child - 1) / 2].deadline {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out one whose deadline is not later than `now`; nil if there is none.
    @inlinable
    public mutating func popDue(at now: Instant) -> Owner? {
        guard let first = entries.first, first.deadline <= now else { return nil }
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        sink()
        return first.owner
    }

    @usableFromInline
    mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].deadline < entries[least].deadline {
                least = child
            }
            guard least != parent else { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}

extension DeadlineHeap: Sendable where Owner: Sendable {}
