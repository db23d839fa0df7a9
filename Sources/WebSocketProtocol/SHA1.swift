/// SHA-1 (FIPS 180-4), for `Sec-WebSocket-Accept` only: that proof needs no collision resistance (RFC 6455 section 10.8).
package enum SHA1 {
    /// The 20 bytes of the digest of `message`.
    package static func digest(_ message: some Sequence<UInt8>) -> [UInt8] {
        var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
        var block: [UInt8] = []
        block.reserveCapacity(64)
        var bitCount: UInt64 = 0
        for byte in message {
            block.append(byte)
            bitCount &+= 8
            if block.count == 64 {
                compress(block, into: &state)
                block.removeAll(keepingCapacity: true)
            }
        }
        block.append(0x80)
        if block.count > 56 {
            pad(&block, to: 64)
            compress(block, into: &state)
            block.removeAll(keepingCapacity: true)
        }
        pad(&block, to: 56)
        withUnsafeBytes(of: bitCount.bigEndian) { block.append(contentsOf: $0) }
        compress(block, into: &state)
        return state.flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
    }

    private static func pad(_ block: inout [UInt8], to count: Int) {
        block.append(contentsOf: repeatElement(0, count: count - block.count))
    }

    private static func compress(_ block: [UInt8], into state: inout [UInt32]) {
        var words: [UInt32] = []
        words.reserveCapacity(80)
        for start in stride(from: 0, to: 64, by: 4) {
            words.append(block[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) })
        }
        for index in 16..<80 {
            words.append(rotated(words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1))
        }
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for (index, word) in words.enumerated() {
            let (mixed, constant): (UInt32, UInt32) =
                switch index {
                case 0..<20: ((b & c) | (~b & d), 0x5A82_7999)
                case 20..<40: (b ^ c ^ d, 0x6ED9_EBA1)
                case 40..<60: ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC)
                default: (b ^ c ^ d, 0xCA62_C1D6)
                }
            let next = rotated(a, 5) &+ mixed &+ e &+ constant &+ word
            (a, b, c, d, e) = (next, a, rotated(b, 30), c, d)
        }
        for (index, value) in [a, b, c, d, e].enumerated() {
            state[index] &+= value
        }
    }

    private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 {
        word << count | word >> (32 - count)
    }
}
