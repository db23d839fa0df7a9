import CZlib

/// zlib as a server would use it: messages compressed by the letter of RFC 7692 section 7.2.1, with every freedom that
/// it leaves.
final class ReferenceDeflater {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    init(windowBits: Int32 = 15, level: Int32 = 6, strategy: Int32 = Z_DEFAULT_STRATEGY) {
        stream.initialize(to: z_stream())
        let status = hawser_deflate_init_strategy(stream, level, -windowBits, 8, strategy)
        precondition(status == Z_OK, "zlib has no such window")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// The compressed form of `bytes` up to and including what `flush` writes.
    func compress(_ bytes: [UInt8], flush: Int32) -> [UInt8] {
        var input = bytes
        var output = [UInt8](repeating: 0, count: bytes.count * 2 + 1024)
        let written = input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.pointee.next_in = source.baseAddress
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(target.count)
                deflate(stream, flush)
                return target.count - Int(stream.pointee.avail_out)
            }
        }
        return Array(output[..<written])
    }

    /// A message's payload: compressed, without the four bytes that end a flush.
    func message(_ bytes: [UInt8]) -> [UInt8] {
        guard !bytes.isEmpty else { return [0x00] }
        return compress(bytes, flush: Z_SYNC_FLUSH).dropLast(4)
    }

    /// A message whose last block is marked final, with the byte that section 7.2.3.4 puts behind it.
    func finalMessage(_ bytes: [UInt8]) -> [UInt8] {
        let payload = compress(bytes, flush: Z_FINISH) + [0x00]
        deflateReset(stream)
        return payload
    }

    /// Forgets what was compressed.
    func reset() {
        deflateReset(stream)
    }
}

/// zlib as a server would use it to read a client's messages, with a window of exactly the agreed size.
final class ReferenceInflater {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let forgets: Bool

    init(windowBits: Int32, forgets: Bool = false) {
        self.forgets = forgets
        stream.initialize(to: z_stream())
        let status = hawser_inflate_init(stream, -windowBits)
        precondition(status == Z_OK, "zlib has no such window")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// The message that `payload` is the compressed form of; nil if it is none.
    func message(_ payload: [UInt8], limit: Int = 1 << 17) -> [UInt8]? {
        if forgets { inflateReset(stream) }
        var input = payload + [0x00, 0x00, 0xFF, 0xFF]
        var output = [UInt8](repeating: 0, count: limit)
        return input.withUnsafeMutableBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                stream.pointee.next_in = source.baseAddress
                stream.pointee.avail_in = UInt32(source.count)
                stream.pointee.next_out = target.baseAddress
                stream.pointee.avail_out = UInt32(target.count)
                let status = inflate(stream, Z_SYNC_FLUSH)
                guard status == Z_OK, stream.pointee.avail_in == 0 else { return nil }
                return Array(target[..<(target.count - Int(stream.pointee.avail_out))])
            }
        }
    }
}
