/// Messages compressed by permessage-deflate (RFC 7692 sections 6 and 7.2.2).
extension FrameDecoder {
    /// Takes compressed messages from now on, as the opening handshake agreed. Once, before the first frame.
    ///
    /// - Parameter buffer: room that decoders confined to one thread may share.
    public mutating func enableDeflate(_ agreement: DeflateAgreement, sharing buffer: InflateBuffer) {
        guard !isFinished else { return }
        refusedBits &= ~FrameHeader.compressedBit
        inflater = MessageInflater(agreement, buffer: buffer)
    }

    /// Whether there is zlib state that `releaseInflateState` would give back.
    public var hasInflateState: Bool {
        inflater?.hasState ?? false
    }

    /// Whether anything was inflated since the last call.
    public mutating func takeInflateUse() -> Bool {
        guard let inflater, inflater.wasUsed else { return false }
        inflater.wasUsed = false
        return true
    }

    /// Gives back zlib's state of an idle connection: its window is cut to the history that the next message may refer
    /// to, at most 32 KiB, or nothing where the server forgets it. Does nothing while a compressed message is under way.
    public mutating func releaseInflateState() {
        guard kind == nil || !isCompressed else { return }
        inflater?.release()
    }

    /// The most payload bytes of a compressed message: deflate blocks without content do not count against the limit of
    /// what comes out, so they need one of their own. Stored blocks and flushes add a few bytes to what cannot be
    /// compressed; an eighth is more than they ever need.
    var compressedLimit: Int {
        let (limit, overflow) = sizeLimit.addingReportingOverflow(sizeLimit / 8 + 1024)
        return overflow ? .max : limit
    }

    /// Inflates a message that is one whole frame; text is checked.
    ///
    /// - Returns: the message, valid until the next change: in the shared buffer if it fits there.
    @usableFromInline
    mutating func inflateMessage(
        _ header: FrameHeader,
        _ payload: UnsafeRawBufferPointer
    ) throws(ProtocolViolation) -> UnsafeRawBufferPointer {
        begin(header)
        due = 0
        let last = try inflatePieces(payload, isLast: true)
        let isText = kind == .text
        kind = nil
        guard message.count > 0 else {
            if isText && !UTF8Validation.isValid(last) { throw fail(.invalidText) }
            return last
        }
        appendInflated(last)
        if isText { try checkAssembledText(isEnd: true) }
        return message.bytes
    }

    /// Inflates payload of the message under assembly and appends what comes of it.
    mutating func inflate(_ payload: UnsafeRawBufferPointer, isLast: Bool) throws(ProtocolViolation) {
        appendInflated(try inflatePieces(payload, isLast: isLast))
    }

    /// Inflates `payload`, appends all of it but the last piece, and returns that, which lies in the shared buffer.
    private mutating func inflatePieces(
        _ payload: UnsafeRawBufferPointer,
        isLast: Bool
    ) throws(ProtocolViolation) -> UnsafeRawBufferPointer {
        guard let inflater else { throw fail(.reservedBits) }
        compressedBytes += payload.count
        do { try inflater.offer(payload, isLast: isLast) } catch { throw fail(error.rule) }
        while true {
            let piece = inflater.piece()
            let room = sizeLimit - message.count
            let bytes = inflater.output(min(piece.count, room))
            switch piece.state {
            case .last where piece.count <= room: return bytes
            case .partial where piece.count <= room: try appendChecked(bytes)
            case .failed(let rule) where piece.count <= room: throw try failure(rule, behind: bytes)
            default: throw try failure(.messageTooBig, behind: bytes)
            }
        }
    }

    /// What is wrong with a message that `rule` was broken in behind `bytes`: these come first, if they are no text.
    private mutating func failure(
        _ rule: ProtocolViolation.Rule,
        behind bytes: UnsafeRawBufferPointer
    ) throws(ProtocolViolation) -> ProtocolViolation {
        try appendChecked(bytes)
        return fail(rule)
    }

    /// A wrong text need not be inflated to its end.
    private mutating func appendChecked(_ bytes: UnsafeRawBufferPointer) throws(ProtocolViolation) {
        appendInflated(bytes)
        if kind == .text { try checkAssembledText(isEnd: false) }
    }

    private mutating func appendInflated(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        message.append(start, count: bytes.count, announced: bytes.count, limit: sizeLimit)
    }
}
