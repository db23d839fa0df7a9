/// What zlib's raw streams take, and which of them fit a budget (zconf.h; the fixed parts as zlib 1.2.13 allocates them).
enum DeflateMemory {
    /// The windows that zlib can use: its raw deflate has none of 8 bits.
    static let windowBits = 9...15

    /// Bytes of an inflate stream.
    static func inflate(windowBits: Int) -> Int {
        1 << windowBits + 7_400
    }

    /// Bytes of a deflate stream.
    static func deflate(windowBits: Int, memoryLevel: Int) -> Int {
        1 << (windowBits + 2) + 1 << (memoryLevel + 9) + 6_200
    }

    private static let smallestDeflate = deflate(windowBits: 9, memoryLevel: 2)

    /// The largest window for the server that leaves room for deflating, within `memory` bytes for both.
    static func serverWindowBits(within memory: Int) -> Int {
        let budget = max(memory, CompressionPolicy.memoryMinimum) - smallestDeflate
        return windowBits.last { inflate(windowBits: $0) <= budget } ?? windowBits.lowerBound
    }

    /// The best deflate stream of at most `limit` window bits in what an inflate stream leaves of `memory` bytes.
    static func deflateStream(
        limit: Int,
        beside serverWindowBits: Int,
        within memory: Int
    ) -> (windowBits: Int, memoryLevel: Int) {
        let server = max(serverWindowBits, windowBits.lowerBound)
        let budget = max(memory, CompressionPolicy.memoryMinimum) - inflate(windowBits: server)
        // The hash table in proportion to the window, as zlib's own defaults have it.
        for bits in windowBits.reversed() where bits <= limit {
            let level = max(1, bits - 7)
            if deflate(windowBits: bits, memoryLevel: level) <= budget { return (bits, level) }
        }
        return (windowBits.lowerBound, 1)
    }
}
