/// The bytes of one message under assembly: contiguous, owned, grown as bytes arrive.
///
/// A peer's announced length is a hint for at most `hintLimit` bytes, or eight times what was received; memory never
/// exceeds the message limit.
struct MessageBuffer: ~Copyable {
    /// An announced length reserves at most this much ahead of its bytes.
    private static let hintLimit = 1 << 20
    /// A buffer up to this size is kept between messages; idle connections must stay small.
    private static let keptCapacity = 1024

    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private(set) var count = 0

    init() {}

    deinit {
        base?.deallocate()
    }

    /// What has been appended; valid until the next change.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: count)
    }

    /// Copies `added` bytes from `source` to the end.
    ///
    /// - Parameters:
    ///   - announced: how many bytes the frame still promises, these included.
    ///   - limit: the most bytes the message may have; the caller has checked that `announced` keeps within it.
    mutating func append(_ source: UnsafeRawPointer, count added: Int, announced: Int, limit: Int) {
        guard added > 0 else { return }
        reserve(added, announced: announced, limit: limit)
        guard let base else { return }
        (base + count).copyMemory(from: source, byteCount: added)
        count += added
    }

    /// Room for `wanted` bytes at the end, to be filled and then counted with `commit`; see `append` for the others.
    mutating func room(_ wanted: Int, announced: Int, limit: Int) -> UnsafeMutableRawBufferPointer {
        reserve(wanted, announced: announced, limit: limit)
        return UnsafeMutableRawBufferPointer(start: base.map { $0 + count }, count: wanted)
    }

    /// Counts `added` bytes, which were written into the room at the end.
    mutating func commit(_ added: Int) {
        count = min(count + max(0, added), capacity)
    }

    private mutating func reserve(_ added: Int, announced: Int, limit: Int) {
        let needed = count + added
        guard needed > capacity else { return }
        let doubled = capacity > limit / 2 ? limit : capacity * 2
        let trusted = count > limit / 8 ? limit : max(Self.hintLimit, count * 8)
        grow(to: max(needed, doubled, min(count + announced, trusted)))
    }

    /// Empties the buffer and gives its memory back unless it is small.
    mutating func removeAll() {
        count = 0
        guard capacity > Self.keptCapacity else { return }
        base?.deallocate()
        base = nil
        capacity = 0
    }

    private mutating func grow(to newCapacity: Int) {
        let larger = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: 16)
        if let base {
            larger.copyMemory(from: base, byteCount: count)
            base.deallocate()
        }
        base = larger
        capacity = newCapacity
    }
}
