/// How long each part of a session may take. Every state of a session has a deadline made of these.
///
/// A duration of zero or less is a deadline that has passed already: the loader of a configuration refuses it, the
/// machines do not mind it.
public struct SessionTimeouts: Sendable, Hashable {
    /// Looking up the host's addresses.
    public var dns: Duration
    /// Connecting, over all addresses together.
    public var tcp: Duration
    /// From the connection to the proxy to the tunnel.
    public var proxy: Duration
    /// The TLS handshake.
    public var tls: Duration
    /// From the opening handshake's request to the end of its answer.
    public var upgrade: Duration
    /// All of the above together.
    public var dial: Duration
    /// From our Close frame, or from the answer to the peer's, to the end of the connection; then it is aborted.
    public var close: Duration
    /// From the decision to end a session to its end, whatever the transport does. Bounds `close` too.
    public var hardClose: Duration
    /// How long reading may be paused before the session is closed with `sink_blocked`; nil: for ever.
    public var pauseMax: Duration?

    /// The defaults of the configuration, where not said otherwise.
    public init(
        dns: Duration = .seconds(3),
        tcp: Duration = .seconds(3),
        proxy: Duration = .seconds(4),
        tls: Duration = .seconds(4),
        upgrade: Duration = .seconds(5),
        dial: Duration = .seconds(10),
        close: Duration = .seconds(2),
        hardClose: Duration = .seconds(3),
        pauseMax: Duration? = .seconds(60)
    ) {
        self.dns = dns
        self.tcp = tcp
        self.proxy = proxy
        self.tls = tls
        self.upgrade = upgrade
        self.dial = dial
        self.close = close
        self.hardClose = hardClose
        self.pauseMax = pauseMax
    }

    /// The limit of a stage before `open`.
    func limit(of stage: Stage) -> Duration {
        switch stage {
        case .resolving: dns
        case .connecting: tcp
        case .proxying: proxy
        case .securing: tls
        case .upgrading: upgrade
        // Asked for the stages before `open` only.
        case .open, .closing: .zero
        }
    }
}
