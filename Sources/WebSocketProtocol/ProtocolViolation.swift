/// A frame or message that RFC 6455, RFC 7692 or a configured limit does not allow: the connection fails with `closeCode`.
public struct ProtocolViolation: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rule that was broken.
    public let rule: Rule

    /// A violation of `rule`.
    public init(_ rule: Rule) {
        self.rule = rule
    }

    /// The code for our Close frame (RFC 6455 section 7.4.1): 1002, 1007 or 1009; 1011 if it is our own fault. None for
    /// broken compression: RFC 7692 names no code, and neither 1002 nor 1007 fits what is in no frame and of no type.
    public var closeCode: CloseCode {
        switch rule {
        case .invalidText, .invalidCloseReason: .invalidPayload
        case .invalidCompression, .truncatedCompression: .noStatus
        case .noInflateMemory: .internalError
        case .messageTooBig, .tooManyFragments: .messageTooBig
        default: .protocolError
        }
    }

    /// What was wrong, and the section that says so, in one line for a person.
    public var description: String {
        "\(rule.text) (\(rule.section))"
    }

    /// Every rule that the frame decoder enforces.
    public enum Rule: String, Sendable, Hashable, CaseIterable {
        /// RSV1, RSV2 or RSV3 set where no extension that was agreed on gives it a meaning.
        case reservedBits
        /// Opcode 3-7 or 11-15.
        case reservedOpcode
        /// A frame from the server with the mask bit set.
        case maskedFrame
        /// A control frame without FIN.
        case fragmentedControl
        /// A control frame with more than 125 bytes of payload.
        case controlTooLong
        /// A length written in more bytes than it needs.
        case lengthNotMinimal
        /// A 64-bit length with its most significant bit set.
        case lengthOutOfRange
        /// A continuation frame while no message is open.
        case continuationWithoutStart
        /// A text or binary frame while a fragmented message is open.
        case messageInsideMessage
        /// A text message that is not UTF-8.
        case invalidText
        /// A Close frame with a payload of one byte.
        case truncatedCloseCode
        /// A Close frame with a code that must not be sent.
        case invalidCloseCode
        /// A Close frame whose reason is not UTF-8.
        case invalidCloseReason
        /// A message over `MessageLimits.messageSize`.
        case messageTooBig
        /// A message in more frames than `MessageLimits.fragments`.
        case tooManyFragments
        /// A compressed message that is no deflate stream.
        case invalidCompression
        /// A compressed message that ends in the middle of a deflate block.
        case truncatedCompression
        /// There is no memory to inflate a compressed message.
        case noInflateMemory

        /// The document and section with the rule, or with the right to set the limit.
        public var section: String {
            switch self {
            case .reservedBits, .reservedOpcode, .lengthNotMinimal, .lengthOutOfRange: "RFC 6455 section 5.2"
            case .maskedFrame: "RFC 6455 section 5.1"
            case .fragmentedControl, .controlTooLong: "RFC 6455 section 5.5"
            case .continuationWithoutStart, .messageInsideMessage: "RFC 6455 section 5.4"
            case .invalidText: "RFC 6455 section 8.1"
            case .truncatedCloseCode, .invalidCloseReason: "RFC 6455 section 5.5.1"
            case .invalidCloseCode: "RFC 6455 section 7.4"
            case .messageTooBig, .tooManyFragments: "RFC 6455 section 10.4"
            case .invalidCompression, .truncatedCompression, .noInflateMemory: "RFC 7692 section 7.2.2"
            }
        }

        /// The rule as it was broken, for a person.
        public var text: String {
            switch self {
            case .reservedBits: "a reserved bit is set that no agreed extension uses"
            case .reservedOpcode: "a frame has a reserved opcode"
            case .maskedFrame: "the server masked a frame"
            case .fragmentedControl: "a control frame is fragmented"
            case .controlTooLong: "a control frame has more than 125 bytes of payload"
            case .lengthNotMinimal: "a frame's length is not in its shortest form"
            case .lengthOutOfRange: "a frame's length is 2^63 or more"
            case .continuationWithoutStart: "a continuation frame continues no message"
            case .messageInsideMessage: "a new message begins inside a fragmented one"
            case .invalidText: "a text message is not valid UTF-8"
            case .truncatedCloseCode: "a Close frame has one byte of payload"
            case .invalidCloseCode: "a Close frame has a code that must not be sent"
            case .invalidCloseReason: "the reason in a Close frame is not valid UTF-8"
            case .messageTooBig: "a message is over the size limit"
            case .tooManyFragments: "a message has more fragments than the limit"
            case .invalidCompression: "a compressed message is not valid deflate data"
            case .truncatedCompression: "a compressed message ends inside a deflate block"
            case .noInflateMemory: "there is no memory to inflate a compressed message"
            }
        }
    }
}
