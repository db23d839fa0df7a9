/// Whose fault it is that a session ended or cannot begin, as far as one side can know: who has to act if it is to
/// change. The raw value is the name in the answers of the control socket.
public enum Blame: String, Sendable, Hashable, CaseIterable {
    /// The server, or what stands for it.
    case peer
    /// Between the two: names, routes, lost or dead connections.
    case network
    /// This process or its machine: a full sink, no descriptor.
    case us
    /// What the configuration says: a name, a path, a credential, a limit.
    case configuration
    /// Somebody asked for it.
    case `operator`

    /// Whose fault it is that a session ended so; for `close_timeout` that the peer did not answer, whatever began it.
    public init(_ end: SessionEnd) {
        switch end.outcome {
        case .peerClosed, .stale, .closeTimeout: self = .peer
        case .peerVanished, .reset, .pingTimeout: self = .network
        // A Close of the peer that says that we broke the protocol, or a frame of the peer that did.
        case .protocolError: self = end.wasClean && end.stage == .open && end.fault == nil ? .us : .peer
        case .tooBig: self = .configuration
        case .sinkBlocked: self = .us
        case .rejected: self.init(status: end.status)
        case .dialFailed, .tlsFailed, .internal: self.init(end.fault, at: end.stage)
        case .rotated, .reloaded, .paused, .shutdown: self = .operator
        }
    }

    /// Whose fault it is that the opening handshake was answered with `status` (RFC 9110 section 15).
    private init(status: Int?) {
        switch status {
        // Too many requests, by the server's count: ours.
        case 429: self = .us
        case .some(300...499): self = .configuration
        default: self = .peer
        }
    }

    /// Whose fault `fault` is. Who accepts a connection and then says nothing is there, and stuck.
    private init(_ fault: DialFault?, at stage: Stage) {
        switch fault {
        case .unknownName, .trust, .reference, .proxyRefused, .proxyCredentials: self = .configuration
        case .refused, .tls, .certificate, .handshake, .credential: self = .peer
        case .name, .network, .proxy: self = .network
        case .timeout: self = stage == .resolving || stage == .connecting ? .network : .peer
        case .resources, nil: self = .us
        }
    }
}
