import Logging

/// What the lines of a log say of the process, its sinks, and the log itself.
struct LogTotals: Sendable {
    /// What became of one sink.
    struct SinkTotals: Sendable {
        /// How often it was full, also when that was left out of the log.
        var blocked = 0
        /// How long, by the lines that are there.
        var paused = Duration.zero
        /// Lines that say that it could not do its work.
        var failures = 0
        /// Records that it could not write before the end.
        var lostRecords = 0
    }

    /// What became of one request.
    struct RequestTotals: Sendable {
        /// Calls that failed, also when that was left out of the log.
        var failures = 0
        /// Why, by the lines that are there.
        var causes: [String: Int] = [:]
        /// How often it worked again.
        var recoveries = 0
    }

    /// More sinks, requests or causes of one than these are not told apart.
    private static let nameLimit = 1_000

    /// Processes that began, and that said that they stopped.
    var starts = 0
    var stops = 0
    /// Processes of which the log has no end: killed, or their last lines are not here.
    var cutShort = 0
    /// How long no process ran, as far as the log says.
    var notRunning = Duration.zero
    /// The newest process's name for itself.
    var run: String?
    /// The newest line of a start or stop.
    private(set) var lastDaemonEvent: EventName?
    /// How many subscriptions the newest start had.
    var configured: Int?

    var lines = 0
    var levels: [Logger.Level: Int] = [:]
    /// Lines that were left out on purpose, by event.
    var suppressed: [String: Int] = [:]
    /// Dials that failed in an outage and are in no count of a subscription: of those that have had no line since.
    var untoldDials: Int { abandonedDials + reportedDials }
    /// Of this process, and of those before it.
    private var reportedDials = 0
    private var abandonedDials = 0
    /// Lines of all kinds that were dropped because nobody read the log.
    var dropped = 0
    var sinks: [String: SinkTotals] = [:]
    var requests: [String: RequestTotals] = [:]
    private var stoppedAt: Int64?
    private let since: Int64

    /// Totals from the time `since` on.
    init(since: Int64) {
        self.since = since
    }

    /// Takes a line of the log.
    mutating func note(_ entry: LogEntry, at time: Int64, isCounted: Bool, wasRunning: Bool) {
        let event = entry.kind
        switch event {
        case .daemonStarting:
            if isCounted { started(at: time, wasRunning: wasRunning) }
            run = entry.text(.run)
            configured = entry.integer(.subscriptions).map { Int(clamping: $0) }
            lastDaemonEvent = event
            stoppedAt = nil
        case .daemonStopped:
            if isCounted { stops += 1 }
            lastDaemonEvent = event
            stoppedAt = time
        default: break
        }
        guard isCounted else { return }
        lines += 1
        levels[entry.level, default: 0] += 1
        count(entry, event)
        if let sink = entry.text(.sink) { note(sink, entry, event) }
        if let request = entry.text(.request) { note(request: request, entry, event) }
    }

    private mutating func started(at time: Int64, wasRunning: Bool) {
        starts += 1
        abandonedDials += reportedDials
        reportedDials = 0
        if wasRunning { cutShort += 1 }
        if let stoppedAt { notRunning += .nanoseconds(time - max(stoppedAt, since)) }
    }

    private mutating func count(_ entry: LogEntry, _ event: EventName?) {
        let count = entry.count(.suppressed)
        guard count > 0 else { return }
        switch event {
        case .logDropped: dropped += count
        case .dialsFailing: reportedDials += count
        case .subscriptionOpened, .subscriptionStopped, .dialFailed:
            // The same dials that were reported for all subscriptions together, told apart.
            suppressed[EventName.dialFailed.rawValue, default: 0] += count
            reportedDials -= min(count, reportedDials)
        case .requestRecovered: suppressed[EventName.requestFailed.rawValue, default: 0] += count
        case .some(let event): suppressed[event.rawValue, default: 0] += count
        case .none: suppressed["other", default: 0] += count
        }
    }

    private mutating func note(request: String, _ entry: LogEntry, _ event: EventName?) {
        var totals = requests[request] ?? RequestTotals()
        switch event {
        case .requestFailed:
            totals.failures += 1 + entry.count(.suppressed)
            let cause = entry.text(.cause) ?? "other"
            if totals.causes[cause] != nil || totals.causes.count < Self.nameLimit {
                totals.causes[cause, default: 0] += 1
            }
        case .requestRecovered:
            totals.failures += entry.count(.suppressed)
            totals.recoveries += 1
        default: return
        }
        if requests[request] != nil || requests.count < Self.nameLimit { requests[request] = totals }
    }

    private mutating func note(_ sink: String, _ entry: LogEntry, _ event: EventName?) {
        guard sinks[sink] != nil || sinks.count < Self.nameLimit else { return }
        switch event {
        case .sinkBlocked: sinks[sink, default: SinkTotals()].blocked += 1 + entry.count(.suppressed)
        case .sinkResumed, .sinkRecovered:
            sinks[sink, default: SinkTotals()].paused += .milliseconds(entry.amount(.pausedMilliseconds) ?? 0)
        case .sinkDiskFull, .sinkFailed: sinks[sink, default: SinkTotals()].failures += 1
        case .sinkLost: sinks[sink, default: SinkTotals()].lostRecords += entry.count(.records)
        default: break
        }
    }
}
