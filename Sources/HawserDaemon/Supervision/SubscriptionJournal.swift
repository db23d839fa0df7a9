import ConnectionLifecycle
import HawserWebSocket
import Logging
import MonotonicTime

/// Says in the log what happens to one subscription: one line for each change, and in a long outage only now and then.
///
/// Confined to its subscription.
struct SubscriptionJournal {
    /// An object, because it is large and seldom there.
    private final class Ended {
        let number: Int
        let report: SessionReport
        let silence: Silence?

        init(number: Int, report: SessionReport, silence: Silence?) {
            self.number = number
            self.report = report
            self.silence = silence
        }
    }

    /// What the lines are about; the newest once nothing of an older one is left.
    var plan: SubscriptionPlan
    private let shared: EventLogger
    private let outage: OutageJournal
    private var limiter = RepeatLimiter()
    private var ended: Ended?
    private var pausedSince: Instant?
    private var saidWaiting = false
    private var saidGate = false
    private var gateWait = Duration.zero
    private var redaction = Redaction()

    /// - Parameter outage: what all subscriptions of the process share.
    init(plan: SubscriptionPlan, logger: EventLogger, outage: OutageJournal) {
        self.plan = plan
        shared = logger
        self.outage = outage
    }

    /// Made for each line: lines are rare, and one kept for each subscription would hold its fields for good.
    private var logger: EventLogger {
        var fields: [LogField: any LogValue] = [.subscription: plan.name]
        // Whoever reads any line of such a connection must see that anybody could have written its data.
        if plan.isUnverified { fields[.tlsVerify] = false }
        return shared.with(fields)
    }

    /// Said once until the next session opens: in an outage of many every redial may wait.
    mutating func waiting(position: Int, now: Instant) {
        guard !saidWaiting, !outage.isLimiting(now) else { return }
        saidWaiting = true
        logger.log(
            .info,
            .subscriptionWaiting,
            "waiting for a connection: the limit is reached",
            [.position: position]
        )
    }

    /// At info if it takes a second or longer, and then once until the next session opens; not in a long outage.
    mutating func waitingToDial(_ wait: DialWait, now: Instant) {
        let isLong = (wait.delay ?? .zero) >= .seconds(1) && !outage.isLimiting(now)
        logger.log(
            isLong && !saidGate ? .info : .debug,
            .dialWaiting,
            "waiting to dial: \(wait.reason.text)",
            [
                .cause: wait.reason.name, .position: wait.position,
                .delayMilliseconds: wait.delay.map { Int(clamping: $0.milliseconds) },
            ]
        )
        saidGate = saidGate || isLong
    }

    /// `text` without the secrets of the newest dial.
    func redacted(_ text: String) -> String {
        redaction.applied(to: text)
    }

    mutating func released(after wait: Duration) {
        gateWait = wait
    }

    func hostRecovered(delay: Duration) {
        let text = "the host answers again: the backoff is cut short"
        logger.log(.debug, .hostRecovered, text, [.delayMilliseconds: Int(clamping: delay.milliseconds)])
    }

    func credentialRefused(_ request: String) {
        let text = "the server refused the credential: it is renewed before the next dial"
        logger.log(.info, .credentialRefused, text, [.request: request])
    }

    func keepFailed(_ number: Int, _ failure: CredentialFailure, suppressed: Int) {
        logger.log(
            .warning,
            .keepFailed,
            "the call that keeps the credential good failed: \(failure.problem)",
            [.session: number, .request: failure.request, .suppressed: suppressed > 0 ? suppressed : nil]
        )
    }

    /// - Parameter redaction: for what the server of this session will say.
    mutating func dialing(_ number: Int, redaction: Redaction) {
        self.redaction = redaction
        let waited = Int(clamping: gateWait.milliseconds)
        logger.log(.debug, .subscriptionDialing, "dialing", [.session: number, .gateMilliseconds: waited])
    }

