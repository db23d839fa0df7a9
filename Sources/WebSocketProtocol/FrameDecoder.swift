/// The client's side of RFC 6455 section 5: bytes from a server in, messages and control frames out.
///
/// Confined to one connection. A frame that fits the reader's window is left with the caller until it is whole, and a
/// message of one such frame is handed over where it lies, without a copy or an allocation. Longer frames and fragments
/// are assembled in a buffer of the decoder, which never grows beyond the message limit.
///
/// Text is checked as UTF-8: a message of one whole frame at once; a message in fragments, or in a frame longer than the
/// window, as its bytes come. What is reported depends on the bytes alone, never on how they were cut; the window decides
/// only how early wrong text in a long frame is noticed.
public struct FrameDecoder: ~Copyable {
    @usableFromInline let sizeLimit: Int
    @usableFromInline let fragmentLimit: Int
    @usableFromInline let window: Int

    /// The kind of the message under assembly; nil between messages.
    @usableFromInline var kind: MessageKind?
    /// Payload bytes that the frame under assembly still owes.
    @usableFromInline var due = 0
    /// Whether the frame under assembly is its message's last.
    @usableFromInline var isLastFrame = false
    /// The frames of the message under assembly so far.
    @usableFromInline var fragments = 0
    /// Bytes of the assembled text known to be whole scalars.
    @usableFromInline var validated = 0
    /// A Close frame was received, or the connection failed: nothing behind it counts (sections 5.5.1 and 7.1.7).
    @usableFromInline var isFinished = false
    private var message = MessageBuffer()

    /// A decoder for a connection that has just been upgraded.
    ///
    /// - Parameter window: the size in bytes of the buffer that the caller reads into; at least 127, the longest control
    ///   frame, or such a frame could never become whole.
    public init(limits: MessageLimits, window: Int) {
        sizeLimit = max(0, limits.messageSize)
        fragmentLimit = max(1, limits.fragments)
        self.window = max(0, window)
    }

    /// Whether a message has begun in frames already taken. Bytes left with the caller do not count.
    public var hasPartialMessage: Bool {
        kind != nil
    }

    /// The payload bytes of the partial message that the decoder holds.
    public var bufferedBytes: Int {
        message.count
    }

