import ConnectionLifecycle
import Transport
import WebSocketProtocol

// Re-exported, so that whoever imports this module can name what its interface is made of.
@_exported import struct ConnectionLifecycle.KeepAlive
@_exported import struct ConnectionLifecycle.SessionTimeouts
@_exported import struct Transport.TLSOptions
@_exported import struct WebSocketProtocol.CompressionPolicy
@_exported import struct WebSocketProtocol.MessageLimits
@_exported import struct WebSocketProtocol.ProxyURL

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
    /// What to offer of permessage-deflate (RFC 7692), and what it may cost; nil: it is not offered.
    public var compression: CompressionPolicy? = CompressionPolicy()
    /// Certificates, verification and versions for `wss`.
    public var tls = TLSOptions()
    /// The proxy to go through; nil: none. It is used or the dial fails: there is never a direct connection in its
    /// place. For `ws` and `wss` only.
    public var proxy: ProxyURL?
    /// The most bytes of outgoing frames that wait for the peer to read; `send` waits for room beyond.
    public var sendQueue = 1 << 20

    /// The most messages that leave in any window of each length, one in fragments counted once; `send` waits its turn
    /// beyond. Empty: as many as there is room for.
    public var sendRates: [Rate] = []
    /// Limits that all connections to one host share; nil: none.
    public var sendGate: SendGate?
    /// Whether the keep-alive's pings count as messages. They leave when they are due, and messages wait for it.
    public var countsPings = false

    /// The defaults: verified TLS 1.2 or later, a ping every 20 s, messages of at most 4 MiB, compression
    /// if the server wants it.
    public init() {}
}
