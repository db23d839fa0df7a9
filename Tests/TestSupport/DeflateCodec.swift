import CZlib

/// Both directions of permessage-deflate (RFC 7692) for a test peer: raw deflate with histories that are kept, checked by
/// nobody. Confined to one thread.
public final class DeflateCodec {
    /// zlib refused, or the bytes are not what a peer may send.
    public struct Failure: Error, Hashable {
        /// zlib's status.
        public let status: Int32
    }

    /// What a sender takes off the end of each message.
    private static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]
    // At fixed addresses: zlib keeps pointers to them.
    private let deflater = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let inflater = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    /// Whole windows in both directions.
    public init() throws {
        deflater.initialize(to: z_stream())
        inflater.initialize(to: z_stream())
        let status = max(abs(hawser_deflate_init(deflater, 6, -15, 8)), abs(hawser_inflate_init(inflater, -15)))
        guard status == Z_OK else { throw Failure(status: status) }
    }

    deinit {
        deflateEnd(deflater)
        inflateEnd(inflater)
        deflater.deallocate()
        inflater.deallocate()
        chunk.deallocate()
    }

    /// The payload of a compressed message.
    public func deflate(_ message: [UInt8]) throws -> [UInt8] {
        try Array(run(deflater, message) { CZlib.deflate($0, Z_SYNC_FLUSH) }.dropLast(Self.tail.count))
    }

    /// The message of a compressed payload.
    public func inflate(_ payload: [UInt8]) throws -> [UInt8] {
        try run(inflater, payload + Self.tail) { CZlib.inflate($0, Z_SYNC_FLUSH) }
    }

    /// The payload of a message that inflates to `mebibytes` of zeros, about a thousandth of that.
    public static func bomb(mebibytes: Int) throws -> [UInt8] {
        let codec = try DeflateCodec()
        // A full flush forgets the history, so that the same bytes again are the next mebibyte.
        let one = try codec.run(codec.deflater, [UInt8](repeating: 0, count: 1 << 20)) {
            CZlib.deflate($0, Z_FULL_FLUSH)
        }
        return Array(repeatElement(one, count: mebibytes).joined()).dropLast(Self.tail.count)
    }

    private func run(
        _ stream: UnsafeMutablePointer<z_stream>,
        _ input: [UInt8],
        _ step: (UnsafeMutablePointer<z_stream>) -> Int32
    ) throws -> [UInt8] {
        var input = input
        return try input.withUnsafeMutableBytes { input in
            var output: [UInt8] = []
            stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(input.count)
            repeat {
                stream.pointee.next_out = chunk.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(chunk.count)
                let status = step(stream)
                guard status == Z_OK || status == Z_BUF_ERROR else { throw Failure(status: status) }
                output += chunk[..<(chunk.count - Int(stream.pointee.avail_out))]
            } while stream.pointee.avail_out == 0
            return output
        }
    }
}
