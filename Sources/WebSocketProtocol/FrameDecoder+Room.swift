/// Long frames, read straight to where their message is assembled: a copy less.
extension FrameDecoder {
    /// A frame that still owes less than this comes through the reader's buffer, with what is behind it.
    static let shortRest = 4 << 10
    /// Bytes read at once: the more, the fewer acknowledgements the kernel sends; still in the cache when they are checked.
    private static let roomSize = 512 << 10

    /// Room for payload that the frame under assembly still owes, if it is worth while: at most `roomSize` bytes, valid
    /// until the next change. Fill it with the bytes of the stream that come next, and say so with
    /// `receivePayload(inRoom:to:)`; otherwise go on with `decode`. Nil also for a compressed message.
    public mutating func payloadRoom() -> UnsafeMutableRawBufferPointer? {
        guard due >= Self.shortRest && !isCompressed && !isFinished else { return nil }
        return message.room(min(due, Self.roomSize), announced: due, limit: sizeLimit)
    }

    /// Takes the first `count` bytes of the room, and hands the message over if it is done.
    ///
    /// - Throws: the first violation; only text can have one here.
    @inlinable
    public mutating func receivePayload(
        inRoom count: Int,
        to receiver: inout some FrameReceiver
    ) throws(ProtocolViolation) {
        try commitRoom(count)
        handOver(&receiver)
    }

    @usableFromInline
    mutating func commitRoom(_ count: Int) throws(ProtocolViolation) {
        let taken = min(max(0, count), due)
        message.commit(taken)
        due -= taken
        if kind == .text { try checkAssembledText(isEnd: due == 0 && isLastFrame) }
    }
}
