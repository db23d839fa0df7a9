/// The client's side of RFC 6455 section 5 and RFC 7692: bytes from a server in, messages and control frames out.
///
/// Confined to one connection. A frame that fits the reader's window is left with the caller until it is whole, and a
/// message of one such frame is handed over where it lies, without a copy or an allocation. Longer frames and fragments
/// are assembled in a buffer of the decoder, which never grows beyond the message limit.
///
/// Compressed messages, once `enableDeflate` was called, are inflated as their bytes come; the size limit holds for what
/// comes out, while it does.
///
/// Text is checked as UTF-8 as its bytes come, also in a frame that is not whole yet. What is reported depends on the
/// bytes alone, never on how they were cut, with one exception: a server that refers back beyond the window it agreed on
/// (RFC 7692 section 7.1.2.1) is found out only if zlib has no more than that window at hand; else its message is read as
/// it was meant.
public struct FrameDecoder: ~Copyable {
    @usableFromInline let sizeLimit: Int
    @usableFromInline let fragmentLimit: Int

    // The small ones stand together: they share two words.
    /// Bytes of the reader's buffer.
    @usableFromInline let window: Int32
    /// The frames of the message under assembly so far.
    @usableFromInline var fragments: Int32 = 0
    /// The kind of the message under assembly; nil between messages.
    @usableFromInline var kind: MessageKind?
    /// Whether the frame under assembly is its message's last.
    @usableFromInline var isLastFrame = false
    /// A Close frame was received, or the connection failed: nothing behind it counts (sections 5.5.1 and 7.1.7).
    @usableFromInline var isFinished = false
    /// Whether the message under assembly is compressed.
    @usableFromInline var isCompressed = false
    /// The reserved bits that no frame may have.
    @usableFromInline var refusedBits = FrameHeader.reservedBits
    /// Payload bytes that the frame under assembly still owes.
    @usableFromInline var due = 0
    /// Bytes of the assembled text known to be whole scalars.
    @usableFromInline var validated = 0
    /// Of a frame left with the caller until it is whole: the bytes of its text known to be whole scalars.
    @usableFromInline var foreseen = 0
    /// Payload bytes that the compressed message under assembly has come in.
    var compressedBytes = 0
    var message = MessageBuffer()
    var inflater: MessageInflater?

