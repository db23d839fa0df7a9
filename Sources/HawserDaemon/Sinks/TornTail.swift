import Glibc

/// What stands behind the last line break of a file: the part of a line that a kill, a crash or a full disk left.
struct TornTail: Hashable {
    /// Its length; zero if the file ends with a line break or is empty.
    var bytes: Int64
    /// False for a file without any line break that does not begin as a record: somebody else's, not to be cut to
    /// nothing. After a power cut a file of ours may hold zeros.
    var looksLikeRecords: Bool

    private static let blockSize = 64 << 10

    /// Looks for the last line break from the end of the file, block by block.
    static func find(_ descriptor: Int32, size: Int64, operations: FileOperations) throws(SystemError) -> TornTail {
        guard size > 0 else { return TornTail(bytes: 0, looksLikeRecords: true) }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)
        defer { block.deallocate() }
        var end = size
        while end > 0 {
            let start = max(0, end - Int64(blockSize))
            let length = Int(end - start)
            try readFully(descriptor, into: block, length: length, offset: start, operations: operations)
            if let index = block[..<length].lastIndex(of: UInt8(ascii: "\n")) {
                return TornTail(bytes: size - (start + Int64(index) + 1), looksLikeRecords: true)
            }
            end = start
        }
        return TornTail(bytes: size, looksLikeRecords: block[0] == UInt8(ascii: "{") || block[0] == 0)
    }

    private static func readFully(
        _ descriptor: Int32,
        into block: UnsafeMutableRawBufferPointer,
        length: Int,
        offset: Int64,
        operations: FileOperations
    ) throws(SystemError) {
        var filled = 0
        while filled < length {
            let rest = UnsafeMutableRawBufferPointer(rebasing: block[filled..<length])
            let count = try SystemError.retryingInterrupts { () throws(SystemError) in
                try operations.read(descriptor, rest, offset + Int64(filled))
            }
            // Shorter than its size says: someone truncates it under us.
            guard count > 0 else { throw SystemError(errno: EIO) }
            filled += count
        }
    }
}
