/// A WebSocket frame as it is on the wire (RFC 6455 section 5.2), right or wrong: nothing here is checked, so that a
/// test peer can break each rule on purpose.
public struct WireFrame: Hashable, Sendable {
    /// The FIN bit.
    public var fin: Bool
    /// RSV1 to RSV3 as a number from 0 to 7; RSV1 is 4.
    public var reserved: UInt8
    /// The opcode, 0 to 15.
    public var opcode: UInt8
    /// The masking key; nil for a frame without one, which is what a server sends.
    public var maskingKey: UInt32?
    /// The payload, unmasked.
    public var payload: [UInt8]
    /// The length that the header claims; nil for the payload's own.
    public var claimedLength: UInt64?

    /// A frame with these parts; by default final, unmasked and truthful about its length.
    public init(
        opcode: UInt8,
        _ payload: [UInt8] = [],
        fin: Bool = true,
        reserved: UInt8 = 0,
        maskingKey: UInt32? = nil,
        claimedLength: UInt64? = nil
    ) {
        self.opcode = opcode
        self.payload = payload
        self.fin = fin
        self.reserved = reserved
        self.maskingKey = maskingKey
        self.claimedLength = claimedLength
    }

    /// A text frame.
    public static func text(_ text: String) -> WireFrame {
        WireFrame(opcode: 1, Array(text.utf8))
    }

    /// A binary frame.
    public static func binary(_ payload: [UInt8]) -> WireFrame {
        WireFrame(opcode: 2, payload)
    }

    /// A Close frame; without a code its payload is empty.
    public static func close(_ code: UInt16?, _ reason: String = "") -> WireFrame {
        guard let code else { return WireFrame(opcode: 8) }
        return WireFrame(opcode: 8, [UInt8(code >> 8), UInt8(code & 255)] + Array(reason.utf8))
    }

    /// A Ping frame.
    public static func ping(_ payload: [UInt8] = []) -> WireFrame {
        WireFrame(opcode: 9, payload)
    }

    /// A Pong frame.
    public static func pong(_ payload: [UInt8] = []) -> WireFrame {
        WireFrame(opcode: 10, payload)
    }

    /// The payload as text, invalid bytes replaced.
    public var text: String {
        String(decoding: payload, as: UTF8.self)
    }

    /// The status code of a Close frame; nil if it has none.
    public var closeCode: UInt16? {
        opcode == 8 && payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : nil
    }

    /// The reason of a Close frame.
    public var closeReason: String {
        opcode == 8 ? String(decoding: payload.dropFirst(2), as: UTF8.self) : ""
    }

    /// The frame's bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = [(fin ? 0x80 : 0) | (reserved & 7) << 4 | (opcode & 15)]
        let maskBit: UInt8 = maskingKey == nil ? 0 : 0x80
        let length = claimedLength ?? UInt64(payload.count)
        if length < 126 {
            bytes.append(maskBit | UInt8(length))
        } else if length < 65_536 {
            bytes.append(maskBit | 126)
            bytes.append(contentsOf: bigEndian(length, count: 2))
        } else {
            bytes.append(maskBit | 127)
            bytes.append(contentsOf: bigEndian(length, count: 8))
        }
        guard let maskingKey else { return bytes + payload }
        let key = bigEndian(UInt64(maskingKey), count: 4)
        bytes.append(contentsOf: key)
        return bytes + masked(payload, with: key)
    }
}

private func bigEndian(_ number: UInt64, count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * (count - 1 - $0))) }
}

/// Masks or unmasks (RFC 6455 section 5.3), with raw pointers: tests are built without optimisation.
private func masked(_ payload: [UInt8], with key: [UInt8]) -> [UInt8] {
    var payload = payload
    payload.withUnsafeMutableBytes { bytes in
        var index = 0
        while index < bytes.count {
            bytes[index] ^= key[index & 3]
            index += 1
        }
    }
    return payload
}

extension RawStream {
    /// Reads one frame, masked or not, and unmasks it.
    ///
    /// - Throws: `StreamError`, also `unexpected` for a frame of more than 256 MiB.
    public func readFrame(within limit: Duration = RawStream.patience) throws(StreamError) -> WireFrame {
        let deadline = ContinuousClock.now + limit
        try fill(2, until: deadline, for: "a frame")
        let head = Array(buffered.prefix(2))
        let extra = head[1] & 127 == 126 ? 2 : head[1] & 127 == 127 ? 8 : 0
        let keySize = head[1] & 128 == 0 ? 0 : 4
        try fill(2 + extra + keySize, until: deadline, for: "a frame's header")
        let header = Array(buffered.prefix(2 + extra + keySize))
        let length =
            extra == 0
            ? UInt64(head[1] & 127)
            : header[2..<2 + extra].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= 256 << 20 else { throw .unexpected("a frame of \(length) bytes") }
        let total = header.count + Int(length)
        try fill(total, until: deadline, for: "a frame's payload")
        var payload = Array(buffered.prefix(total).dropFirst(header.count))
        let key = Array(header.suffix(keySize))
        if keySize > 0 { payload = masked(payload, with: key) }
        consume(total)
        return WireFrame(
            opcode: head[0] & 15,
            payload,
            fin: head[0] & 128 != 0,
            reserved: head[0] >> 4 & 7,
            maskingKey: keySize == 0 ? nil : key.reduce(0) { $0 << 8 | UInt32($1) }
        )
    }
}