    /// A decoder for a connection that has just been upgraded.
    ///
    /// - Parameter window: the size in bytes of the buffer that the caller reads into; at least 127, the longest control
    ///   frame, or such a frame could never become whole.
    public init(limits: MessageLimits, window: Int) {
        sizeLimit = max(0, limits.messageSize)
        fragmentLimit = min(max(1, limits.fragments), Int(Int32.max))
        self.window = Int32(clamping: max(0, window))
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
    ///   them, or as they are if the receiver took no more. After a Close frame or a violation all bytes are taken and
    ///   ignored.
    /// - Throws: the first violation; what came before it has been handed over.
    @inlinable
    public mutating func decode(
        _ bytes: UnsafeRawBufferPointer,
        to receiver: inout some FrameReceiver
    ) throws(ProtocolViolation) -> Int {
        guard let start = bytes.baseAddress, !isFinished else { return bytes.count }
        let end = start + bytes.count
        var next = start
        // Good only for a frame at the very beginning of what is offered.
        let known = foreseen
        foreseen = 0
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
                guard receiver.takesMore else { break }
                let taken = try receiveFrame(next, end - next, known: next == start ? known : 0, &receiver)
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
        known: Int,
        _ receiver: inout some FrameReceiver
    ) throws(ProtocolViolation) -> Int {
        guard let header = try admit(start, available) else { return 0 }
        let present = available - header.size
        let isWhole = present >= header.length
        // A message of one frame is worth waiting for: it needs no copy then. So is the start of a compressed one: zlib
        // works best on much.
        let isMessage = header.isFinal && kind == nil
        let isWorthWaiting = (isMessage || header.isCompressed) && header.length <= Int(window) - header.size
        if !isWhole && (header.opcode.isControl || isWorthWaiting) {
            try foresee(header, start + header.size, present, known: known)
            return 0
        }
        let count = isWhole ? header.length : present
        let payload = UnsafeRawBufferPointer(start: start + header.size, count: count)
        if header.opcode.isControl {
            try receiveControl(header.opcode, payload, &receiver)
        } else if isWhole && isMessage {
            let isText = header.opcode == .text
            if header.isCompressed {
                receiver.receivedMessage(isText ? .text : .binary, try inflateMessage(header, payload))
                release()
            } else {
                if isText && !UTF8Validation.isValid(payload) { throw fail(.invalidText) }
                receiver.receivedMessage(isText ? .text : .binary, payload)
            }
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
        handOver(&receiver)
        return count
    }

    /// Hands the message under assembly over if it is done.
    @inlinable
    mutating func handOver(_ receiver: inout some FrameReceiver) {
        guard due == 0 && isLastFrame, let whole = kind else { return }
        kind = nil
        receiver.receivedMessage(whole, assembled)
        release()
    }
}

// What does not depend on the receiver's type.
extension FrameDecoder {
    /// The head of the frame at `start` if it is whole and its frame is allowed here; changes nothing else.
    @usableFromInline
    mutating func admit(_ start: UnsafeRawPointer, _ available: Int) throws(ProtocolViolation) -> FrameHeader? {
        let parsed: FrameHeader?
        do { parsed = try FrameHeader(start, available: available, refusedBits: refusedBits) } catch {
            throw fail(error.rule)
        }
        guard let header = parsed else { return nil }
        guard !header.opcode.isControl else { return header }
        let isContinuation = header.opcode == .continuation
        if isContinuation != (kind != nil) {
            throw fail(isContinuation ? .continuationWithoutStart : .messageInsideMessage)
        }
        // Both are checked before any memory is reserved for the frame.
        let isDeflated = isContinuation ? isCompressed : header.isCompressed
        let room = isDeflated ? compressedLimit - (isContinuation ? compressedBytes : 0) : sizeLimit - message.count
        guard header.length <= room else { throw fail(.messageTooBig) }
        guard !isContinuation || fragments < fragmentLimit else { throw fail(.tooManyFragments) }
        return header
    }

    /// Makes an admitted data frame the frame under assembly.
    @usableFromInline
    mutating func begin(_ header: FrameHeader) {
        if let kind = MessageKind(rawValue: header.opcode.rawValue) {
            self.kind = kind
            isCompressed = header.isCompressed
            compressedBytes = 0
            fragments = 0
            validated = 0
        }
        fragments += 1
        due = header.length
        isLastFrame = header.isFinal
    }

    /// Checks what has come of a text that waits to become whole, so that a wrong one fails as early as it can.
    @usableFromInline
    mutating func foresee(
        _ header: FrameHeader,
        _ payload: UnsafeRawPointer,
        _ present: Int,
        known: Int
    ) throws(ProtocolViolation) {
        guard header.opcode == .text && !header.isCompressed && known <= present else { return }
        let unchecked = UnsafeRawBufferPointer(start: payload + known, count: present - known)
        guard let valid = UTF8Validation.wholeScalars(in: unchecked) else { throw fail(.invalidText) }
        foreseen = known + valid
    }

    /// Appends `count` payload bytes and checks what can be checked of them.
    @usableFromInline
    mutating func assemble(_ start: UnsafeRawPointer, _ count: Int) throws(ProtocolViolation) {
        let announced = due
        due -= count
        if isCompressed {
            let payload = UnsafeRawBufferPointer(start: start, count: count)
            try inflate(payload, isLast: due == 0 && isLastFrame)
        } else {
            message.append(start, count: count, announced: announced, limit: sizeLimit)
        }
        if kind == .text { try checkAssembledText(isEnd: due == 0 && isLastFrame) }
    }

    /// Checks what is new of a text under assembly, and its end when that is there.
    mutating func checkAssembledText(isEnd: Bool) throws(ProtocolViolation) {
        let unchecked = UnsafeRawBufferPointer(rebasing: message.bytes[validated...])
        guard let valid = UTF8Validation.wholeScalars(in: unchecked) else { throw fail(.invalidText) }
        validated += valid
        if isEnd && validated != message.count { throw fail(.invalidText) }
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
        inflater = nil
    }

    /// Ends the decoder; the result is to be thrown.
    @usableFromInline
    mutating func fail(_ rule: ProtocolViolation.Rule) -> ProtocolViolation {
        finish()
        return ProtocolViolation(rule)
    }
}
