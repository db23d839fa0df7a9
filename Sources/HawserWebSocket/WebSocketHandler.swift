import ConnectionLifecycle
import MonotonicTime
import WebSocketProtocol

// Re-exported, so that whoever imports this module can name what its interface is made of.
@_exported import enum ConnectionLifecycle.DialFault
@_exported import enum ConnectionLifecycle.Outcome
@_exported import enum ConnectionLifecycle.Stage
@_exported import struct ConnectionLifecycle.SessionEnd
@_exported import enum WebSocketProtocol.MessageKind
@_exported import struct WebSocketProtocol.CloseCode
@_exported import struct WebSocketProtocol.DeflateAgreement

/// Takes what happens on one `WebSocketConnection`, synchronously, on its loop's thread.
///
/// `opened` comes at most once, then messages, then `ended` exactly once and nothing after it. A dial that fails brings
/// `ended` alone.
public protocol WebSocketHandler: AnyObject {
    /// The opening handshake succeeded.
    func webSocketOpened(_ opening: Opening)
    /// A whole message. `payload` is valid during the call only; text is valid UTF-8.
    func webSocketReceived(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer)
    /// There is room again: the queue of outgoing frames is empty.
    func webSocketDrained()
    /// The session is over and its descriptor is given back.
    func webSocketEnded(_ report: SessionReport)
}

/// What the opening handshake agreed on.
public struct Opening: Sendable {
    /// The subprotocol the server chose, if any.
    public var subprotocol: String?
    /// The parameters of permessage-deflate (RFC 7692), if the server took our offer; nil: nothing is compressed.
    public var compression: DeflateAgreement?
    /// The address that answered.
    public var address: String
    /// The TLS version and cipher suite; nil for `ws`.
    public var tls: String?
    /// How long each stage took.
    public var timings: DialTimings
}

/// How long each stage of a dial took; nil for a stage that was not reached or not needed.
///
/// In whole microseconds, up to half an hour.
public struct DialTimings: Sendable, Hashable {
    // Each session keeps them to its end: microseconds, negative for nil.
    private var resolvingTime: Int32 = -1
    private var connectingTime: Int32 = -1
    private var proxyingTime: Int32 = -1
    private var securingTime: Int32 = -1
    private var upgradingTime: Int32 = -1

    /// Looking up the name.
    public var resolving: Duration? {
        get { Self.duration(resolvingTime) }
        set { resolvingTime = Self.time(newValue) }
    }
    /// Connecting.
    public var connecting: Duration? {
        get { Self.duration(connectingTime) }
        set { connectingTime = Self.time(newValue) }
    }
    /// Asking the proxy for a tunnel.
    public var proxying: Duration? {
        get { Self.duration(proxyingTime) }
        set { proxyingTime = Self.time(newValue) }
    }
    /// The TLS handshake.
    public var securing: Duration? {
        get { Self.duration(securingTime) }
        set { securingTime = Self.time(newValue) }
    }
    /// The opening handshake.
    public var upgrading: Duration? {
        get { Self.duration(upgradingTime) }
        set { upgradingTime = Self.time(newValue) }
    }

    /// No stage was reached.
    public init() {}

    private static func duration(_ time: Int32) -> Duration? {
        time < 0 ? nil : .microseconds(time)
    }

    private static func time(_ duration: Duration?) -> Int32 {
        duration.map { Int32(clamping: max(0, $0.saturatedNanoseconds / 1_000)) } ?? -1
    }
}

/// Everything known about a session that ended.
public struct SessionReport: Sendable {
    /// What policy decides by.
    public var end: SessionEnd
    /// What went wrong, for a person: what was tried, with what, which limit or rule it met.
    public var detail: String
    /// The address that was connected, if one was.
    public var address: String?
    /// How long each stage took.
    public var timings: DialTimings
    /// For a rejected opening handshake: the first KiB of content.
    public var rejectionContent: [UInt8]
    /// Whole messages received.
    public var messages: UInt64
    /// Payload bytes received.
    public var bytes: UInt64
    /// Whole messages that arrived in the closing handshake of a paused session, and were dropped.
    public var discarded: UInt64
    /// The last ping's round trip.
    public var pingRoundTrip: Duration?

    /// A session that ended before anything came of it.
    public init(end: SessionEnd, detail: String) {
        self.init(
            end: end,
            detail: detail,
            address: nil,
            timings: DialTimings(),
            rejectionContent: [],
            messages: 0,
            bytes: 0,
            discarded: 0,
            pingRoundTrip: nil
        )
    }

    init(
        end: SessionEnd,
        detail: String,
        address: String?,
        timings: DialTimings,
        rejectionContent: [UInt8],
        messages: UInt64,
        bytes: UInt64,
        discarded: UInt64,
        pingRoundTrip: Duration?
    ) {
        self.end = end
        self.detail = detail
        self.address = address
        self.timings = timings
        self.rejectionContent = rejectionContent
        self.messages = messages
        self.bytes = bytes
        self.discarded = discarded
        self.pingRoundTrip = pingRoundTrip
    }
}
