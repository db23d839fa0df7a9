import ConnectionLifecycle
import HawserWebSocket
import Logging
import MonotonicTime

/// Says in the log what happens to one subscription: one line for each change, and in a long outage only now and then.
///
/// Confined to its subscription.
struct SubscriptionJournal {
    private struct Ended {
        var number: Int
        var report: SessionReport
    }

    private let logger: EventLogger
    private var limiter = RepeatLimiter()
    private var ended: Ended?
    private var pausedSince: Instant?
    private var saidWaiting = false
    private var redaction = Redaction()

    init(plan: SubscriptionPlan, logger: EventLogger) {
        var fields: [LogField: any LogValue] = [.subscription: plan.name]
        // Whoever reads any line of such a connection must see that anybody could have written its data.
        if plan.isUnverified { fields[.tlsVerify] = false }
        self.logger = logger.with(fields)
    }

    /// Said once until the next session opens: in an outage of many every redial may wait.
    mutating func waiting(position: Int) {
        guard !saidWaiting else { return }
        saidWaiting = true
        logger.log(
            .info,
            .subscriptionWaiting,
            "waiting for a connection: the limit is reached",
            [.position: position]
        )
    }

    /// - Parameter redaction: for what the server of this session will say.
    mutating func dialing(_ number: Int, redaction: Redaction) {
        self.redaction = redaction
        logger.log(.debug, .subscriptionDialing, "dialing", [.session: number])
    }

    mutating func opened(_ number: Int, _ opening: Opening) {
        let suppressed = limiter.reset()
        saidWaiting = false
        var fields: [LogField: (any LogValue)?] = [
            .session: number, .address: opening.address, .subprotocol: opening.subprotocol,
            .tlsVersion: opening.tls, .suppressed: suppressed > 0 ? suppressed : nil,
        ]
        fields.merge(Self.fields(of: opening.timings)) { $1 }
        logger.log(.info, .subscriptionOpened, "open", fields)
    }

    /// At debug: the line of the sink tells a person, and one for each feed would be a flood.
    mutating func paused(by sinks: [String], now: Instant) {
        guard pausedSince == nil else { return }
        pausedSince = now
        let names = sinks.joined(separator: ",")
        logger.log(.debug, .subscriptionPaused, "reading is paused: a sink is full", [.sink: names])
    }

    mutating func resumed(now: Instant) {
        guard let since = pausedSince else { return }
        pausedSince = nil
        let lasted = Int(since.duration(to: now).milliseconds)
        logger.log(.debug, .subscriptionResumed, "reading goes on", [.pausedMilliseconds: lasted])
    }

    /// Remembers the end; the line follows once it is known what comes next.
    mutating func ended(_ number: Int, _ report: SessionReport) {
        pausedSince = nil
        ended = Ended(number: number, report: report)
    }

    /// Writes the line of the session that ended, now that `actions` say what comes next.
    mutating func follow(_ actions: [SubscriptionAction], now: Instant) {
        guard let ended else { return }
        self.ended = nil
        let retry = actions.lazy.compactMap { action in
            if case .retryScheduled(let retry) = action { retry } else { nil }
        }.first
        var fields: [LogField: (any LogValue)?] = [
            .attempt: retry?.attempt, .delayMilliseconds: retry.map { Int($0.delay.milliseconds) },
        ]
        if ended.report.wasOpen {
            limiter.reset()
            return closed(ended, fields)
        }
        let (isLogged, suppressed) = limiter.shouldLog(now, next: retry?.delay ?? .zero)
        guard isLogged || retry == nil else { return }
        if suppressed > 0 { fields[.suppressed] = suppressed }
        failed(ended, fields)
    }

    func stopped(_ statistics: SubscriptionStatistics) {
        logger.log(
            .info,
            .subscriptionStopped,
            "stopped",
            [
                .sessions: statistics.sessions, .reconnects: statistics.reconnects,
                .receivedMessages: Int(clamping: statistics.messages), .receivedBytes: Int(clamping: statistics.bytes),
                .longestGapMilliseconds: Int(statistics.longestGap.milliseconds),
                .outcome: statistics.outcome?.rawValue,
            ]
        )
    }

    private func closed(_ ended: Ended, _ more: [LogField: (any LogValue)?]) {
        let report = ended.report
        var fields: [LogField: (any LogValue)?] = [
            .session: ended.number, .outcome: report.end.outcome.rawValue,
            .closeCode: report.end.closeCode.map(Int.init),
            .closeReason: report.end.closeReason.isEmpty ? nil : redaction.applied(to: report.end.closeReason),
            .uptimeMilliseconds: Int(report.end.uptime.milliseconds),
            .receivedMessages: Int(clamping: report.messages), .receivedBytes: Int(clamping: report.bytes),
            .pingRoundTripMicroseconds: report.pingRoundTrip.map { Int($0.saturatedNanoseconds / 1_000) },
        ]
        fields.merge(more) { $1 }
        let detail = redaction.applied(to: report.detail)
        logger.log(Self.level(of: report.end.outcome), .subscriptionClosed, detail, fields)
    }

    private func failed(_ ended: Ended, _ more: [LogField: (any LogValue)?]) {
        let report = ended.report
        let content = redaction.applied(to: String(decoding: report.rejectionContent, as: UTF8.self))
        var fields: [LogField: (any LogValue)?] = [
            .session: ended.number, .outcome: report.end.outcome.rawValue, .stage: report.end.stage.rawValue,
            .address: report.address, .status: report.end.status, .content: content.isEmpty ? nil : content,
        ]
        fields.merge(Self.fields(of: report.timings)) { $1 }
        fields.merge(more) { $1 }
        let detail = redaction.applied(to: report.detail)
        logger.log(Self.level(of: report.end.outcome), .dialFailed, detail, fields)
    }

    private static func level(of outcome: Outcome) -> Logger.Level {
        switch outcome {
        case .shutdown, .reloaded, .rotated: .info
        case .protocolError, .tooBig, .tlsFailed, .internal: .error
        case .peerClosed, .peerVanished, .reset, .pingTimeout, .stale, .sinkBlocked, .dialFailed, .rejected,
            .closeTimeout:
            .warning
        }
    }

    private static func fields(of timings: DialTimings) -> [LogField: (any LogValue)?] {
        [
            .dnsMilliseconds: timings.resolving.map { Int($0.milliseconds) },
            .tcpMilliseconds: timings.connecting.map { Int($0.milliseconds) },
            .tlsMilliseconds: timings.securing.map { Int($0.milliseconds) },
            .upgradeMilliseconds: timings.upgrading.map { Int($0.milliseconds) },
        ]
    }
}
