import CZlib

/// The server's side of permessage-deflate, straight on zlib (RFC 7692 section 7.2): histories are kept. Confined to one
/// thread.
final class PeerCompression {
    private let deflating = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let inflating = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)

    /// - Parameters:
    ///   - serverBits: the window for what the server sends, 9-15.
    ///   - clientBits: the window for what it receives, 9-15.
    init(serverBits: Int32 = 15, clientBits: Int32 = 15) {
        deflating.initialize(to: z_stream())
        inflating.initialize(to: z_stream())
        hawser_deflate_init(deflating, Z_DEFAULT_COMPRESSION, -serverBits, 8)
        hawser_inflate_init(inflating, -clientBits)
    }

    deinit {
        deflateEnd(deflating)
        inflateEnd(inflating)
        deflating.deallocate()
        inflating.deallocate()
    }

    /// The compressed form of a message.
    func compress(_ message: [UInt8]) -> [UInt8] {
        Array(compressPart(message).dropLast(4))
    }

    /// The compressed form of one part of a message, up to a byte's edge; the last part loses its last four bytes.
    func compressPart(_ part: [UInt8]) -> [UInt8] {
        run(deflating, part, capacity: part.count + part.count / 8 + 64) { deflate($0, Z_SYNC_FLUSH) }
    }

    /// The message behind its compressed form, of at most 1 MiB.
    func inflate(_ compressed: [UInt8]) -> [UInt8] {
        run(inflating, compressed + [0, 0, 255, 255], capacity: 1 << 20) { CZlib.inflate($0, Z_SYNC_FLUSH) }
    }

    /// Forgets what was sent.
    func forgetSent() { deflateReset(deflating) }
    /// Forgets what was received.
    func forgetReceived() { inflateReset(inflating) }

    private func run(
        _ stream: UnsafeMutablePointer<z_stream>,
        _ input: [UInt8],
        capacity: Int,
        _ step: (UnsafeMutablePointer<z_stream>) -> Int32
    ) -> [UInt8] {
        var input = input
        return input.withUnsafeMutableBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(capacity)
                _ = step(stream)
                count = capacity - Int(stream.pointee.avail_out)
            }
        }
    }
}
