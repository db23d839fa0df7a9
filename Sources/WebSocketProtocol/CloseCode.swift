/// A status code of the closing handshake (RFC 6455 section 7.4, and the IANA registry that it founded).
public struct CloseCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number on the wire.
    public let rawValue: UInt16

    /// Any number, also one that must not be on the wire: see `mayBeSent` and `mayBeReceived`.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// 1000: the purpose of the connection has been fulfilled.
    public static let normal = CloseCode(rawValue: 1000)
    /// 1001: the endpoint goes away, such as a server going down.
    public static let goingAway = CloseCode(rawValue: 1001)
    /// 1002: the other side broke the protocol.
    public static let protocolError = CloseCode(rawValue: 1002)
    /// 1003: a kind of data that this endpoint cannot accept.
    public static let unsupportedData = CloseCode(rawValue: 1003)
    /// 1005: the Close frame had no code. Never on the wire.
    public static let noStatus = CloseCode(rawValue: 1005)
    /// 1006: the connection ended without a Close frame. Never on the wire.
    public static let abnormal = CloseCode(rawValue: 1006)
    /// 1007: data inconsistent with its kind, such as text that is not UTF-8.
    public static let invalidPayload = CloseCode(rawValue: 1007)
    /// 1008: the other side broke a policy.
    public static let policyViolation = CloseCode(rawValue: 1008)
    /// 1009: a message too big to process.
    public static let messageTooBig = CloseCode(rawValue: 1009)
    /// 1010: the server did not negotiate an extension that the client needs.
    public static let mandatoryExtension = CloseCode(rawValue: 1010)
    /// 1011: the server met a condition that it did not expect.
    public static let internalError = CloseCode(rawValue: 1011)
    /// 1012: the service restarts; clients should come back after a while.
    public static let serviceRestart = CloseCode(rawValue: 1012)
    /// 1013: the server is overloaded; clients should come back later or elsewhere.
    public static let tryAgainLater = CloseCode(rawValue: 1013)
    /// 1014: a gateway got an invalid answer from the server behind it.
    public static let badGateway = CloseCode(rawValue: 1014)

    /// Whether the code may stand in a Close frame: 1000-1003, 1007-1014 (registered) and 3000-4999 (registered with
    /// IANA, or private).
    public var mayBeSent: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    /// Whether a Close frame from the peer may carry the code; any other is a protocol violation.
    public var mayBeReceived: Bool {
        mayBeSent
    }

    /// The registered meaning; nil for codes without one.
    public var meaning: String? {
        switch rawValue {
        case 1000: "normal closure"
        case 1001: "going away"
        case 1002: "protocol error"
        case 1003: "unsupported data"
        case 1005: "no status received"
        case 1006: "abnormal closure"
        case 1007: "invalid payload"
        case 1008: "policy violation"
        case 1009: "message too big"
        case 1010: "mandatory extension"
        case 1011: "internal error"
        case 1012: "service restart"
        case 1013: "try again later"
        case 1014: "bad gateway"
        case 1015: "TLS handshake failed"
        default: nil
        }
    }

    /// The number, with its meaning if it has one: `1001 (going away)`.
    public var description: String {
        meaning.map { "\(rawValue) (\($0))" } ?? "\(rawValue)"
    }
}
