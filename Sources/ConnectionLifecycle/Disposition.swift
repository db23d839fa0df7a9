/// What to do after a session has ended.
public enum Disposition: Sendable, Hashable {
    /// Dial again after the backoff.
    case retry
    /// The server says when: dial again after this.
    case retryAfter(Duration)
    /// Nothing will change soon without a person: dial again after five minutes, and show as unhealthy.
    case slow
    /// Our credentials were not accepted: refresh them once, then dial again every minute.
    case refreshCredentials

    /// The delay of `slow`.
    public static let slowDelay = Duration.seconds(300)
    /// The delay of `refreshCredentials`, from the second time on.
    public static let credentialDelay = Duration.seconds(60)
    /// The delay of `retryAfter` if the server names none.
    public static let defaultRetryAfter = Duration.seconds(30)
    /// The longest Retry-After that is honoured.
    public static let longestRetryAfter = Duration.seconds(900)
}

/// The one place that says what is retryable, and how.
///
/// A subscription never gives up: the worst that a peer can get is the slow lane.
public struct DispositionTable: Sendable, Hashable {
    /// The default for every end.
    public static let standard = DispositionTable()

    /// The standard table.
    public init() {}

    /// What follows from this end.
    public func disposition(of end: SessionEnd) -> Disposition {
        switch end.outcome {
        case .rejected:
            disposition(ofStatus: end.status, retryAfter: end.retryAfter)
        case .tlsFailed, .dialFailed:
            end.fault == .certificate ? .slow : .retry
        case .peerClosed:
            end.closeCode.map(disposition(ofCloseCode:)) ?? .retry
        case .protocolError, .tooBig:
            // Either side broke RFC 6455, or cannot take what the other sends; in the opening handshake too.
            .slow
        case .peerVanished, .reset, .pingTimeout, .stale, .sinkBlocked, .rotated, .reloaded, .shutdown, .closeTimeout,
            .internal:
            .retry
        }
    }

    /// The answer to the opening handshake was `status` (RFC 9110 section 15), not 101.
    private func disposition(ofStatus status: Int?, retryAfter: Duration?) -> Disposition {
        switch status {
        case 429, 503:
            let asked = max(retryAfter ?? Disposition.defaultRetryAfter, .zero)
            return .retryAfter(min(asked, Disposition.longestRetryAfter))
        case 401, 403, 407:
            return .refreshCredentials
        case .some(500...599):
            return .retry
        default:
            return .slow
        }
    }

    /// The peer closed with `code` (RFC 6455 section 7.4).
    private func disposition(ofCloseCode code: UInt16) -> Disposition {
        switch code {
        case 1002, 1003, 1007...1010: .slow
        default: .retry
        }
    }
}
