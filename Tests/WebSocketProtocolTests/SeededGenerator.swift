/// SplitMix64: small, fast, and the same everywhere for a seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number in `range`.
    mutating func pick(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self)
    }

    /// True once in `n` times.
    mutating func oneIn(_ n: Int) -> Bool {
        pick(1...n) == 1
    }

    /// `count` random bytes.
    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// At least `count` bytes of valid UTF-8 with scalars of every size.
    mutating func text(_ count: Int) -> [UInt8] {
        let ranges: [ClosedRange<UInt32>] = [
            0x00...0x7F, 0x20...0x7E, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF,
        ]
        var text: [UInt8] = []
        while text.count < count {
            let range = ranges[pick(0...ranges.count - 1)]
            guard let scalar = Unicode.Scalar(UInt32.random(in: range, using: &self)) else { continue }
            text.append(contentsOf: UTF8.encode(scalar) ?? .init())
        }
        return text
    }
}
