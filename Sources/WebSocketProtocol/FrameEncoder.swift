/// Frames from a client to a server (RFC 6455 section 5): always masked, lengths in their shortest form.
public enum FrameEncoder {
    /// The most payload bytes of a control frame (section 5.5).
    public static let controlPayloadLimit = 125

    /// Appends one frame to `output`.
    ///
    /// - Parameters:
    ///   - fin: whether this is the last frame of its message; a control frame is never fragmented.
    ///   - isCompressed: whether this is the first frame of a message compressed by permessage-deflate (RFC 7692 section
    ///     6), which RSV1 says.
    ///   - payload: must not lie in `output`. For a control frame at most 125 bytes; that is a precondition.
    ///   - maskingKey: fresh and unpredictable for each frame (section 5.3); its most significant byte goes first.
    @inlinable
    public static func append(
        _ opcode: Opcode,
        fin: Bool = true,
        isCompressed: Bool = false,
        _ payload: UnsafeRawBufferPointer,
        maskingKey: UInt32,
        to output: inout [UInt8]
    ) {
        precondition(
            !opcode.isControl || (fin && payload.count <= controlPayloadLimit),
            "a control frame is one frame of at most 125 bytes (RFC 6455 section 5.5)"
        )
        let first = (fin ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | opcode.rawValue
        appendHead(first, payload.count, maskingKey, to: &output)
        let start = output.count
        output.append(contentsOf: payload)
        output.withUnsafeMutableBytes { Masking.apply(maskingKey, to: .init(rebasing: $0[start...])) }
    }

    /// Appends a Close frame to `output` (section 5.5.1).
    ///
    /// - Parameters:
    ///   - code: nil, or a code that may not be sent (such as `.noStatus`), gives a frame without payload.
    ///   - reason: cut to at most 123 bytes of UTF-8, between scalars.
    public static func appendClose(
        _ code: CloseCode?,
        reason: String,
        maskingKey: UInt32,
        to output: inout [UInt8]
    ) {
        var payload: [UInt8] = []
        if let code, code.mayBeSent {
            payload = [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)]
            for scalar in reason.unicodeScalars {
                let encoded = UTF8.encode(scalar)
                guard let encoded, payload.count + encoded.count <= controlPayloadLimit else { break }
                payload.append(contentsOf: encoded)
            }
        }
        payload.withUnsafeBytes { append(.close, $0, maskingKey: maskingKey, to: &output) }
    }

    /// Appends the head of a masked frame: two bytes, the extended length, the key.
    @inlinable
    static func appendHead(_ first: UInt8, _ length: Int, _ maskingKey: UInt32, to output: inout [UInt8]) {
        let masked: UInt8 = 0x80
        if length <= 125 {
            appendBytes(of: UInt16(first) << 8 | UInt16(masked | UInt8(length)), to: &output)
        } else if length <= Int(UInt16.max) {
            appendBytes(of: UInt32(first) << 24 | UInt32(masked | 126) << 16 | UInt32(length), to: &output)
        } else {
            appendBytes(of: UInt16(first) << 8 | UInt16(masked | 127), to: &output)
            appendBytes(of: UInt64(length), to: &output)
        }
        appendBytes(of: maskingKey, to: &output)
    }

    /// Appends `value` in network order.
    @inlinable
    static func appendBytes(of value: some FixedWidthInteger, to output: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { output.append(contentsOf: $0) }
    }
}
