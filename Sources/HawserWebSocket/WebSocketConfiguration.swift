import ConnectionLifecycle
import Transport
import WebSocketProtocol

/// How to dial one WebSocket server, and the limits of a session with it.
public struct WebSocketConfiguration: Sendable {
    /// Header fields of the opening handshake beside those that RFC 6455 sets.
    public var fields: [(name: String, value: String)] = []
    /// The subprotocols to offer, in order of preference.
    public var subprotocols: [String] = []
    /// The deadline of each stage. A session that nobody receives from may wait for ever: `pauseMax` is nil.
    public var timeouts = SessionTimeouts(pauseMax: nil)
    /// When to ping, and how long to wait for the pong.
    public var keepAlive = KeepAlive.Policy.standard
    /// The largest message, and the most fragments it may come in.
    public var limits = MessageLimits()
    /// Certificates, verification and versions for `wss`.
    public var tls = TLSOptions()
    /// The most bytes of outgoing frames that wait for the peer to read; `send` waits for room beyond.
    public var sendQueue = 1 << 20

    /// The defaults: verified TLS 1.2 or later, a ping every 20 s, messages of at most 4 MiB.
    public init() {}
}
