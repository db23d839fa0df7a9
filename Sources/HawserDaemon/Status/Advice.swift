import ConnectionLifecycle

/// What a person can do about an end that will come again by itself.
enum Advice {
    /// In plain words; nil if there is nothing to do here but to wait.
    static func text(for end: SessionEnd) -> String? {
        switch end.outcome {
        case .rejected: rejected(end.status)
        case .dialFailed, .tlsFailed, .internal: end.fault.flatMap { failed($0, at: end.stage) }
        case .protocolError where end.fault == .handshake: "check the URL: is a WebSocket server there?"
        case .protocolError: "tell the server's operators: one of the two sides breaks RFC 6455"
        case .tooBig: "raise limits.message_size or limits.fragments, if such messages are meant to come"
        case .sinkBlocked: "find out why the sink takes nothing: its disk, or whoever reads its output"
        case .pingTimeout: "the server hangs, or the way to it is dead; ping.timeout says how long it may take"
        case .peerClosed: end.closeCode == 1008 ? "check the credentials, and what is subscribed to" : nil
        case .closeTimeout, .stale: "tell the server's operators"
        case .peerVanished, .reset, .rotated, .reloaded, .paused, .shutdown: nil
        }
    }

    private static func rejected(_ status: Int?) -> String? {
        switch status {
        case 401, 403, 407: "check the credentials: headers, or what the URL bears of them"
        case 404, 410: "check the URL's path"
        case 429: "dial and subscribe less often: limits.dials.per_host, or fewer subscriptions of this host"
        case .some(300...399): "the server is elsewhere: check the URL"
        case .some(400...499): "check the URL and the headers"
        default: nil
        }
    }

    private static func failed(_ fault: DialFault, at stage: Stage) -> String? {
        switch fault {
        case .unknownName: "check the host's name in url"
        case .name: "check the name servers of this machine"
        case .network: "check the way to the host: routes and firewalls"
        case .refused: "is the server up? check the port in url"
        case .timeout where stage == .resolving: "check the name servers of this machine"
        case .timeout where stage == .connecting: "check the way to the host: routes and firewalls"
        case .timeout: "the server takes connections and does not answer: tell its operators"
        case .tls: "check scheme and port in url: is TLS spoken there?"
        case .certificate: "tell the server's operators: its certificate has to be replaced"
        case .trust: "set tls.ca to its authority, or tls.cert and tls.key to a certificate that it takes"
        case .handshake: "check the URL: is a WebSocket server there?"
        case .resources: "raise LimitNOFILE=, or lower limits.connections"
        case .proxy: "is the proxy up? check host and port in proxy"
        case .proxyRefused: "ask whoever runs the proxy to let this host and port through, or set proxy: none"
        case .proxyCredentials: "check user and password in proxy"
        case .credential: "see why its request fails: hawser fetch -c FILE --request NAME"
        case .reference: "make readable what is named there"
        }
    }
}
