import CZlib

/// permessage-deflate's payloads: what was deflated comes back and keeps to the agreed window, and of any other bytes no
/// more is made than zlib itself makes of them.
enum InflateProperties {
    static func check(_ input: inout FuzzInput) {
        if input.flag() { checkRoundTrip(&input) } else { checkGarbage(&input) }
    }

    private static func checkRoundTrip(_ input: inout FuzzInput) {
        let bits = input.pick([8, 9, 10, 11, 13, 15])
        let forgets = input.flag()
        let agreement = DeflateAgreement(clientNoContextTakeover: forgets, clientWindowBits: bits)
        let deflater = MessageDeflater(agreement, memory: input.pick([0, 40 << 10, 64 << 10, 300 << 10]))
        // What one side sends is what the other receives.
        var setting = DecodedFrames.Setting(
            window: 65_536,
            limits: MessageLimits(messageSize: 8 << 20),
            agreement: DeflateAgreement(serverNoContextTakeover: forgets, serverWindowBits: bits),
            buffer: InflateBuffer()
        )
        let releases = input.flag()
        setting.releases = input.flag()
        let messages = messages(&input)
        var stream: [UInt8] = []
        var window = StrictWindow(bits: bits)
        for message in messages {
            var payload: [UInt8] = []
            let cut = message.count / 3
            for (part, isFinal) in [(message[..<cut], false), (message[cut...], true)] {
                let isDone = withExactCopy(part) { deflater.append($0, isFinal: isFinal, to: &payload) }
                require(isDone, "no memory to deflate")
            }
            require(window.inflate(payload, history: !forgets) == message, "the window of \(bits) bits was not kept to")
            stream += frame(0xC2, payload)
            if releases { deflater.release() }
        }
        let decoded = DecodedFrames(stream, setting, cuts: nil)
        let expected = messages.map { DecodedFrames.Event.message(.binary, $0) }
        require(
            decoded.violation == nil && decoded.events == expected,
            "not what was deflated: \(decoded.violation as Any)"
        )
    }

    /// Messages of the rest, each as often repeated as a byte says, so that they can become long.
    private static func messages(_ input: inout FuzzInput) -> [[UInt8]] {
        let size = 1 + Int(input.byte())
        let times = input.pick([1, 1, 2, 16, 256])
        let rest = input.remainder()
        return stride(from: 0, to: min(rest.count, (times > 16 ? 2 : 8) * size), by: size).map { start in
            let piece = rest[start..<min(start + size, rest.count)]
            return Array(repeatElement(piece, count: times).joined())
        } + [[]]
    }

    private static func checkGarbage(_ input: inout FuzzInput) {
        let setting = DecodedFrames.Setting(
            window: input.pick([127, 1024, 65_536]),
            limits: MessageLimits(messageSize: input.pick([0, 100, 65_535, 65_536, 131_072, 1 << 20])),
            agreement: DeflateAgreement(serverWindowBits: 15),
            buffer: InflateBuffer()
        )
        let cut = Int(input.byte())
        let payload = input.remainder()
        let whole = DecodedFrames(frame(0xC2, payload), setting, cuts: nil)
        let parts = frame(0x42, Array(payload.prefix(cut))) + frame(0x80, Array(payload.dropFirst(cut)))
        let fragmented = DecodedFrames(parts, setting, cuts: Cuts(seed: UInt8(cut), largest: 50))
        require(
            whole.events == fragmented.events && (whole.violation == nil) == (fragmented.violation == nil),
            "in one frame:\n\(whole)\nin two:\n\(fragmented)"
        )
        guard let plain = Self.plain(payload) else { return }
        if plain.count <= setting.limits.messageSize && payload.count <= setting.limits.messageSize {
            require(whole.events == [.message(.binary, plain)], "zlib makes \(plain.count) bytes of it, not \(whole)")
        } else {
            require(whole.events.isEmpty || whole.events == [.message(.binary, plain)], "zlib makes other bytes of it")
        }
    }

    /// What zlib makes of a payload that ends at a block's end and has no final block; nil for any other.
    private static func plain(_ payload: [UInt8]) -> [UInt8]? {
        guard !payload.isEmpty else { return nil }
        var window = StrictWindow(bits: 15, pieceSize: 1 << 16)
        guard let output = window.inflate(payload, history: false), window.endsBetweenBlocks else { return nil }
        return output
    }

    private static func frame(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        switch count {
        case ...125: return [first, UInt8(count)] + payload
        case ...65_535: return [first, 126, UInt8(count >> 8), UInt8(count & 255)] + payload
        default: return [first, 127] + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) } + payload
        }
    }
}

/// zlib's own inflate with a window of exactly so many bits, a byte at a time: so each reference goes through the window,
/// and one that reaches behind it is an error.
struct StrictWindow: ~Copyable {
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let pieceSize: Int
    /// The newest payload, its tail put back, ended behind a whole block that was not marked final.
    private(set) var endsBetweenBlocks = false

    init(bits: Int, pieceSize: Int = 1) {
        self.pieceSize = pieceSize
        stream.initialize(to: z_stream())
        require(hawser_inflate_init(stream, Int32(-bits)) == Z_OK, "no memory to inflate")
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// What a message's payload inflates to; nil if it is not deflate data.
    mutating func inflate(_ payload: [UInt8], history: Bool) -> [UInt8]? {
        var input = payload + [0x00, 0x00, 0xFF, 0xFF]
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: pieceSize)
        let status = input.withUnsafeMutableBufferPointer { input in
            stream.pointee.next_in = input.baseAddress
            stream.pointee.avail_in = UInt32(input.count)
            while true {
                let (status, written) = piece.withUnsafeMutableBufferPointer { piece in
                    stream.pointee.next_out = piece.baseAddress
                    stream.pointee.avail_out = UInt32(piece.count)
                    let status = CZlib.inflate(stream, Z_SYNC_FLUSH)
                    return (status, piece.count - Int(stream.pointee.avail_out))
                }
                output += piece[..<written]
                if status == Z_OK { endsBetweenBlocks = stream.pointee.data_type == 128 }
                if status != Z_OK || output.count > 16 << 20 { return status }
            }
        }
        let isWhole = status == Z_BUF_ERROR && stream.pointee.avail_in == 0
        if !history { inflateReset(stream) }
        return isWhole ? output : nil
    }
}
