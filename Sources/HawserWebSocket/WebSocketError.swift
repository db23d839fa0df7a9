import ConnectionLifecycle
import Transport
import WebSocketProtocol

// Re-exported, so that whoever imports this module can name what its interface is made of.
@_exported import enum Transport.EventLoopError
@_exported import enum Transport.TLSContextError
@_exported import struct WebSocketProtocol.WebSocketURLError

/// Why a WebSocket could not be opened or used.
///
/// - `url`: the URL is not one of a WebSocket.
/// - `tls`: the certificates or keys of the configuration cannot be used.
/// - `loop`: the event loop could not be started.
/// - `notOpened`: the dial or the opening handshake failed; the report says where and why.
/// - `ended`: the session is over and did not end with an orderly closing handshake.
/// - `closed`: the session is over, so nothing can be sent.
/// - `busy`: two tasks receive from one session at once.
/// - `pingTooLong`: a ping's payload has that many bytes, and may have 125.
/// - `pingTimeout`: no pong came within that time; the session goes on.
public enum WebSocketError: Error, Sendable, CustomStringConvertible {
    case url(WebSocketURLError)
    case tls(TLSContextError)
    case loop(EventLoopError)
    case notOpened(SessionReport)
    case ended(SessionReport)
    case closed
    case busy
    case pingTooLong(Int)
    case pingTimeout(Duration)

    /// What happened, for a person.
    public var description: String {
        switch self {
        case .url(let error): "\(error)"
        case .tls(let error): "\(error)"
        case .loop(let error): "\(error)"
        case .notOpened(let report): report.detail
        case .ended(let report): report.detail
        case .closed: "the session is over"
        case .busy: "two tasks receive from one session at once"
        case .pingTooLong(let count): "a ping with \(count) bytes of payload; at most 125 (RFC 6455 section 5.5)"
        case .pingTimeout(let limit): "no pong within \(limit.shortText)"
        }
    }
}