    /// Hands everything that is whole in `bytes` to `receiver`.
    ///
    /// - Returns: how many bytes were taken. The caller keeps the others and offers them again, first, with more behind
    ///   them. After a Close frame or a violation all bytes are taken and ignored.
    /// - Throws: the first violation; what came before it has been handed over.
    @inlinable
    public mutating func decode(
        _ bytes: UnsafeRawBufferPointer,
        to receiver: inout some FrameReceiver
    ) throws(ProtocolViolation) -> Int {
        guard let start = bytes.baseAddress, !isFinished else { return bytes.count }
        let end = start + bytes.count
        var next = start
        if due > 0 { next += try receivePayload(next, end - next, &receiver) }
        while end - next >= 2 {
            // The common case, kept free of calls: a whole message in one frame with a short or 16-bit length.
            let first = next.load(as: UInt8.self)
            var length = Int(next.load(fromByteOffset: 1, as: UInt8.self))
            var size = 2
            var isPlain = length < 126
            if length == 126 && end - next >= 4 {
                length = Int(UInt16(bigEndian: next.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
                size = 4
                isPlain = length > 125
            }
            if isPlain && (first == 0x82 || first == 0x81) && kind == nil && length <= sizeLimit
                && end - next - size >= length
            {
                let payload = UnsafeRawBufferPointer(start: next + size, count: length)
                next += size + length
                if first == 0x81 && !UTF8Validation.isValid(payload) { throw fail(.invalidText) }
                receiver.receivedMessage(first == 0x81 ? .text : .binary, payload)
            } else {
                let taken = try receiveFrame(next, end - next, &receiver)
                if isFinished { return bytes.count }
                if taken == 0 { break }
                next += taken
            }
        }
        return next - start
    }

    /// Takes any frame, by all the rules; returns 0 if it must first become whole.
    @inlinable
    @inline(never)
    mutating func receiveFrame(
        _ start: UnsafeRawPointer,
        _ available: Int,
        _ receiver: inout some FrameReceiver
    ) throws(ProtocolViolation) -> Int {
        guard let header = try admit(start, available) else { return 0 }
        let isWhole = available - header.size >= header.length
        if !isWhole && (header.opcode.isControl || header.length <= window - header.size) { return 0 }
        let count = isWhole ? header.length : available - header.size
        let payload = UnsafeRawBufferPointer(start: start + header.size, count: count)
        if header.opcode.isControl {
            try receiveControl(header.opcode, payload, &receiver)
        } else if isWhole && header.isFinal && kind == nil {
            let isText = header.opcode == .text
            if isText && !UTF8Validation.isValid(payload) { throw fail(.invalidText) }
            receiver.receivedMessage(isText ? .text : .binary, payload)
        } else {
            begin(header)
            _ = try receivePayload(start + header.size, count, &receiver)
        }
        return header.size + count
    }

    @inlinable
    @inline(never)
    mutating func receiveControl(
        _ opcode: Opcode,
        _ payload: UnsafeRawBufferPointer,
        _ receiver: inout some FrameReceiver
    ) throws(ProtocolViolation) {
        switch opcode {
        case .ping: receiver.receivedPing(payload)
        case .pong: receiver.receivedPong(payload)
        default:
            let (code, reason) = try closeContent(payload)
            finish()
            receiver.receivedClose(code, reason)
        }
    }

    /// Takes up to `available` payload bytes of the frame under assembly, and hands its message over if it is done.
    @inlinable
    @inline(never)
    mutating func receivePayload(
        _ start: UnsafeRawPointer,
        _ available: Int,
        _ receiver: inout some FrameReceiver
    ) throws(ProtocolViolation) -> Int {
        let count = min(due, available)
        try assemble(start, count)
        if due == 0 && isLastFrame, let whole = kind {
            kind = nil
            receiver.receivedMessage(whole, assembled)
            release()
        }
        return count
    }
}

// What does not depend on the receiver's type.
extension FrameDecoder {
    /// The head of the frame at `start` if it is whole and its frame is allowed here; changes nothing else.
    @usableFromInline
    mutating func admit(_ start: UnsafeRawPointer, _ available: Int) throws(ProtocolViolation) -> FrameHeader? {
        let parsed: FrameHeader?
        do { parsed = try FrameHeader(start, available: available) } catch { throw fail(error.rule) }
        guard let header = parsed else { return nil }
        guard !header.opcode.isControl else { return header }
        let isContinuation = header.opcode == .continuation
        if isContinuation != (kind != nil) {
            throw fail(isContinuation ? .continuationWithoutStart : .messageInsideMessage)
        }
        // Both are checked before any memory is reserved for the frame.
        guard header.length <= sizeLimit - message.count else { throw fail(.messageTooBig) }
        guard !isContinuation || fragments < fragmentLimit else { throw fail(.tooManyFragments) }
        return header
    }

    /// Makes an admitted data frame the frame under assembly.
    @usableFromInline
    mutating func begin(_ header: FrameHeader) {
        if let kind = MessageKind(rawValue: header.opcode.rawValue) {
            self.kind = kind
            fragments = 0
            validated = 0
        }
        fragments += 1
        due = header.length
        isLastFrame = header.isFinal
    }

    /// Appends `count` payload bytes and checks what can be checked of them.
    @usableFromInline
    mutating func assemble(_ start: UnsafeRawPointer, _ count: Int) throws(ProtocolViolation) {
        message.append(start, count: count, announced: due, limit: sizeLimit)
        due -= count
        guard kind == .text else { return }
        let unchecked = UnsafeRawBufferPointer(rebasing: message.bytes[validated...])
        guard let valid = UTF8Validation.wholeScalars(in: unchecked) else { throw fail(.invalidText) }
        validated += valid
        if due == 0 && isLastFrame && validated != message.count { throw fail(.invalidText) }
    }

    /// The message under assembly; valid until the next change.
    @usableFromInline
    var assembled: UnsafeRawBufferPointer {
        message.bytes
    }

    /// Empties the buffer when its message was handed over.
    @usableFromInline
    mutating func release() {
        message.removeAll()
    }

    /// The code and reason of a Close frame (section 5.5.1).
    @usableFromInline
    mutating func closeContent(
        _ payload: UnsafeRawBufferPointer
    ) throws(ProtocolViolation) -> (code: CloseCode, reason: String) {
        guard !payload.isEmpty else { return (.noStatus, "") }
        guard payload.count >= 2 else { throw fail(.truncatedCloseCode) }
        let code = CloseCode(rawValue: UInt16(bigEndian: payload.loadUnaligned(as: UInt16.self)))
        guard code.mayBeReceived else { throw fail(.invalidCloseCode) }
        let reason = UnsafeRawBufferPointer(rebasing: payload[2...])
        guard UTF8Validation.isValid(reason) else { throw fail(.invalidCloseReason) }
        return (code, String(decoding: reason, as: UTF8.self))
    }

    /// Ends the decoder and gives back its memory.
    @usableFromInline
    mutating func finish() {
        isFinished = true
        kind = nil
        due = 0
        message.removeAll()
    }

    /// Ends the decoder; the result is to be thrown.
    @usableFromInline
    mutating func fail(_ rule: ProtocolViolation.Rule) -> ProtocolViolation {
        finish()
        return ProtocolViolation(rule)
    }
}
