/// The bytes of one message under assembly: contiguous, owned, grown as bytes arrive.
///
/// A peer's announced length is a hint for at most `hintLimit` bytes; beyond that memory follows what was received, and
/// never exceeds the message limit.
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
        let needed = count + added
        if needed > capacity {
            let doubled = capacity > limit / 2 ? limit : capacity * 2
            grow(to: max(needed, doubled, min(count + announced, Self.hintLimit)))
        }
        guard let base else { return }
        (base + count).copyMemory(from: source, byteCount: added)
        count = needed
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
