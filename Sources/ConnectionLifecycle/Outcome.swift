/// How a session ended: every session has exactly one. The raw value is the name in records, logs and metrics.
public enum Outcome: String, Sendable, Hashable, CaseIterable {
    /// The peer began the closing handshake.
    case peerClosed = "peer_closed"
    /// The connection ended without a Close frame.
    case peerVanished = "peer_vanished"
    /// The connection was reset, or failed below WebSocket while it was open.
    case reset
    /// No pong, and no other bytes, within the ping timeout.
    case pingTimeout = "ping_timeout"
    /// The peer broke RFC 6455, or said that we did (1002, 1003, 1007, 1010).
    case protocolError = "protocol_error"
    /// A message over the configured size or number of fragments.
    case tooBig = "too_big"
    /// No application message within the configured time.
    case stale
    /// Reading was paused for longer than `pause_max` because a sink was full.
    case sinkBlocked = "sink_blocked"
    /// No connection: name resolution, connect, or a deadline before the opening handshake was answered.
    case dialFailed = "dial_failed"
    /// The opening handshake was answered with a status other than 101.
    case rejected
    /// The TLS handshake failed or the peer's certificate was not accepted.
    case tlsFailed = "tls_failed"
    /// Replaced by a newer session of the same subscription, as on request.
    case rotated
    /// Ended because the configuration changed.
    case reloaded
    /// Ended by an operator who wants no session for now.
    case paused
    /// Ended because the process, or the caller's scope, ends.
    case shutdown
    /// The peer did not answer our Close in time; the session ended without its answer.
    case closeTimeout = "close_timeout"
    /// A defect or an exhausted resource on our side.
    case `internal`

    /// Whether somebody asked for the end, and nothing was wrong with the session.
    public var isRequested: Bool {
        switch self {
        case .rotated, .reloaded, .paused, .shutdown: true
        case .peerClosed, .peerVanished, .reset, .pingTimeout, .protocolError, .tooBig, .stale, .sinkBlocked,
            .dialFailed, .rejected, .tlsFailed, .closeTimeout, .internal:
            false
        }
    }
}

/// Why a subscription's output has a hole. The raw value is the name in gap records.
public enum GapCause: String, Sendable, Hashable, CaseIterable {
    case peer, network, watchdog, sink, `operator`, reload, restart, shutdown

    /// Whose fault an ended session is: what began the end, not what happened on the way.
    public init(_ end: SessionEnd) {
        self.init(end.cause)
    }

    /// Whose fault a session with this outcome is. Prefer the whole `SessionEnd`: it knows the cause.
    public init(_ outcome: Outcome) {
        switch outcome {
        case .peerClosed, .protocolError, .tooBig, .rejected, .closeTimeout: self = .peer
        case .peerVanished, .reset, .dialFailed, .tlsFailed: self = .network
        case .pingTimeout, .stale: self = .watchdog
        case .sinkBlocked: self = .sink
        case .rotated, .paused: self = .operator
        case .reloaded: self = .reload
        case .shutdown: self = .shutdown
        case .internal: self = .restart
        }
    }
}