    mutating func opened(_ number: Int, _ opening: Opening) {
        let suppressed = limiter.reset()
        saidWaiting = false
        saidGate = false
        var fields: [LogField: (any LogValue)?] = [
            .session: number, .address: opening.address, .subprotocol: opening.subprotocol.map(redaction.applied),
            .compression: opening.compression?.description,
            .gateMilliseconds: Int(clamping: gateWait.milliseconds),
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
    mutating func ended(_ number: Int, _ report: SessionReport, _ silence: Silence?) {
        pausedSince = nil
        ended = Ended(number: number, report: report, silence: silence)
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
        // The last line of a subscription is always written, and takes with it what was left out before.
        let suppressed: Int
        if let retry {
            guard let before = suppressedBefore(ended.report.end.outcome, retry.delay, now) else { return }
            suppressed = before
        } else {
            suppressed = limiter.reset()
        }
        if suppressed > 0 { fields[.suppressed] = suppressed }
        failed(ended, fields)
    }

    /// How many failed dials were left out before this one; nil if this one is left out as well.
    private mutating func suppressedBefore(_ outcome: Outcome, _ delay: Duration, _ now: Instant) -> Int? {
        var asked = limiter
        let (isDue, suppressed) = asked.shouldLog(now, next: delay)
        let isLogged = outage.dialFailed(plan.name, host: plan.site.host, outcome, isDue: isDue, now: now)
        if isDue, !isLogged { limiter.suppress() } else { limiter = asked }
        return isLogged ? suppressed : nil
    }

    mutating func stopped(_ statistics: SubscriptionStatistics) {
        let suppressed = limiter.reset()
        logger.log(
            .info,
            .subscriptionStopped,
            "stopped",
            [
                .sessions: statistics.sessions, .reconnects: statistics.reconnects,
                .receivedMessages: Int(clamping: statistics.messages), .receivedBytes: Int(clamping: statistics.bytes),
                .longestGapMilliseconds: Int(statistics.longestGap.milliseconds),
                .outcome: statistics.outcome?.rawValue, .suppressed: suppressed > 0 ? suppressed : nil,
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
            .silenceMilliseconds: silence(of: ended).map { Int($0.milliseconds) },
            .longestSilenceMilliseconds: ended.silence.map { Int($0.longest.milliseconds) },
            .receivedMessages: Int(clamping: report.messages), .receivedBytes: Int(clamping: report.bytes),
            .pingRoundTripMicroseconds: report.pingRoundTrip.map { Int($0.saturatedNanoseconds / 1_000) },
        ]
        fields.merge(more) { $1 }
        let detail = redaction.applied(to: report.detail)
        logger.log(Self.level(of: report.end.outcome), .subscriptionClosed, detail, fields)
    }

    /// How long nothing had come in the end. Pings are bytes too: while they were answered nobody was silent.
    private func silence(of ended: Ended) -> Duration? {
        guard ended.report.end.outcome == .pingTimeout, case .ping(let every, let timeout) = plan.settings.ping else {
            return ended.silence?.last
        }
        return ended.silence.map { min($0.last, every + timeout) }
    }

    private func failed(_ ended: Ended, _ more: [LogField: (any LogValue)?]) {
        let report = ended.report
        let content = redaction.applied(to: String(decoding: report.rejectionContent, as: UTF8.self))
        var fields: [LogField: (any LogValue)?] = [
            .session: ended.number, .outcome: report.end.outcome.rawValue, .stage: Self.stage(of: report.end),
            .address: report.address, .status: report.end.status, .content: content.isEmpty ? nil : content,
        ]
        fields.merge(Self.fields(of: report.timings)) { $1 }
        fields.merge(more) { $1 }
        let detail = redaction.applied(to: report.detail)
        logger.log(Self.level(of: report.end.outcome), .dialFailed, detail, fields)
    }

    /// A dial that lacks its credential has not come to any stage of a connection.
    private static func stage(of end: SessionEnd) -> String {
        end.fault == .credential ? "credential" : end.stage.rawValue
    }

    private static func level(of outcome: Outcome) -> Logger.Level {
        switch outcome {
        case .shutdown, .reloaded, .rotated, .paused: .info
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
            .proxyMilliseconds: timings.proxying.map { Int($0.milliseconds) },
            .tlsMilliseconds: timings.securing.map { Int($0.milliseconds) },
            .upgradeMilliseconds: timings.upgrading.map { Int($0.milliseconds) },
        ]
    }
}
