/// The frame parser: what it reports depends on the bytes alone, not on how they are cut or when idle state is given
/// back, and without an extension it is what a plain reading of RFC 6455 says.
///
/// Only a server that refers back beyond the window it agreed on may be found out or not, by how much zlib sees at once:
/// what is then reported is still what the bytes say, up to where it is found out.
enum FrameProperties {
    static func check(_ input: inout FuzzInput, isDeflated: Bool) {
        let limits = MessageLimits(
            messageSize: input.pick([0, 125, 1000, 70_000, 1 << 20]),
            fragments: input.pick([1, 2, 100, 1_000_000])
        )
        var setting = DecodedFrames.Setting(
            window: input.pick([127, 200, 1024, 65_536]),
            limits: limits,
            agreement: nil,
            buffer: InflateBuffer()
        )
        if isDeflated {
            setting.agreement = DeflateAgreement(
                serverNoContextTakeover: input.flag(),
                serverWindowBits: input.pick([8, 9, 10, 12, 15])
            )
        }
        let seed = input.byte()
        let largest = input.pick([1, 3, 40, 400])
        let usesRoom = input.flag()
        let stream = input.remainderWithRun()
        let cuts = Cuts(seed: seed, largest: stream.count > 8192 ? 100_000 : largest)

        let uncut = DecodedFrames(stream, setting, cuts: nil)
        setting.usesRoom = usesRoom
        let cut = DecodedFrames(stream, setting, cuts: cuts)
        if !isDeflated {
            require(cut == uncut, "cut:\n\(cut)\nuncut:\n\(uncut)")
            compare(uncut, with: PlainReading(stream, limits))
            return
        }
        setting.releases = true
        let released = DecodedFrames(stream, setting, cuts: cuts)
        setting.releases = false
        setting.usesRoom = false
        compareDeflated(["uncut": uncut, "cut": cut, "with state given back": released], stream, setting)
    }

    /// Each decoding reports what one with the largest window does, or finds a reference beyond its own.
    private static func compareDeflated(
        _ decodings: [String: DecodedFrames],
        _ stream: [UInt8],
        _ setting: DecodedFrames.Setting
    ) {
        var wide = setting
        wide.agreement?.serverWindowBits = 15
        let expected = DecodedFrames(stream, wide, cuts: nil)
        let isWidest = setting.agreement?.serverWindowBits == 15
        for (name, decoded) in decodings where decoded != expected {
            let isFoundOut =
                !isWidest && decoded.violation == .invalidCompression && expected.events.starts(with: decoded.events)
            require(isFoundOut, "\(name):\n\(decoded)\nwith the largest window:\n\(expected)")
        }
    }

    private static func compare(_ decoded: DecodedFrames, with plain: PlainReading) {
        require(decoded.events == plain.events, "decoded:\n\(decoded)\nplain:\n\(plain)")
        // Wrong text is found before its frame is whole; nothing else may be.
        let isEarly = !plain.isViolated && plain.endsInFrame && decoded.violation == .invalidText
        let isViolated = decoded.violation != nil
        require(isViolated == plain.isViolated || isEarly, "decoded:\n\(decoded)\nplain:\n\(plain)")
    }
}

/// RFC 6455 section 5 read frame by frame, with no regard for speed or memory.
struct PlainReading {
    var events: [DecodedFrames.Event] = []
    var isViolated = false
    /// The stream ends inside a frame.
    var endsInFrame = false

    private var message: (kind: MessageKind, payload: [UInt8], frames: Int)?
    private let limits: MessageLimits

    init(_ stream: [UInt8], _ limits: MessageLimits) {
        self.limits = limits
        var rest = stream[...]
        while !rest.isEmpty {
            guard let size = takeFrame(rest) else { return }
            rest = rest.dropFirst(size)
        }
    }

    private mutating func violated() -> Int? {
        isViolated = true
        return nil
    }

    private mutating func incomplete() -> Int? {
        endsInFrame = true
        return nil
    }

    /// The frame's size; nil if nothing behind its beginning counts.
    private mutating func takeFrame(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let first = bytes.first, let second = bytes.dropFirst().first else { return incomplete() }
        let opcode = first & 15
        let isFinal = first >= 128
        guard first & 0x70 == 0, [0, 1, 2, 8, 9, 10].contains(opcode), second < 128 else { return violated() }
        guard opcode < 8 || (isFinal && second < 126) else { return violated() }
        let lengthSize = second == 127 ? 8 : second == 126 ? 2 : 0
        let head = 2 + lengthSize
        guard bytes.count >= head else { return incomplete() }
        var length = UInt64(second)
        if lengthSize > 0 { length = bytes.prefix(head).dropFirst(2).reduce(0) { $0 << 8 | UInt64($1) } }
        guard lengthSize == 0 || length > (lengthSize == 2 ? 125 : 65_535), length >> 63 == 0 else { return violated() }
        if opcode < 8 {
            guard (opcode == 0) == (message != nil) else { return violated() }
            let held = message?.payload.count ?? 0
            guard length <= UInt64(max(0, limits.messageSize - held)) else { return violated() }
            guard (message?.frames ?? 0) < limits.fragments else { return violated() }
        }
        guard UInt64(bytes.count - head) >= length else { return incomplete() }
        let payload = Array(bytes.dropFirst(head).prefix(Int(length)))
        guard take(opcode, isFinal, payload) else { return nil }
        return head + payload.count
    }

    private mutating func take(_ opcode: UInt8, _ isFinal: Bool, _ payload: [UInt8]) -> Bool {
        switch opcode {
        case 9: events.append(.ping(payload))
        case 10: events.append(.pong(payload))
        case 8: return takeClose(payload)
        default:
            var whole = message ?? (opcode == 1 ? .text : .binary, [], 0)
            whole.payload += payload
            whole.frames += 1
            message = isFinal ? nil : whole
            if whole.kind == .text && !Self.isText(whole.payload, whole: isFinal) { return violated() != nil }
            if isFinal { events.append(.message(whole.kind, whole.payload)) }
        }
        return true
    }

    private mutating func takeClose(_ payload: [UInt8]) -> Bool {
        guard !payload.isEmpty else {
            events.append(.close(1005, ""))
            return false
        }
        guard payload.count > 1, let reason = String(validating: payload[2...], as: UTF8.self) else {
            return violated() != nil
        }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        let isAllowed = [1000...1003, 1007...1014, 3000...4999].contains { $0.contains(code) }
        guard isAllowed else { return violated() != nil }
        events.append(.close(code, reason))
        return false
    }

    /// Whether `bytes` are UTF-8, up to a scalar that could still become whole unless they are the whole text.
    private static func isText(_ bytes: [UInt8], whole: Bool) -> Bool {
        if String(validating: bytes, as: UTF8.self) != nil { return true }
        guard !whole else { return false }
        let endings: [[UInt8]] = [[0x80], [0x80, 0x80], [0x80, 0x80, 0x80], [0xA0, 0x80], [0x90, 0x80, 0x80]]
        return endings.contains { String(validating: bytes + $0, as: UTF8.self) != nil }
    }
}
