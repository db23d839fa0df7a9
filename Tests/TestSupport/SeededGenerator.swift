import Glibc

/// A deterministic random source (splitmix64) that says its seed, so that a failure can be run again.
///
/// The environment variable `HAWSER_SEED` (decimal, or hexadecimal after `0x`) overrides the seed of every generator.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    /// The seed in force.
    public let seed: UInt64
    private var state: UInt64

    /// A generator whose seed is printed together with `name`.
    ///
    /// - Parameters:
    ///   - name: what it is for, usually the test.
    ///   - seed: used unless `HAWSER_SEED` is set; by default another one in each run.
    public init(_ name: String, seed: UInt64 = .random(in: 0...UInt64.max)) {
        self.init(seed: SeededGenerator.override ?? seed)
        print("\(name): HAWSER_SEED=\(self.seed)")
    }

    /// A silent generator, e.g. derived from another one.
    public init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    private static var override: UInt64? {
        guard let value = getenv("HAWSER_SEED") else { return nil }
        let text = String(cString: value)
        return text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
    }
}
