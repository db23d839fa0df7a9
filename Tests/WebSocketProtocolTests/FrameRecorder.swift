import WebSocketProtocol

/// What a decoder reported, in order.
enum FrameEvent: Equatable {
    case message(MessageKind, [UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16, String)

    static func text(_ text: String) -> FrameEvent {
        .message(.text, Array(text.utf8))
    }
}

/// Copies everything that it is lent.
struct FrameRecorder: FrameReceiver {
    var events: [FrameEvent] = []

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

/// All that came of a stream of bytes.
struct DecodedStream: Equatable {
    var events: [FrameEvent] = []
    var violation: ProtocolViolation.Rule?
    /// Bytes never taken: the beginning of a frame.
    var leftOver = 0
    var hasPartialMessage = false
    /// Whether the decoder ever held more of a message than the limit allows.
    var isOverLimit = false
}

/// Bytes as a server would send them: unmasked.
func serverFrame(_ first: UInt8, _ payload: [UInt8] = []) -> [UInt8] {
    let count = payload.count
    switch count {
    case ...125: return [first, UInt8(count)] + payload
    case ...65535: return [first, 126, UInt8(count >> 8), UInt8(count & 0xFF)] + payload
    default: return [first, 127] + (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) } + payload
    }
}

/// Decodes `stream` as a reader with a buffer would: `cuts` says how many bytes each read brings, in turn. `usingRoom`
/// reads long payloads to where the decoder wants them.
///
/// Each offer lies in memory of exactly its size, so that the address sanitizer sees a read beyond it.
func decode(
    _ stream: [UInt8],
    window: Int = 65_536,
    cuts: [Int] = [.max],
    limits: MessageLimits = MessageLimits(),
    deflate: DeflateAgreement? = nil,
    usingRoom: Bool = false,
    checkingProgress: Bool = true
) -> DecodedStream {
    var decoder = FrameDecoder(limits: limits, window: window)
    if let deflate { decoder.enableDeflate(deflate, sharing: InflateBuffer()) }
    var recorder = FrameRecorder()
    var result = DecodedStream()
    let capacity = checkingProgress ? max(window, 127) : Int.max
    var kept: [UInt8] = []
    var next = 0
    var turn = 0
    while next < stream.count {
        let cut = max(1, cuts[turn % cuts.count])
        if usingRoom, kept.isEmpty, let room = decoder.payloadRoom() {
            let count = min(cut, room.count, stream.count - next)
            room.copyBytes(from: stream[next..<(next + count)])
            next += count
            turn += 1
            do { try decoder.receivePayload(inRoom: count, to: &recorder) } catch {
                result.violation = error.rule
                break
            }
            continue
        }
        let end = next + min(cut, stream.count - next, capacity - kept.count)
        // A reader whose buffer is full of bytes that are never taken hangs: the decoder must not let that happen.
        guard end > next else { break }
        turn += 1
        let offered = UnsafeMutableRawBufferPointer.allocate(byteCount: kept.count + end - next, alignment: 1)
        defer { offered.deallocate() }
        offered.copyBytes(from: kept + stream[next..<end])
        next = end
        do {
            let taken = try decoder.decode(UnsafeRawBufferPointer(offered), to: &recorder)
            kept = Array(offered[taken...])
        } catch {
            result.violation = error.rule
            break
        }
        if decoder.bufferedBytes > max(0, limits.messageSize) { result.isOverLimit = true }
    }
    result.events = recorder.events
    result.leftOver = result.violation == nil ? kept.count + stream.count - next : 0
    result.hasPartialMessage = decoder.hasPartialMessage
    return result
}
