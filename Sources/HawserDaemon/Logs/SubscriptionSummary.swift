import ConnectionLifecycle

/// What became of one subscription in a stretch of the log.
struct SubscriptionSummary: Sendable {
    /// How often each outcome was, and for the rest that is none of the list.
    typealias Outcomes = [Outcome?: Int]

    /// The name in the configuration.
    let name: String
    /// Sessions that opened.
    var sessions = 0
    /// Sessions that opened after another one of the same process.
    var reconnects = 0
    /// How long the log says where it was.
    var observed = Duration.zero
    /// How long a session was open and alive.
    var open = Duration.zero
    /// How long it waited for one of the connections that there may be.
    var waiting = Duration.zero
    /// From the end of a session, or the first dial that failed, to the next session.
    var outages = DurationDistribution()
    /// The waits before dials, as they were announced.
    var delays = DurationDistribution()
    /// The longest time without a message within a session, in milliseconds; nil if no line says it.
    var longestSilence: Int64?
    /// Whole messages of the sessions that ended, and their bytes.
    var messages: UInt64 = 0
    var bytes: UInt64 = 0
    /// How sessions that were open ended.
    var ends = Outcomes()
    /// The codes of the Close frames that ended them.
    var closeCodes: [Int64: Int] = [:]
    /// How dials failed, by the lines that are there.
    var failedDials = Outcomes()
    /// Dials that failed without a line of their own.
    var unloggedDials = 0
    /// Where it was in the end.
    private(set) var phase = LoggedPhase.unknown

    /// Since when there is no session.
    private var downSince: Int64?
    /// Until when the log says where it was.
    private var knownUntil = Int64.min
    /// Whether this process has had a session.
    private var wasOpen = false
    /// The newest session that is known to have opened.
    private var openSession: Int64?
    /// The newest session's number in this process.
    private var session: Int64?
    private static let codeLimit = 64

    init(name: String, session: Int64?) {
        self.name = name
        self.session = session
    }

    /// Sessions that ended for another reason than the end of the process.
    var endsOfConcern: Int { ends.reduce(0) { $0 + ($1.key == .shutdown ? 0 : $1.value) } }

    /// Dials that failed, also those without a line.
    var failedDialCount: Int { failedDials.values.reduce(unloggedDials, +) }

    /// Of the time in which the log says where it was, the share with a live session; nil if there is no such time.
    var upShare: Double? { observed > .zero ? open / observed : nil }

    // MARK: Lines

    /// Takes one of its lines.
    ///
    /// - Parameters:
    ///   - isCounted: false before the time that is asked for: then it only prepares for what comes.
    ///   - start: when that time begins.
    mutating func note(_ entry: LogEntry, isCounted: Bool, start: Int64) {
        let event = entry.kind
        switch event {
        case .subscriptionOpened:
            follow(entry, isCounted: isCounted)
            opened(entry, isCounted: isCounted)
        case .subscriptionClosed:
            follow(entry, isCounted: isCounted)
            // From the level warning on there is no line of its opening.
            let uptime = (entry.amount(.uptimeMilliseconds) ?? 0) * 1_000_000
            let isNews = entry.session != openSession && entry.wallNanoseconds - uptime >= start
            if isNews { opened(entry, isCounted: isCounted) }
            wasOpen = true
        case .dialFailed: follow(entry, isCounted: isCounted)
        case .subscriptionStopped where isCounted: unloggedDials += entry.count(.suppressed)
        default: break
        }
        guard isCounted else { return }
        let outcome = entry.text(.outcome).flatMap(Outcome.init(rawValue:))
        switch event {
        case .subscriptionClosed: closed(entry, outcome)
        case .dialFailed: if outcome != .shutdown { failedDials[outcome, default: 0] += 1 }
        default: return
        }
        if let delay = entry.amount(.delayMilliseconds) { delays.add(delay) }
    }

    private mutating func opened(_ entry: LogEntry, isCounted: Bool) {
        if isCounted {
            sessions += 1
            reconnects += wasOpen ? 1 : 0
        }
        wasOpen = true
        openSession = entry.session
    }

    /// Session numbers have no holes: one that is missing is a dial that failed and was left out.
    private mutating func follow(_ entry: LogEntry, isCounted: Bool) {
        guard let number = entry.session, number > session ?? 0 else { return }
        if let session, isCounted { unloggedDials += Int(min(number - session - 1, LogEntry.largestAmount)) }
        session = number
    }

    private mutating func closed(_ entry: LogEntry, _ outcome: Outcome?) {
        ends[outcome, default: 0] += 1
        if let code = entry.integer(.closeCode), closeCodes[code] != nil || closeCodes.count < Self.codeLimit {
            closeCodes[code, default: 0] += 1
        }
        messages.add(entry.integer(.receivedMessages))
        bytes.add(entry.integer(.receivedBytes))
        guard let silence = entry.amount(.longestSilenceMilliseconds) else { return }
        longestSilence = max(longestSilence ?? 0, silence)
    }

    // MARK: Phases

    /// Takes a stretch of time, already cut to what is asked for; in order.
    mutating func add(_ span: PhaseSpan) {
        let length = Duration.nanoseconds(span.length)
        if span.phase != .off { observed += length }
        (phase, knownUntil) = (span.phase, span.to)
        switch span.phase {
        case .open:
            open += length
            endOutage(at: span.from)
        case .stale, .backingOff:
            downSince = downSince ?? span.from
        case .dialing, .waiting:
            if span.phase == .waiting { waiting += length }
            // The first dial of a process is no outage.
            if wasOpen { downSince = downSince ?? span.from }
        case .off, .unknown:
            processEnded(at: span.from)
        }
    }

    /// The process that held it is over.
    mutating func processEnded(at time: Int64) {
        endOutage(at: time)
        wasOpen = false
        openSession = nil
        session = nil
    }

    /// A process begins, whose sessions are counted from 1.
    mutating func processStarted() {
        session = 0
    }

    /// The time that is asked for is over: an outage that lasts counts as long as it has lasted.
    ///
    /// - Parameter last: where it was then; nil if that is to be taken from the last stretch of time.
    mutating func end(at time: Int64, phase last: LoggedPhase?) {
        endOutage(at: time)
        phase = last ?? (knownUntil < time ? .unknown : phase)
    }

    private mutating func endOutage(at time: Int64) {
        guard let since = downSince else { return }
        outages.add((time - since) / 1_000_000)
        downSince = nil
    }
}

extension LogEntry {
    /// A field that says how many lines or records: zero if there is none.
    func count(_ field: LogField) -> Int {
        Int(amount(field) ?? 0)
    }
}

extension UInt64 {
    /// Adds what a line says, which may be anything; saturates.
    mutating func add(_ number: Int64?) {
        guard let number, number > 0 else { return }
        let (sum, overflow) = addingReportingOverflow(UInt64(number))
        self = overflow ? .max : sum
    }
}
