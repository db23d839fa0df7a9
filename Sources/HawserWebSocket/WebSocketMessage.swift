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

    /// Payload bytes.
    public var byteCount: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .binary(let bytes): bytes.count
        }
    }
}
