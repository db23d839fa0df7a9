import MonotonicTime

/// What is to happen, in order of time and, within one instant, in order of scheduling: a run is deterministic.
struct EventHeap<Event> {
    private struct Entry {
        let at: Instant
        let order: UInt64
        let event: Event

        func isBefore(_ other: Entry) -> Bool {
            at == other.at ? order < other.order : at < other.at
        }
    }

    private var entries: [Entry] = []
    private var scheduled: UInt64 = 0

    var isEmpty: Bool { entries.isEmpty }
    var next: Instant? { entries.first?.at }

    mutating func schedule(_ event: Event, at instant: Instant) {
        entries.append(Entry(at: instant, order: scheduled, event: event))
        scheduled += 1
        var child = entries.count - 1
        while child > 0, entries[child].isBefore(entries[(child - 1) / 2]) {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (at: Instant, event: Event)? {
        guard let first = entries.first, let last = entries.popLast() else { return nil }
        if !entries.isEmpty {
            entries[0] = last
            sink()
        }
        return (first.at, first.event)
    }

    mutating func removeAll(where isUnwanted: (Event) -> Bool) {
        // In order, which is one way of being a heap.
        entries = entries.filter { !isUnwanted($0.event) }.sorted { $0.isBefore($1) }
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].isBefore(entries[smallest]) {
                smallest = child
            }
            if smallest == parent { return }
            entries.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
