/// What a decoder reported of one stream.
struct DecodedFrames: Equatable {
    enum Event: Equatable {
        case message(MessageKind, [UInt8])
        case ping([UInt8])
        case pong([UInt8])
        case close(UInt16, String)
    }

    var events: [Event] = []
    var violation: ProtocolViolation.Rule?
    /// Bytes never taken: the beginning of a frame.
    var leftOver = 0
    var hasPartialMessage = false

    /// How the stream is read, and with which decoder.
    struct Setting {
        var window: Int
        var limits: MessageLimits
        var agreement: DeflateAgreement?
        var buffer: InflateBuffer
        /// Gives the inflate state back after each read.
        var releases = false
        /// Reads long frames straight into the decoder's room for them.
        var usesRoom = false
    }

    /// Decodes `stream` as a reader with a buffer of the window's size would, `cuts` bytes at a time.
    init(_ stream: [UInt8], _ setting: Setting, cuts: Cuts?) {
        var decoder = FrameDecoder(limits: setting.limits, window: setting.window)
        if let agreement = setting.agreement { decoder.enableDeflate(agreement, sharing: setting.buffer) }
        var recorder = FrameEvents()
        var cuts = cuts
        var kept = 0
        var next = 0
        while next < stream.count {
            let cut = min(cuts?.next() ?? .max, stream.count - next)
            do throws(ProtocolViolation) {
                if setting.usesRoom && kept == 0, let room = decoder.payloadRoom() {
                    let end = next + min(cut, room.count)
                    room.copyBytes(from: stream[next..<end])
                    defer { next = end }
                    try decoder.receivePayload(inRoom: end - next, to: &recorder)
                } else {
                    let start = next - kept
                    let end = next + min(cut, setting.window - kept)
                    require(end > next, "a full window of which nothing is taken")
                    next = end
                    let taken = try withExactCopy(stream[start..<end]) { bytes throws(ProtocolViolation) in
                        try decoder.decode(bytes, to: &recorder)
                    }
                    require((0...end - start).contains(taken), "\(taken) of \(end - start) bytes taken")
                    kept = end - start - taken
                }
            } catch {
                violation = error.rule
                next = stream.count
                kept = 0
            }
            require(
                decoder.bufferedBytes <= setting.limits.messageSize,
                "\(decoder.bufferedBytes) bytes held, the limit is \(setting.limits.messageSize)"
            )
            if setting.releases { decoder.releaseInflateState() }
        }
        events = recorder.events
        leftOver = kept
        hasPartialMessage = decoder.hasPartialMessage
        checkEvents(setting.limits)
    }

    private func checkEvents(_ limits: MessageLimits) {
        for (index, event) in events.enumerated() {
            switch event {
            case .message(let kind, let payload):
                require(payload.count <= limits.messageSize, "a message over the limit")
                let isText = kind == .text
                require(!isText || String(validating: payload, as: UTF8.self) != nil, "a text that is not UTF-8")
            case .ping(let payload), .pong(let payload):
                require(payload.count <= 125, "a control frame over 125 bytes")
            case .close(let code, let reason):
                require(index == events.count - 1, "an event behind a Close")
                require(violation == nil, "a violation behind a Close")
                let rawCode = CloseCode(rawValue: code)
                require(rawCode.mayBeReceived || (rawCode == .noStatus && reason.isEmpty), "code \(code)")
                require(reason.utf8.count <= 123, "a reason over 123 bytes")
            }
        }
    }
}

/// Copies everything that it is lent.
struct FrameEvents: FrameReceiver {
    var events: [DecodedFrames.Event] = []

    mutating func receivedMessage(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
        events.append(.message(kind, Array(payload)))
    }

    mutating func receivedPing(_ payload: UnsafeRawBufferPointer) {
        events.append(.ping(Array(payload)))
    }

    mutating func receivedPong(_ payload: UnsafeRawBufferPointer) {
        events.append(.pong(Array(payload)))
    }

    mutating func receivedClose(_ code: CloseCode, _ reason: String) {
        events.append(.close(code.rawValue, reason))
    }
}
