import MonotonicTime

/// Deadlines by the thousand: a hierarchical timing wheel, in which arming and cancelling cost the same however many
/// there are. A pure value: time comes in as an argument, and the next deadline goes out.
///
/// Six levels of 64 slots. A slot of level 0 is one tick (1 ms), one of level n is 64 to the n ticks: a round of 2.2
/// years in all; later deadlines wait in a slot of their own for the next round. An entry lies on the level of the highest
/// digit, to base 64, in which its tick differs from the present one; so within a level every entry lies ahead and no
/// slot ever holds two rounds. When time reaches a slot of a higher level, its entries move down.
///
/// An entry never fires early and at most one tick late. Entries fire in the order of their deadlines, those of one
/// deadline in the order in which they were armed.
struct TimingWheel<Element> {
    /// Names an entry until it fires or is removed.
    struct Entry: Hashable {
        fileprivate let index: Int32
        fileprivate let generation: UInt32
    }

    private struct Node {
        var element: Element?
        var deadline = Instant.origin
        var sequence: UInt64 = 0
        var next: Int32 = -1
        var previous: Int32 = -1
        /// `level * slots + slot`; -1 while the node is free.
        var place: Int16 = -1
        var generation: UInt32 = 0
    }

    private static var levels: Int { 6 }
    private static var bits: Int { 6 }
    private static var slots: Int { 64 }
    private static var tick: Int64 { 1_000_000 }
    private static var round: UInt64 { 1 << 36 }

    private let start: Instant
    /// The tick up to which everything has fired.
    private var elapsed: UInt64 = 0
    /// The first node of each slot; the last slot is for the rounds to come, as if it were level 6.
    private var heads = [Int32](repeating: -1, count: 6 * 64 + 1)
    private var occupied = [UInt64](repeating: 0, count: 6 + 1)
    private var nodes: [Node] = []
    private var free: Int32 = -1
    private var lastSequence: UInt64 = 0

    /// Entries that are armed.
    private(set) var count = 0

    /// An empty wheel at the instant `start`.
    init(start: Instant) {
        self.start = start
    }

    /// Arms an entry; a deadline that has passed fires at the next `expire`.
    mutating func insert(_ element: Element, at deadline: Instant) -> Entry {
        let index = takeNode()
        let position = Int(index)
        lastSequence &+= 1
        nodes[position].element = element
        nodes[position].deadline = deadline
        nodes[position].sequence = lastSequence
        link(index)
        count += 1
        return Entry(index: index, generation: nodes[position].generation)
    }

    /// Disarms an entry.
    ///
    /// - Returns: whether it was still armed.
    @discardableResult
    mutating func remove(_ entry: Entry) -> Bool {
        let position = Int(entry.index)
        guard position < nodes.count, nodes[position].generation == entry.generation, nodes[position].place >= 0 else {
            return false
        }
        unlink(entry.index)
        release(entry.index)
        return true
    }

    /// When `expire` has something to do next: no later than the earliest deadline's tick, possibly earlier. `nil` if
    /// nothing is armed.
    var nextDeadline: Instant? {
        guard let (_, _, tick) = nextSlot() else { return nil }
        let (nanoseconds, overflow) = Int64(clamping: tick).multipliedReportingOverflow(by: Self.tick)
        return overflow ? .distantFuture : start + .nanoseconds(nanoseconds)
    }

    /// Appends every element whose deadline has come by `now` to `due`, in order, and disarms it.
    mutating func expire(upTo now: Instant, into due: inout [Element]) {
        let present = UInt64(max(0, (now - start).saturatedNanoseconds / Self.tick))
        var fired: [(deadline: Instant, sequence: UInt64, index: Int32)] = []
        while let (level, slot, tick) = nextSlot(), tick <= present {
            elapsed = max(elapsed, tick)
            let place = level * Self.slots + slot
            var index = heads[place]
            heads[place] = -1
            occupied[level] &= ~(1 << UInt64(slot))
            while index >= 0 {
                let position = Int(index)
                let next = nodes[position].next
                if tickOf(nodes[position].deadline) <= elapsed {
                    fired.append((nodes[position].deadline, nodes[position].sequence, index))
                } else {
                    link(index)
                }
                index = next
            }
        }
        elapsed = max(elapsed, present)
        if fired.count > 1 { fired.sort { ($0.deadline, $0.sequence) < ($1.deadline, $1.sequence) } }
        for (_, _, index) in fired {
            if let element = nodes[Int(index)].element { due.append(element) }
            release(index)
        }
    }

    /// The lowest occupied slot of the lowest occupied level, which is the next in time, and the tick it begins with.
    private func nextSlot() -> (level: Int, slot: Int, tick: UInt64)? {
        for level in 0..<Self.levels where occupied[level] != 0 {
            let slot = occupied[level].trailingZeroBitCount
            let shift = UInt64(level * Self.bits)
            let below = (UInt64(1) << (shift + UInt64(Self.bits))) - 1
            return (level, slot, elapsed & ~below | UInt64(slot) << shift)
        }
        return occupied[Self.levels] == 0 ? nil : (Self.levels, 0, (elapsed | (Self.round - 1)) + 1)
    }

    /// The first tick that is not before `deadline`.
    private func tickOf(_ deadline: Instant) -> UInt64 {
        let distance = (deadline - start).saturatedNanoseconds
        guard distance > 0 else { return 0 }
        return UInt64(distance / Self.tick) + (distance % Self.tick == 0 ? 0 : 1)
    }

    private mutating func link(_ index: Int32) {
        let position = Int(index)
        let tick = max(tickOf(nodes[position].deadline), elapsed)
        let highest = 63 - ((tick ^ elapsed) | 1).leadingZeroBitCount
        let level = min(highest / Self.bits, Self.levels)
        let slot = level == Self.levels ? 0 : Int(tick >> UInt64(level * Self.bits)) & (Self.slots - 1)
        let place = level * Self.slots + slot
        let head = heads[place]
        nodes[position].place = Int16(place)
        nodes[position].previous = -1
        nodes[position].next = head
        if head >= 0 { nodes[Int(head)].previous = index }
        heads[place] = index
        occupied[level] |= 1 << UInt64(slot)
    }

    private mutating func unlink(_ index: Int32) {
        let node = nodes[Int(index)]
        if node.next >= 0 { nodes[Int(node.next)].previous = node.previous }
        if node.previous >= 0 {
            nodes[Int(node.previous)].next = node.next
            return
        }
        let place = Int(node.place)
        heads[place] = node.next
        if node.next < 0 { occupied[place / Self.slots] &= ~(1 << UInt64(place % Self.slots)) }
    }

    private mutating func takeNode() -> Int32 {
        if free >= 0 {
            let index = free
            free = nodes[Int(index)].next
            return index
        }
        nodes.append(Node())
        return Int32(nodes.count - 1)
    }

    private mutating func release(_ index: Int32) {
        let position = Int(index)
        nodes[position].element = nil
        nodes[position].place = -1
        nodes[position].generation &+= 1
        nodes[position].next = free
        free = index
        count -= 1
    }
}
