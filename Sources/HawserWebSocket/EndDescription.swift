import ConnectionLifecycle
import Glibc
import Transport

/// Says in plain words why a session ended.
enum EndDescription {
    /// `failure`, if something failed with a text of its own, else what the outcome means.
    static func text(for end: SessionEnd, failure: String?, timeouts: SessionTimeouts) -> String {
        switch end.outcome {
        case .peerClosed: closeText("the server closed the session", end)
        case .protocolError where end.wasClean: closeText("the server says that the protocol was broken", end)
        case .pingTimeout: "no pong in time"
        case .sinkBlocked: "reading was paused for longer than pause_max: a sink takes nothing"
        case .stale: "no message in time"
        case .shutdown: "shutting down"
        case .reloaded: "the configuration changed"
        case .rotated: "replaced by a newer session"
        case .closeTimeout: "the server did not answer our Close within \(timeouts.close.shortText)"
        case .dialFailed, .tlsFailed:
            end.fault == .timeout ? timeoutText(end.stage, timeouts) : failure ?? "the dial failed"
        case .peerVanished: failure ?? "the connection ended without a Close frame"
        case .protocolError, .tooBig, .reset, .rejected, .internal: failure ?? end.outcome.rawValue
        }
    }

    /// Why a transport ended.
    static func text(for end: SocketEnd) -> String {
        switch end {
        case .eof: "the connection ended without a Close frame"
        case .reset(let code), .failed(let code): String(cString: strerror(code))
        case .tls(let failure): failure.message
        case .aborted: "aborted"
        }
    }

    private static func closeText(_ what: String, _ end: SessionEnd) -> String {
        let code = end.closeCode.map { $0 == 1005 ? " without a code" : " with \($0)" } ?? ""
        return end.closeReason.isEmpty ? what + code : what + code + ": " + end.closeReason
    }

    private static func timeoutText(_ stage: Stage, _ timeouts: SessionTimeouts) -> String {
        switch stage {
        case .resolving: "no answer from name resolution within \(timeouts.dns.shortText)"
        case .connecting: "no connection within \(timeouts.tcp.shortText)"
        case .securing: "the TLS handshake took longer than \(timeouts.tls.shortText)"
        case .upgrading, .open, .closing: "no answer to the opening handshake within \(timeouts.upgrade.shortText)"
        }
    }
}

extension DialFault {
    /// What policy needs to know of `failure`.
    init(_ failure: DialFailure) {
        switch failure {
        case .nameResolution: self = .name
        case .connect: self = .network
        case .tls(let failure): self = failure.isCertificate ? .certificate : .tls
        case .resources: self = .resources
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
    /// `250ms`, `3s`, `1.5s`: as the configuration writes it.
    public var shortText: String {
        let milliseconds = self.milliseconds
        if milliseconds < 1_000 { return "\(milliseconds)ms" }
        if milliseconds % 1_000 == 0 { return "\(milliseconds / 1_000)s" }
        return "\(Double(milliseconds / 100) / 10)s"
    }
}
