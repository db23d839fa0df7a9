import WebSocketProtocol

/// A whole message, copied out of the connection.
public enum WebSocketMessage: Sendable, Hashable {
    /// Valid UTF-8.
    case text(String)
    /// Any bytes.
    case binary([UInt8])

    init(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
        switch kind {
        case .text: self = .text(String(decoding: payload, as: UTF8.self))
        case .binary: self = .binary(Array(payload))
        }
    }

    /// Copies what a synchronous handler was lent, so that it can be kept.
    public init(_ kind: MessageKind, copying payload: RawSpan) {
        self = payload.withUnsafeBytes { WebSocketMessage(kind, $0) }
    }

    /// Whether it is text or binary.
    public var kind: MessageKind {
        switch self {
        case .text: .text
        case .binary: .binary
        }
    }

    /// Payload bytes.
    public var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .binary(let bytes): bytes.count
        }
    }

    /// Lends the payload.
    func withPayload<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch self {
        case .text(var text): try text.withUTF8 { try body(UnsafeRawBufferPointer($0)) }
        case .binary(let bytes): try bytes.withUnsafeBytes(body)
        }
    }
}
