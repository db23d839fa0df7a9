/// Grows as lines are appended to it; one allocation for many lines. Confined to its owner.
struct LineBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// The bytes appended since the last `removeAll`.
    private(set) var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 64)
        base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    var isEmpty: Bool {
        count == 0
    }

    /// Makes it empty; gives back memory beyond `capacity` bytes that one huge line needed.
    mutating func removeAll(keeping keptCapacity: Int = .max) {
        count = 0
        guard capacity > keptCapacity else { return }
        base.deallocate()
        capacity = max(keptCapacity, 64)
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    /// The place for `additional` more bytes; valid until the next call. Say how many were filled with `advance`.
    @inline(__always)
    mutating func room(for additional: Int) -> UnsafeMutableRawPointer {
        if capacity - count < additional {
            grow(by: additional)
        }
        return base + count
    }

    /// Counts `written` bytes that were put into `room`.
    @inline(__always)
    mutating func advance(by written: Int) {
        count += written
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        room(for: bytes.count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends `number` in decimal digits.
    mutating func append(decimal number: UInt64) {
        let place = room(for: 20)
        var digits = 1
        var rest = number
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        rest = number
        for index in stride(from: digits - 1, through: 0, by: -1) {
            place.storeBytes(of: UInt8(truncatingIfNeeded: rest % 10) + 0x30, toByteOffset: index, as: UInt8.self)
            rest /= 10
        }
        count += digits
    }

    /// The bytes, valid inside `body` only.
    borrowing func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    private mutating func grow(by additional: Int) {
        let wanted = max(capacity * 2, count + additional)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
        larger.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = larger
        capacity = wanted
    }
}
