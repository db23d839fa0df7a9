import ConnectionLifecycle
import Transport

/// Says in plain words why a session ended.
enum EndDescription {
    /// `failure`, if something failed with a text of its own, else what the outcome means.
    ///
    /// - Parameter stageLasted: how long the last stage of the dial took, for a deadline that passed in it.
    static func text(
        for end: SessionEnd,
        failure: String?,
        plan: SessionPlan,
        stageLasted: Duration
    ) -> String {
        switch end.outcome {
        case .peerClosed: return closeText("the server closed the session", end)
        case .protocolError where end.wasClean:
            return closeText("the server says that the protocol was broken", end)
        case .pingTimeout: return pongText(plan.keepAlive)
        case .sinkBlocked: return "reading was paused for longer than pause_max: a sink takes nothing"
        case .stale: return "no message in time"
        case .shutdown: return "shutting down"
        case .reloaded: return "the configuration changed"
        case .rotated: return "replaced by a newer session, as asked for"
        case .paused: return "paused by an operator"
        case .closeTimeout: return "the server did not answer our Close within \(plan.timeouts.close.shortText)"
        case .dialFailed, .tlsFailed:
            let timeout = timeoutText(end.stage, plan.timeouts, stageLasted: stageLasted)
            return end.fault == .timeout ? timeout : failure ?? "the dial failed"
        case .protocolError, .tooBig, .peerVanished, .reset, .rejected, .internal:
            return failure ?? end.outcome.rawValue
        }
    }

    /// Why a transport ended in `state`.
    static func text(for end: SocketEnd, in state: SessionMachine.State) -> String {
        guard case .eof = end else { return end.description }
        return state == .upgrading
            ? "the server closed the connection without an answer to the opening handshake"
            : "the connection ended without a Close frame"
    }

    private static func pongText(_ policy: KeepAlive.Policy) -> String {
        guard case .ping(_, let timeout) = policy else { return "no pong in time" }
        return "no pong within \(timeout.shortText)"
    }

    private static func closeText(_ what: String, _ end: SessionEnd) -> String {
        let code = end.closeCode.map { $0 == 1005 ? " without a code" : " with \($0)" } ?? ""
        return end.closeReason.isEmpty ? what + code : what + code + ": " + end.closeReason
    }

    private static func timeoutText(_ stage: Stage, _ timeouts: SessionTimeouts, stageLasted: Duration) -> String {
        let (what, limit) =
            switch stage {
            case .resolving: ("no answer from name resolution", timeouts.dns)
            case .connecting: ("no connection", timeouts.tcp)
            case .proxying: ("no tunnel from the proxy", timeouts.proxy)
            case .securing: ("no end of the TLS handshake", timeouts.tls)
            case .upgrading, .open, .closing: ("no answer to the opening handshake", timeouts.upgrade)
            }
        guard stageLasted < limit else { return "\(what) within \(limit.shortText)" }
        return "the dial took longer than \(timeouts.dial.shortText): \(what) in what was left of it"
    }
}

extension DialFault {
    /// What policy needs to know of `failure`.
    init(_ failure: DialFailure) {
        switch failure {
        case .nameResolution(let error): self = error.kind == .notFound ? .unknownName : .name
        case .connect(let attempts): self = attempts.allSatisfy(\.isRefused) ? .refused : .network
        case .proxy(_, let failure):
            self = failure.isAboutCredentials ? .proxyCredentials : failure.isTransient ? .proxy : .proxyRefused
        case .tls(let failure): self.init(failure.kind)
        case .resources: self = .resources
        }
    }
}

extension DialFault {
    /// What policy needs to know of a failure of TLS.
    init(_ kind: TLSFailure.Kind) {
        switch kind {
        case .expired, .notYetValid, .nameMismatch, .certificate: self = .certificate
        case .selfSigned, .unknownIssuer, .clientCertificateRequired, .clientCertificateRejected: self = .trust
        case .protocolVersion, .notTLS, .closed, .handshake, .resources: self = .tls
        }
    }
}

extension TransportEnd {
    /// What policy needs to know of `end`.
    init(_ end: SocketEnd) {
        switch end {
        case .eof: self = .eof
        case .reset: self = .reset
        case .tls: self = .tls
        case .failed: self = .failed
        case .aborted: self = .aborted
        }
    }
}

extension Duration {
    /// `250ms`, `3s`, `1.5s`: short, for a person.
    public var shortText: String {
        let milliseconds = self.milliseconds
        if milliseconds < 1_000 { return "\(milliseconds)ms" }
        if milliseconds % 1_000 == 0 { return "\(milliseconds / 1_000)s" }
        return "\(Double(milliseconds / 100) / 10)s"
    }
}
