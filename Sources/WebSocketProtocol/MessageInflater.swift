import CZlib

/// The server's half of permessage-deflate's compression (RFC 7692 section 7.2.2): compressed payloads in, pieces of the
/// message out.
///
/// zlib's state exists from the first compressed message until `release`. Confined to one connection.
final class MessageInflater {
    /// What the sender took off the end of each message: the length of an empty stored block.
    static let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]

    private enum Ending {
        /// More payload may follow.
        case open
        /// This is the message's last payload; the tail is still to come behind it.
        case tailDue
        /// zlib has been given the tail.
        case tailGiven
    }

    private let buffer: InflateBuffer
    private let windowBits: Int32
    private let keepsHistory: Bool
    /// At a fixed address, which zlib insists on.
    private var stream: UnsafeMutablePointer<z_stream>?
    /// What the next message may refer to, while there is no stream.
    private var history: [UInt8] = []
    private var ending = Ending.open
    /// The payload so far ends between two deflate streams: after a final block, or before the first byte.
    private var isBetweenStreams = true
    /// What zlib has taken ends behind a whole block.
    private var isAtBlockBoundary = false

    init(_ agreement: DeflateAgreement, buffer: InflateBuffer) {
        self.buffer = buffer
        // Servers whose zlib cannot do 8 bits use 9 in its place and say 8.
        windowBits = Int32(min(max(agreement.serverWindowBits, 9), 15))
        keepsHistory = !agreement.serverNoContextTakeover
    }

    deinit {
        freeStream()
    }

    var hasState: Bool { stream != nil }
    /// Something was offered.
    var wasUsed = false

    /// Gives zlib's state back and keeps what the next message may refer to. Between messages only.
    func release() {
        guard let stream else { return }
        if keepsHistory {
            var count: UInt32 = 0
            inflateGetDictionary(stream, nil, &count)
            history = [UInt8](unsafeUninitializedCapacity: Int(count)) { bytes, filled in
                guard let base = bytes.baseAddress else { return }
                inflateGetDictionary(stream, base, &count)
                filled = Int(count)
            }
        }
        freeStream()
    }

    /// Offers payload of the message under way; take the pieces that come of it before the next offer, and before
    /// `payload` is gone.
    ///
    /// - Parameter isLast: whether the message ends with it.
    func offer(_ payload: UnsafeRawBufferPointer, isLast: Bool) throws(ProtocolViolation) {
        let stream = try openStream()
        wasUsed = true
        if !payload.isEmpty { isBetweenStreams = false }
        ending = isLast ? .tailDue : .open
        guard isLast && !payload.isEmpty && payload.count <= InflateBuffer.inputSize,
            let input = buffer.input.baseAddress, let source = payload.baseAddress
        else { return give(payload, to: stream) }
        input.copyMemory(from: source, byteCount: payload.count)
        UnsafeMutableRawBufferPointer(rebasing: buffer.input[payload.count...]).copyBytes(from: Self.tail)
        give(UnsafeRawBufferPointer(start: input, count: payload.count + Self.tail.count), to: stream)
        ending = .tailGiven
    }

    /// A piece of what was offered, inflated.
    struct Piece {
        /// Bytes in the shared buffer.
        var count: Int
        var state: State

        enum State {
            /// More is to come.
            case partial
            /// Everything offered is inflated.
            case last
            /// What follows cannot be inflated.
            case failed(ProtocolViolation.Rule)
        }
    }

    /// The next piece: at most `InflateBuffer.size` bytes in the shared buffer, valid until the next call.
    func piece() -> Piece {
        guard let stream else { return Piece(count: 0, state: .failed(.noInflateMemory)) }
        stream.pointee.next_out = buffer.output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(InflateBuffer.size)
        let state = fill(stream)
        return Piece(count: InflateBuffer.size - Int(stream.pointee.avail_out), state: state)
    }

    private func fill(_ stream: UnsafeMutablePointer<z_stream>) -> Piece.State {
        while true {
            let status = CZlib.inflate(stream, Z_SYNC_FLUSH)
            // A call that finds nothing to do says nothing of where the one before it stopped.
            if status == Z_OK { isAtBlockBoundary = stream.pointee.data_type == Self.atBlockBoundary }
            switch status {
            case Z_OK, Z_BUF_ERROR:
                if stream.pointee.avail_out == 0 { return .partial }
                if stream.pointee.avail_in > 0 { return .failed(.invalidCompression) }
                switch endsPayload(stream) {
                case true?: return .last
                case false?: continue
                case nil: return .failed(.truncatedCompression)
                }
            case Z_STREAM_END:
                guard beginNextStream(stream) else { return .failed(.invalidCompression) }
            case Z_MEM_ERROR: return .failed(.noInflateMemory)
            default: return .failed(.invalidCompression)
            }
        }
    }

    /// The first `count` bytes of the newest piece.
    func output(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: buffer.output[..<count])
    }

    /// All input is taken: goes on with the tail, or ends the message.
    ///
    /// - Returns: whether that is all; nil if the message ends where it must not.
    private func endsPayload(_ stream: UnsafeMutablePointer<z_stream>) -> Bool? {
        switch ending {
        case .open: return true
        // A payload of nothing, or one whose last block was marked final, needs no tail.
        case .tailDue where !isBetweenStreams:
            ending = .tailGiven
            Self.tail.withUnsafeBytes { buffer.input.copyMemory(from: $0) }
            give(UnsafeRawBufferPointer(rebasing: buffer.input[..<Self.tail.count]), to: stream)
            return false
        case .tailGiven where !isBetweenStreams && !isAtBlockBoundary:
            // Less would be handed over than was sent.
            return nil
        case .tailDue, .tailGiven:
            endMessage(stream)
            return true
        }
    }

    /// `data_type` right behind a block that is not the last one, at a byte's edge.
    private static let atBlockBoundary: Int32 = 128

    /// Goes on behind a block marked final, which ends zlib's stream but not the message (section 7.2.3.4).
    private func beginNextStream(_ stream: UnsafeMutablePointer<z_stream>) -> Bool {
        // Unlike inflateReset it keeps the history, to which the blocks behind may refer.
        guard inflateResetKeep(stream) == Z_OK else { return false }
        let left = Int(stream.pointee.avail_in)
        let isTailAlone = ending == .tailGiven && left == Self.tail.count
        if isTailAlone { stream.pointee.avail_in = 0 }
        isBetweenStreams = left == 0 || isTailAlone
        return true
    }

    private func endMessage(_ stream: UnsafeMutablePointer<z_stream>) {
        isBetweenStreams = true
        ending = .open
        if !keepsHistory { inflateReset(stream) }
    }

    private func give(_ input: UnsafeRawBufferPointer, to stream: UnsafeMutablePointer<z_stream>) {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(clamping: input.count)
    }

    private func openStream() throws(ProtocolViolation) -> UnsafeMutablePointer<z_stream> {
        if let stream { return stream }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard hawser_inflate_init(stream, -windowBits) == Z_OK else {
            stream.deallocate()
            throw ProtocolViolation(.noInflateMemory)
        }
        self.stream = stream
        if !history.isEmpty {
            let status = history.withUnsafeBufferPointer {
                inflateSetDictionary(stream, $0.baseAddress, UInt32($0.count))
            }
            history = []
            guard status == Z_OK else { throw ProtocolViolation(.noInflateMemory) }
        }
        return stream
    }

    private func freeStream() {
        guard let stream else { return }
        inflateEnd(stream)
        stream.deallocate()
        self.stream = nil
    }
}
