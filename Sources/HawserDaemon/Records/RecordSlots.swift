/// The indices by which records name where they come from: a source has the same one for as long as it is configured.
///
/// An index that is given up goes to another source at the next change at the earliest: by then the last record of the
/// earlier one is in a batch, and a batch keeps the names that it was made with. So there are never more indices than
/// sources before and after a change together.
///
/// A value.
struct RecordSlots: Sendable {
    /// By index; nil for one that is free.
    private(set) var sources: [RecordSource?] = []
    private var indices: [RecordSource: Int] = [:]
    /// Those that went with the latest change.
    private var retired: [RecordSource] = []

    /// The first ones, in this order.
    init(_ sources: [RecordSource]) {
        change(to: sources)
    }

    /// Gives each of `sources` an index, and keeps that of the others until the next change.
    mutating func change(to sources: [RecordSource]) {
        let wanted = Set(sources)
        for source in retired where !wanted.contains(source) {
            if let index = indices.removeValue(forKey: source) { self.sources[index] = nil }
        }
        retired = self.sources.compactMap(\.self).filter { !wanted.contains($0) }
        var free = self.sources.indices.lazy.filter { [sources = self.sources] in sources[$0] == nil }.makeIterator()
        for source in sources where indices[source] == nil {
            let index = free.next() ?? self.sources.count
            if index == self.sources.count { self.sources.append(source) } else { self.sources[index] = source }
            indices[source] = index
        }
    }

    /// The index of `source`, which must have one; what has none is written down under a number that nobody has.
    func index(of source: RecordSource) -> UInt32 {
        indices[source].flatMap { UInt32(exactly: $0) } ?? .max
    }
}
