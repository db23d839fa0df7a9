/// The masking of RFC 6455 section 5.3: payload byte i is combined with byte i modulo 4 of the key by exclusive or.
/// Masking twice with one key gives the original.
public enum Masking {
    /// Masks `bytes` in place, 32 at a time.
    ///
    /// - Parameter key: the four bytes of the key, the first on the wire in the most significant place.
    @inlinable
    public static func apply(_ key: UInt32, to bytes: UnsafeMutableRawBufferPointer) {
        guard var next = bytes.baseAddress else { return }
        let end = next + bytes.count
        let four = key.bigEndian
        let eight = UInt64(four) | UInt64(four) << 32
        let block = SIMD4<UInt64>(repeating: eight)
        while end - next >= 32 {
            next.storeBytes(of: next.loadUnaligned(as: SIMD4<UInt64>.self) ^ block, as: SIMD4<UInt64>.self)
            next += 32
        }
        while end - next >= 8 {
            next.storeBytes(of: next.loadUnaligned(as: UInt64.self) ^ eight, as: UInt64.self)
            next += 8
        }
        var rest = UInt64(littleEndian: eight)
        while next < end {
            next.storeBytes(of: next.load(as: UInt8.self) ^ UInt8(truncatingIfNeeded: rest), as: UInt8.self)
            rest >>= 8
            next += 1
        }
    }
}
