/// The part of a session's life in which it ended, and the state of a connection before it is open.
public enum Stage: String, Sendable, Hashable, CaseIterable {
    /// Looking up the host's addresses.
    case resolving
    /// Waiting for TCP, or a Unix socket, to connect.
    case connecting
    /// Asking the proxy for a tunnel.
    case proxying = "proxy"
    /// In the TLS handshake.
    case securing
    /// In the opening handshake (RFC 6455 section 4).
    case upgrading
    /// Messages flow.
    case open
    /// In the closing handshake (RFC 6455 section 7).
    case closing
}

/// Why a dial failed, as far as policy cares. The text for a person travels beside it.
public enum DialFault: Sendable, Hashable {
    /// The look-up failed.
    case name
    /// The name does not exist, or has no address.
    case unknownName
    /// Unreachable, reset, or ended early.
    case network
    /// The host answers, and nothing listens there.
    case refused
    /// The stage's deadline, or the dial's, passed.
    case timeout
    /// The proxy could not give a tunnel: it answered 5xx, could not reach the target, or ended early.
    case proxy
    /// The proxy will not give a tunnel: it answered another status, or what is no answer.
    case proxyRefused
    /// The proxy wants other credentials than it was given.
    case proxyCredentials
    /// The TLS handshake failed for another reason than the certificate.
    case tls
    /// The peer's certificate is not good: over, or for another name.
    case certificate
    /// Nobody that is trusted here vouches for the peer, or it does not trust the certificate that it was shown.
    case trust
    /// The answer to the opening handshake broke HTTP/1.1 or RFC 6455 section 4.
    case handshake
    /// A credential that the dial needs was not to be had: it was not tried.
    case credential
    /// No descriptor, port or memory on this side.
    case resources
    /// What the dial needs could not be read.
    case reference

    /// Whether a certificate is what failed: repeating the dial soon will not help.
    public var isCertificate: Bool {
        self == .certificate || self == .trust
    }
}

/// Everything policy needs to know of a session that ended.
public struct SessionEnd: Sendable, Hashable {
    /// The one outcome.
    public var outcome: Outcome
    /// What began the end. It differs from the outcome only for `close_timeout`: there it says why we closed.
    public var cause: Outcome
    /// Where the session was when its end was decided; `closing` only if the outcome is `close_timeout`.
    public var stage: Stage
    /// For an end before `open`: why.
    public var fault: DialFault?
    /// The code of the Close frame that decided the end: the peer's (1005 if it had none), or ours after a violation.
    public var closeCode: UInt16?
    /// The reason in that Close frame; at most 123 bytes.
    public var closeReason: String
    /// For `rejected`: the HTTP status code.
    public var status: Int?
    /// The answer's Retry-After, at most 15 minutes.
    public var retryAfter: Duration?
    /// How long the session was open, the closing handshake not included; zero if it never was.
    public var uptime: Duration
    /// Whether a whole message had been received; the runner says it, which counts them.
    public var delivered: Bool
    /// Whether both sides sent a Close frame (RFC 6455 section 7.1.4, "closed cleanly").
    public var wasClean: Bool

    /// An end; the parts that do not apply stay empty, and the cause is the outcome unless given.
    public init(
        outcome: Outcome,
        cause: Outcome? = nil,
        stage: Stage,
        fault: DialFault? = nil,
        closeCode: UInt16? = nil,
        closeReason: String = "",
        status: Int? = nil,
        retryAfter: Duration? = nil,
        uptime: Duration = .zero,
        delivered: Bool = false,
        wasClean: Bool = false
    ) {
        self.outcome = outcome
        self.cause = cause ?? outcome
        self.stage = stage
        self.fault = fault
        self.closeCode = closeCode
        self.closeReason = closeReason
        self.status = status
        self.retryAfter = retryAfter
        self.uptime = uptime
        self.delivered = delivered
        self.wasClean = wasClean
    }
}
