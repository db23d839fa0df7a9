/// What a frame carries (RFC 6455 section 5.2). The values 3-7 and 11-15 are reserved and have no case.
public enum Opcode: UInt8, Sendable, Hashable, CaseIterable {
    /// A further fragment of the message that a text or binary frame began.
    case continuation = 0
    /// The first, or only, frame of a text message.
    case text = 1
    /// The first, or only, frame of a binary message.
    case binary = 2
    /// The closing handshake (section 5.5.1).
    case close = 8
    /// A question that a pong answers (section 5.5.2).
    case ping = 9
    /// The answer to a ping, or a heartbeat of its own (section 5.5.3).
    case pong = 10

    /// Whether this is a control frame: at most 125 bytes and never fragmented (section 5.5).
    public var isControl: Bool {
        rawValue & 8 != 0
    }
}
