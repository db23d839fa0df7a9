import CZlib

/// Decodes `gzip` (RFC 1952) and `deflate` (RFC 1950, or RFC 1951 alone, which some servers send under that name).
///
/// zlib compares the checksum and, with gzip, the length at the end. A gzip content may have several members. It holds up
/// to 48 KiB.
final class ZlibDecoder: ContentDecoder {
    private enum State {
        case fresh, inside, ended
    }

    private let isGzip: Bool
    // zlib remembers where the stream lies.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var state = State.fresh

    /// A decoder at the beginning.
    init(isGzip: Bool) {
        self.isGzip = isGzip
        stream.initialize(to: z_stream())
    }

    deinit {
        // Before the first byte it is zeros, which zlib refuses to end without harm.
        inflateEnd(stream)
        stream.deallocate()
    }

    var isWhole: Bool { state != .inside }

    func decode(
        _ input: UnsafeRawBufferPointer,
        into room: UnsafeMutableRawBufferPointer
    ) throws(ContentCodingFault) -> (taken: Int, put: Int) {
        guard try begin(input.first) else {
            try ContentCodingFault.check(padding: input)
            return (input.count, 0)
        }
        // Proof: zlib reads what it is given here, and writes nothing there.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = UInt32(clamping: input.count)
        stream.pointee.next_out = room.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = UInt32(clamping: room.count)
        let given = stream.pointee.avail_in
        let offered = stream.pointee.avail_out
        let status = inflate(stream, Z_NO_FLUSH)
        let taken = Int(given - stream.pointee.avail_in)
        let put = Int(offered - stream.pointee.avail_out)
        switch status {
        case Z_STREAM_END: state = .ended
        // Nothing to do: neither input nor room.
        case Z_OK, Z_BUF_ERROR: break
        case Z_NEED_DICT: throw ContentCodingFault(problem: "it wants a dictionary, which HTTP does not know")
        default:
            let words = stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
            throw ContentCodingFault(problem: words)
        }
        return (taken, put)
    }

    /// - Returns: whether there is something to decode; false: `next` follows the end.
    private func begin(_ next: UInt8?) throws(ContentCodingFault) -> Bool {
        switch state {
        case .inside: return true
        case .fresh:
            guard let next else { return false }
            // 16 wants the gzip wrapper; without a minus the zlib wrapper, whose first byte is a method of 8.
            let bits = isGzip ? 16 + MAX_WBITS : next & 0x0F == 8 ? MAX_WBITS : -MAX_WBITS
            guard hawser_inflate_init(stream, bits) == Z_OK else { throw ContentCodingFault(problem: "no memory") }
        case .ended:
            // Another member begins like the first.
            guard isGzip, next == 0x1F else { return false }
            inflateReset(stream)
        }
        state = .inside
        return true
    }
}
