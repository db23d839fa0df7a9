/// The bytes that the engine chose: the first ones are parameters, the rest is what a server sends.
struct FuzzInput {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        rest = Array(bytes)[...]
    }

    /// The next byte; zero at the end.
    mutating func byte() -> UInt8 {
        rest.popFirst() ?? 0
    }

    /// One of `choices`.
    mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[Int(byte()) % choices.count]
    }

    /// Whether the next byte is odd.
    mutating func flag() -> Bool {
        byte() & 1 == 1
    }

    /// Everything left, with a run of one byte put in where a byte says, so that a short input makes a long frame.
    mutating func remainderWithRun() -> [UInt8] {
        let length = pick([0, 0, 0, 0, 40_000, 70_000])
        let value = byte()
        let place = Int(byte())
        var bytes = remainder()
        if length > 0 { bytes.insert(contentsOf: repeatElement(value, count: length), at: min(place, bytes.count)) }
        return bytes
    }

    /// Everything left.
    mutating func remainder() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }
}

/// SplitMix64: how many bytes each read of a stream brings.
struct Cuts {
    private var state: UInt64
    private let largest: Int

    /// Reads of 1 to `largest` bytes, the same for each `seed`.
    init(seed: UInt8, largest: Int) {
        state = UInt64(seed)
        self.largest = largest
    }

    mutating func next() -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return 1 + Int((mixed ^ (mixed >> 31)) % UInt64(largest))
    }
}

/// Lends `bytes` from memory of exactly their size, so that the address sanitizer sees a read beyond them.
func withExactCopy<Result, Failure>(
    _ bytes: ArraySlice<UInt8>,
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
) throws(Failure) -> Result {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    return try body(UnsafeRawBufferPointer(copy))
}
