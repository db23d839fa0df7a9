/// An answer to the opening handshake that HTTP/1.1 or RFC 6455 section 4 does not allow: the connection fails.
public struct HandshakeViolation: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rule that was broken.
    public let rule: Rule
    /// What was seen, shortened and made printable; empty if the rule says it all.
    public let detail: String

    init(_ rule: Rule, _ detail: String = "") {
        self.rule = rule
        self.detail = detail
    }

    /// What was wrong, what was seen, and where the rule stands, in one line for a person.
    public var description: String {
        "\(rule.text)\(detail.isEmpty ? "" : ": \(detail)") (\(rule.section))"
    }

    /// Every rule that the opening handshake's parser enforces.
    public enum Rule: String, Sendable, Hashable, CaseIterable {
        /// The first bytes are not `HTTP/`.
        case notHTTP
        /// HTTP, but not 1.x; or a 101 in HTTP/1.0.
        case unsupportedVersion
        /// No status code of three digits, or an unprintable reason phrase.
        case malformedStatusLine
        /// The head, with the interim answers before it, is over 16 KiB.
        case headTooLong
        /// More than 128 field lines.
        case tooManyFields
        /// A line that ends in LF without CR.
        case bareLineFeed
        /// CR without LF behind it.
        case bareCarriageReturn
        /// A zero or another control character.
        case controlCharacter
        /// A field line that goes on from the one before (obs-fold).
        case foldedLine
        /// A field line without a colon, or whose name is not a token.
        case malformedField
        /// A 101 without `Upgrade: websocket`.
        case upgradeMissing
        /// A 101 that upgrades to something else.
        case upgradeToOther
        /// A 101 whose `Connection` lacks `Upgrade`.
        case connectionWithoutUpgrade
        /// A 101 without `Sec-WebSocket-Accept`.
        case acceptMissing
        /// A 101 with more than one `Sec-WebSocket-Accept`.
        case acceptRepeated
        /// `Sec-WebSocket-Accept` does not fit our key.
        case acceptMismatch
        /// More than one `Sec-WebSocket-Protocol`.
        case subprotocolRepeated
        /// A subprotocol that was not asked for.
        case subprotocolUnrequested
        /// An extension that was not asked for.
        case extensionUnrequested
        /// `Sec-WebSocket-Extensions` that does not follow its grammar.
        case extensionMalformed
        /// permessage-deflate accepted twice.
        case extensionRepeated
        /// A parameter that permessage-deflate does not have.
        case deflateParameterUnknown
        /// A parameter of permessage-deflate given twice.
        case deflateParameterRepeated
        /// A value out of range, over what was offered, missing, or where there must be none.
        case deflateParameterInvalid
        /// `client_max_window_bits` that was not offered.
        case deflateParameterUnrequested
        /// A limit on the server that was offered and not accepted.
        case deflateParameterMissing

        /// The document and section with the rule, or with the right to set the limit.
        public var section: String {
            switch self {
            case .notHTTP, .unsupportedVersion, .malformedStatusLine: "RFC 9112 section 4"
            case .headTooLong, .tooManyFields: "RFC 9110 section 5.4"
            case .bareLineFeed, .bareCarriageReturn: "RFC 9112 section 2.2"
            case .controlCharacter: "RFC 9110 section 5.5"
            case .foldedLine: "RFC 9112 section 5.2"
            case .malformedField: "RFC 9112 section 5"
            case .upgradeMissing, .upgradeToOther, .connectionWithoutUpgrade, .acceptMissing, .acceptMismatch,
                .subprotocolUnrequested, .extensionUnrequested:
                "RFC 6455 section 4.1"
            case .acceptRepeated: "RFC 6455 section 11.3.3"
            case .subprotocolRepeated: "RFC 6455 section 11.3.4"
            case .extensionMalformed: "RFC 6455 section 9.1"
            case .extensionRepeated: "RFC 7692 section 5.1"
            case .deflateParameterUnknown, .deflateParameterRepeated, .deflateParameterInvalid: "RFC 7692 section 7.1"
            case .deflateParameterUnrequested: "RFC 7692 section 7.1.2.2"
            case .deflateParameterMissing: "RFC 7692 sections 7.1.1.1 and 7.1.2.1"
            }
        }

        /// The rule as it was broken, for a person.
        public var text: String {
            switch self {
            case .notHTTP: "the server does not speak HTTP"
            case .unsupportedVersion: "the server's version of HTTP has no WebSocket upgrade"
            case .malformedStatusLine: "the answer's status line is malformed"
            case .headTooLong: "the answer's head is over 16 KiB"
            case .tooManyFields: "the answer has over 128 fields"
            case .bareLineFeed: "a line of the answer ends without CR"
            case .bareCarriageReturn: "the answer has a CR inside a line"
            case .controlCharacter: "the answer's head has a control character"
            case .foldedLine: "a field of the answer is folded"
            case .malformedField: "a field of the answer is malformed"
            case .upgradeMissing: "the 101 has no Upgrade: websocket"
            case .upgradeToOther: "the 101 upgrades to something else than websocket"
            case .connectionWithoutUpgrade: "the 101 has no Connection: Upgrade"
            case .acceptMissing: "the 101 has no Sec-WebSocket-Accept"
            case .acceptRepeated: "the 101 has more than one Sec-WebSocket-Accept"
            case .acceptMismatch: "Sec-WebSocket-Accept does not fit our key"
            case .subprotocolRepeated: "the 101 has more than one Sec-WebSocket-Protocol"
            case .subprotocolUnrequested: "the server chose a subprotocol that was not asked for"
            case .extensionUnrequested: "the server chose an extension that was not asked for"
            case .extensionMalformed: "Sec-WebSocket-Extensions is malformed"
            case .extensionRepeated: "the server accepted permessage-deflate twice"
            case .deflateParameterUnknown: "the server gave permessage-deflate an unknown parameter"
            case .deflateParameterRepeated: "the server gave a parameter of permessage-deflate twice"
            case .deflateParameterInvalid: "the server gave a parameter of permessage-deflate a wrong value"
            case .deflateParameterUnrequested:
                "the server gave permessage-deflate a parameter that was not offered"
            case .deflateParameterMissing:
                "the server accepted permessage-deflate without a limit that was asked of it"
            }
        }
    }
}
