/// What a `FrameDecoder` found, in the order of the wire (RFC 6455 sections 5.4-5.6).
///
/// Conform the type that does the work and pass it as a generic argument, so that the calls are direct. Payloads are
/// lent: they are valid until the method returns, and whole messages inside the reader's window are not copied. A
/// method must not touch the decoder that calls it. Everything stays on the caller's isolation.
public protocol FrameReceiver {
    /// A whole message; text is valid UTF-8.
    mutating func receivedMessage(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer)
    /// A ping, to be answered by a pong with the same payload (at most 125 bytes).
    mutating func receivedPing(_ payload: UnsafeRawBufferPointer)
    /// A pong, answering a ping or not (at most 125 bytes).
    mutating func receivedPong(_ payload: UnsafeRawBufferPointer)
    /// The Close frame, last of all calls: `.noStatus` if it had no payload. The reason is at most 123 bytes.
    mutating func receivedClose(_ code: CloseCode, _ reason: String)
    /// Whether to go on with the frames behind. Asked in front of a frame that is no plain message, such as a compressed
    /// one: a few bytes may become many. If not, the rest is left with the caller.
    var takesMore: Bool { get }
}

extension FrameReceiver {
    /// Always.
    @inlinable
    public var takesMore: Bool { true }
}
