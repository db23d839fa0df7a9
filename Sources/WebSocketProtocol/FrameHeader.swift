/// The head of a frame, with every rule checked that needs no knowledge of the frames before it.
@usableFromInline
struct FrameHeader {
    @usableFromInline let opcode: Opcode
    @usableFromInline let isFinal: Bool
    /// Whether RSV1 begins a message compressed by permessage-deflate (RFC 7692 section 6).
    @usableFromInline let isCompressed: Bool
    /// Payload bytes: 0 ... `Int.max`.
    @usableFromInline let length: Int
    /// Bytes of the head itself: 2, 4 or 10, since a server does not mask.
    @usableFromInline let size: Int

    /// The reserved bits of the first byte.
    static let reservedBits: UInt8 = 0x70
    /// RSV1, which permessage-deflate gives a meaning on the first frame of a message.
    static let compressedBit: UInt8 = 0x40

    /// Reads a head from the `available` bytes at `start`; nil until it is whole.
    ///
    /// - Parameter refusedBits: the reserved bits that must not be set: without `compressedBit` if permessage-deflate was
    ///   agreed on.
    ///
    /// The checks go in the order of the bytes, so that how a stream is cut cannot change which rule is reported.
    init?(
        _ start: UnsafeRawPointer,
        available: Int,
        refusedBits: UInt8 = FrameHeader.reservedBits
    ) throws(ProtocolViolation) {
        guard available >= 2 else { return nil }
        let first = start.load(as: UInt8.self)
        guard first & refusedBits == 0 else { throw ProtocolViolation(.reservedBits) }
        guard let opcode = Opcode(rawValue: first & 0x0F) else { throw ProtocolViolation(.reservedOpcode) }
        isCompressed = first & Self.compressedBit != 0
        guard !isCompressed || (!opcode.isControl && opcode != .continuation) else {
            throw ProtocolViolation(.reservedBits)
        }
        let isFinal = first & 0x80 != 0
        guard isFinal || !opcode.isControl else { throw ProtocolViolation(.fragmentedControl) }
        let second = start.load(fromByteOffset: 1, as: UInt8.self)
        guard second & 0x80 == 0 else { throw ProtocolViolation(.maskedFrame) }
        guard second < 126 || !opcode.isControl else { throw ProtocolViolation(.controlTooLong) }
        self.opcode = opcode
        self.isFinal = isFinal
        switch second {
        case 126:
            guard available >= 4 else { return nil }
            length = Int(UInt16(bigEndian: start.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            guard length > 125 else { throw ProtocolViolation(.lengthNotMinimal) }
            size = 4
        case 127:
            guard available >= 10 else { return nil }
            let wide = UInt64(bigEndian: start.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            guard wide <= UInt64(Int64.max) else { throw ProtocolViolation(.lengthOutOfRange) }
            guard wide > UInt64(UInt16.max) else { throw ProtocolViolation(.lengthNotMinimal) }
            // On a 32-bit machine such a length is over any limit anyway.
            length = Int(clamping: wide)
            size = 10
        default:
            length = Int(second)
            size = 2
        }
    }
}
