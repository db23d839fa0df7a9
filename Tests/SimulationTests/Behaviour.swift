import ConnectionLifecycle

/// What the network and the server do to one session.
enum Behaviour: Hashable {
    /// Everything as it should be: data, pongs, answered Close frames.
    case wellBehaved
    case nameFails
    case nameStuck
    case nameSlow(Duration)
    case refused
    case blackholed
    /// A proxy stands before the server, and lets us through.
    case proxied
    /// It takes the connection, and says nothing.
    case proxyStalls
    /// It says no, in this way.
    case proxyRefuses(DialFault)
    case connectSlow(Duration)
    case tlsStalls
    case tlsFails
    case certificateWrong
    case upgradeIgnored
    case upgradeGarbled
    case upgradeCut
    case upgradeSlow(Duration)
    /// Every stage of the dial takes so long.
    case crawls(Duration)
    case rejected(Int, retryAfter: Duration?)
    /// The connection ends without Close, this long after it opened.
    case vanishes(after: Duration)
    case resets(after: Duration)
    /// A Close frame; then the server ends TCP, or leaves that to us.
    case closes(UInt16, after: Duration, endsTransport: Bool)
    case violates(UInt16, after: Duration)
    /// Half-open: nothing comes any more, and nothing is answered.
    case goesSilent(after: Duration)
    /// Answers everything but pings, and sends nothing of its own.
    case ignoresPings
    /// Sends and sends, but no pong.
    case feedsWithoutPongs
    /// Answers everything but Close.
    case ignoresClose
    /// Drops those from whom it hears nothing for so long.
    case dropsIdle(after: Duration)
    /// As `ignoresClose`, and our own transport does not report its end after the abort.
    case abortGetsLost

    /// One of each, with parameters from the generator.
    static func all(using generator: inout SplitMix64) -> [Behaviour] {
        func soon(_ generator: inout SplitMix64, upTo seconds: Double = 40) -> Duration {
            .milliseconds(Int.random(in: 0...Int(seconds * 1000), using: &generator))
        }
        let codes: [UInt16] = [1000, 1001, 1002, 1005, 1008, 1011, 1012, 1013, 4000, 4003]
        let code = codes[Int.random(in: 0..<codes.count, using: &generator)]
        return [
            .wellBehaved, .nameFails, .nameStuck, .nameSlow(soon(&generator, upTo: 3.5)), .refused, .blackholed,
            .proxied, .proxyStalls,
            .proxyRefuses([.proxy, .proxyRefused, .proxyCredentials][Int.random(in: 0..<3, using: &generator)]),
            .connectSlow(soon(&generator, upTo: 3.5)), .tlsStalls, .tlsFails, .certificateWrong, .upgradeIgnored,
            .upgradeGarbled, .upgradeCut, .upgradeSlow(soon(&generator, upTo: 6)),
            .crawls(soon(&generator, upTo: 3)),
            .rejected(503, retryAfter: soon(&generator)), .rejected(429, retryAfter: nil),
            .rejected(401, retryAfter: nil), .rejected(404, retryAfter: nil), .rejected(500, retryAfter: nil),
            .vanishes(after: soon(&generator)), .resets(after: soon(&generator)),
            .closes(code, after: soon(&generator), endsTransport: true),
            .closes(code, after: soon(&generator), endsTransport: false),
            .violates(1002, after: soon(&generator)), .violates(1009, after: soon(&generator)),
            .goesSilent(after: soon(&generator)), .ignoresPings, .feedsWithoutPongs, .ignoresClose,
            .dropsIdle(after: .seconds(5)), .abortGetsLost,
        ]
    }

    /// Weighted to what lives for a while, so that runs are not all dialling.
    static func random(using generator: inout SplitMix64) -> Behaviour {
        let all = all(using: &generator)
        if Int.random(in: 0..<10, using: &generator) < 3 { return .wellBehaved }
        return all[Int.random(in: 0..<all.count, using: &generator)]
    }

    /// A server that has too much to do, and says when to come back, differently each time.
    static func overloaded(using generator: inout SplitMix64) -> Behaviour {
        let status = Bool.random(using: &generator) ? 429 : 503
        let retryAfter = Duration.milliseconds(Int.random(in: 100...20_000, using: &generator))
        return Int.random(in: 0..<3, using: &generator) == 0
            ? .random(using: &generator) : .rejected(status, retryAfter: retryAfter)
    }

    /// Whether the connection is one with a proxy.
    var usesProxy: Bool {
        switch self {
        case .proxied, .proxyStalls, .proxyRefuses: true
        default: false
        }
    }

    /// The outcomes that this may lead to if nobody on this side asks for the end.
    var outcomes: Set<Outcome> {
        switch self {
        case .nameFails, .nameStuck, .refused, .blackholed, .proxyStalls, .proxyRefuses, .tlsStalls, .upgradeIgnored,
            .upgradeCut:
            [.dialFailed]
        case .tlsFails, .certificateWrong: [.tlsFailed]
        case .upgradeGarbled: [.protocolError]
        case .rejected: [.rejected]
        case .nameSlow, .connectSlow, .upgradeSlow, .crawls: [.dialFailed, .sinkBlocked]
        case .vanishes, .dropsIdle: [.peerVanished, .sinkBlocked]
        case .resets: [.reset, .sinkBlocked]
        case .closes(let code, _, _): [code == 1002 ? .protocolError : .peerClosed, .sinkBlocked]
        case .violates(let code, _): [code == 1009 ? .tooBig : .protocolError, .sinkBlocked]
        case .goesSilent, .ignoresPings, .feedsWithoutPongs: [.pingTimeout, .sinkBlocked]
        case .wellBehaved, .proxied, .ignoresClose, .abortGetsLost: [.sinkBlocked]
        }
    }
}
