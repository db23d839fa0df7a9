/// The one place that says what is retryable, and how.
///
/// A subscription never gives up: the worst that a peer can get is the slow lane.
public struct DispositionTable: Sendable, Hashable {
    /// The default for every end.
    public static let standard = DispositionTable()

    /// What differs from the default.
    public private(set) var rules: [Key: Rule] = [:]

    /// The standard table.
    public init() {}

    /// The rule for `key`; nil: the default.
    public subscript(key: Key) -> Rule? {
        get { rules[key] }
        set { rules[key] = newValue }
    }

    /// What follows from this end.
    public func disposition(of end: SessionEnd) -> Disposition {
        for key in Key.keys(of: end) {
            if let rule = rules[key] { return disposition(by: rule, end) }
        }
        return standardDisposition(of: end)
    }

    private func disposition(by rule: Rule, _ end: SessionEnd) -> Disposition {
        switch rule {
        case .retry: .retry
        case .slow: .slow
        case .refresh: .refreshCredentials
        case .retryAfter: Self.retryAfter(end.retryAfter)
        case .after(let delay): .after(delay)
        }
    }

    private func standardDisposition(of end: SessionEnd) -> Disposition {
        switch end.outcome {
        case .rejected:
            Self.disposition(ofStatus: end.status, retryAfter: end.retryAfter)
        case .tlsFailed, .dialFailed:
            Self.disposition(of: end.fault)
        case .peerClosed:
            end.closeCode.map(Self.disposition(ofCloseCode:)) ?? .retry
        case .protocolError, .tooBig:
            // Either side broke RFC 6455, or cannot take what the other sends; in the opening handshake too.
            .slow
        case .peerVanished, .reset, .pingTimeout, .stale, .sinkBlocked, .rotated, .reloaded, .paused, .shutdown,
            .closeTimeout, .internal:
            .retry
        }
    }

    /// The dial failed in this way.
    private static func disposition(of fault: DialFault?) -> Disposition {
        switch fault {
        case .certificate, .trust, .proxyRefused: .slow
        case .proxyCredentials: .refreshCredentials
        case .name, .unknownName, .network, .refused, .timeout, .proxy, .tls, .handshake, .credential, .resources,
            .reference, nil:
            .retry
        }
    }

    /// The answer to the opening handshake was `status` (RFC 9110 section 15), not 101.
    private static func disposition(ofStatus status: Int?, retryAfter: Duration?) -> Disposition {
        switch status {
        case 429, 503: Self.retryAfter(retryAfter)
        case 401, 403, 407: .refreshCredentials
        case .some(500...599): .retry
        default: .slow
        }
    }

    /// The peer closed with `code` (RFC 6455 section 7.4).
    private static func disposition(ofCloseCode code: UInt16) -> Disposition {
        switch code {
        case 1002, 1003, 1007...1010: .slow
        default: .retry
        }
    }

    private static func retryAfter(_ asked: Duration?) -> Disposition {
        .retryAfter(min(max(asked ?? Disposition.defaultRetryAfter, .zero), Disposition.longestRetryAfter))
    }
}

extension DispositionTable {
    /// What a rule is about.
    public enum Key: Sendable, Hashable {
        /// A Close frame with this code, from either side; 1005: one without a code.
        case closeCode(UInt16)
        /// An answer to the opening handshake with this status.
        case status(Int)
        /// A failure that has no number.
        case failure(Failure)

        /// The keys that an end falls under, the most exact one first.
        static func keys(of end: SessionEnd) -> [Key] {
            switch end.outcome {
            case .rejected:
                return end.status.map { [.status($0)] } ?? []
            case .peerClosed, .protocolError, .tooBig, .peerVanished, .reset, .pingTimeout, .dialFailed, .tlsFailed:
                let code: [Key] = end.closeCode.map { [.closeCode($0)] } ?? []
                return code + (Failure(end).map { [.failure($0)] } ?? [])
            case .stale, .sinkBlocked, .rotated, .reloaded, .paused, .shutdown, .closeTimeout, .internal:
                return []
            }
        }
    }

    /// A failure that has no number. The raw value is its name in the configuration.
    public enum Failure: String, Sendable, Hashable, CaseIterable {
        /// The name has no address, or the look-up failed.
        case dns
        /// Refused, unreachable, reset, or ended before it was open.
        case network
        /// The proxy cannot be reached, or does not let us through.
        case proxy
        /// A deadline of the dial passed.
        case timeout
        /// The TLS handshake failed for another reason than a certificate.
        case tls
        /// The peer's certificate was not accepted, or ours.
        case certificate
        /// The answer to the opening handshake broke HTTP/1.1 or RFC 6455.
        case handshake
        /// A credential that the dial needs was not to be had.
        case credential
        /// An open connection ended without a Close frame.
        case vanished = "peer_vanished"
        /// An open connection was reset.
        case reset
        /// No pong in time.
        case pingTimeout = "ping_timeout"
        /// The peer broke RFC 6455.
        case protocolError = "protocol_error"
        /// A message over a limit.
        case tooBig = "too_big"

        /// The failure that `end` is; nil if it has a number, or is not the peer's.
        init?(_ end: SessionEnd) {
            if let fault = end.fault {
                self.init(fault)
                return
            }
            switch end.outcome {
            case .peerVanished: self = .vanished
            case .reset: self = .reset
            case .pingTimeout: self = .pingTimeout
            case .protocolError: self = .protocolError
            case .tooBig: self = .tooBig
            case .dialFailed, .tlsFailed, .peerClosed, .rejected, .stale, .sinkBlocked, .rotated, .reloaded, .paused,
                .shutdown, .closeTimeout, .internal:
                return nil
            }
        }

        private init?(_ fault: DialFault) {
            switch fault {
            case .name, .unknownName: self = .dns
            case .network, .refused: self = .network
            case .proxy, .proxyRefused, .proxyCredentials: self = .proxy
            case .timeout: self = .timeout
            case .tls: self = .tls
            case .certificate, .trust: self = .certificate
            case .handshake: self = .handshake
            case .credential: self = .credential
            case .resources, .reference: return nil
            }
        }
    }

    /// What is to follow.
    public enum Rule: Sendable, Hashable {
        /// Dial again after the backoff.
        case retry
        /// Dial again after five minutes.
        case slow
        /// Refresh the credentials once, then dial again every minute.
        case refresh
        /// Dial again after the answer's Retry-After, or 30 s, and let the others of the host wait too.
        case retryAfter
        /// Dial again after this long, or after the backoff if that is longer.
        case after(Duration)
    }
}
