import ConnectionLifecycle
import MonotonicTime

/// Follows one subscription through its lines and says in which phase it was when.
///
/// A value. Times never go back: the owner sees to that.
struct SubscriptionTrack: Sendable {
    /// Whether the log has lines of sessions that open. Without them nobody knows what a dial came to.
    var tellsOpenings = false
    /// Where it is now.
    private(set) var phase = LoggedPhase.unknown
    /// Since when.
    private var since: Int64
    /// When the backoff is over, by the line that began it.
    private var due = Int64.max
    /// Until when dials may fail without lines of their own.
    private var outageEnd = Int64.min
    private var session: Int64?

    /// A subscription of which no line has been seen.
    ///
    /// - Parameter start: before this nothing can have been, as far as is known.
    init(start: Int64) {
        since = start
    }

    /// Takes one of its lines, written at `time`, and adds to `spans` what is over.
    mutating func note(_ entry: LogEntry, at time: Int64, spans: inout [PhaseSpan]) {
        let isNext = isNext(entry.session)
        switch entry.kind {
        case .subscriptionWaiting, .dialWaiting:
            leave(at: time, isNext: true, spans: &spans)
            phase = .waiting
        case .subscriptionDialing:
            leave(at: time, isNext: isNext, spans: &spans)
            phase = .dialing
        case .subscriptionOpened:
            dialed(entry, at: time, isNext: isNext, spans: &spans)
            phase = .open
        case .subscriptionClosed:
            closed(entry, at: time, spans: &spans)
            backOff(entry, at: time)
        case .dialFailed:
            dialed(entry, at: time, isNext: isNext, spans: &spans)
            backOff(entry, at: time)
        case .subscriptionStopped:
            end(at: time, spans: &spans)
            phase = .off
        default:
            // A pause, a warning: it says nothing about where the session is.
            return
        }
        session = entry.session ?? session
    }

    /// Adds to `spans` what was up to `time`; the phase goes on.
    mutating func end(at time: Int64, spans: inout [PhaseSpan]) {
        leave(at: time, isNext: true, spans: &spans)
    }

    /// The process ended: in order, or without a word after `time`.
    mutating func processEnded(at time: Int64, inOrder: Bool, spans: inout [PhaseSpan]) {
        guard phase != .off else { return }
        end(at: time, spans: &spans)
        phase = inOrder ? .off : .unknown
        session = nil
    }

    /// A new process begins: until its first line nothing is known of it.
    mutating func processStarted(at time: Int64, spans: inout [PhaseSpan]) {
        end(at: time, spans: &spans)
        phase = .unknown
        outageEnd = .min
        session = nil
    }

    /// Dials fail without lines of their own: had its next dial opened a session there would be a line, and were they no
    /// longer failing there would be one soon.
    mutating func outageGoesOn(at time: Int64) {
        outageEnd = time + OutageLimiter.quiet.saturatedNanoseconds
        if phase == .backingOff { due = max(due, outageEnd) }
    }

    // MARK: Transitions

    private func isNext(_ number: Int64?) -> Bool {
        guard let session, let number else { return true }
        return number == session || number - 1 == session
    }

    private mutating func backOff(_ entry: LogEntry, at time: Int64) {
        guard let delay = entry.amount(.delayMilliseconds) else {
            // Ended on purpose: if the process ends, or somebody paused it, nothing follows, else a dial at once.
            phase = ["shutdown", "paused"].contains(entry.text(.outcome)) ? .off : .dialing
            return
        }
        phase = .backingOff
        due = time + delay * 1_000_000
        if entry.kind == .dialFailed { due = max(due, outageEnd) }
    }

    /// A dial is over. Only at the level debug there is a line of its beginning, but how long it took is said.
    private mutating func dialed(_ entry: LogEntry, at time: Int64, isNext: Bool, spans: inout [PhaseSpan]) {
        let stages: [LogField] = [
            .dnsMilliseconds, .tcpMilliseconds, .proxyMilliseconds, .tlsMilliseconds, .upgradeMilliseconds,
        ]
        let took = min(stages.reduce(0) { $0 + (entry.amount($1) ?? 0) }, LogEntry.largestAmount)
        let began = max(since, time - took * 1_000_000)
        if phase == .waiting || phase == .unknown && took > 0 {
            leave(at: began, isNext: true, spans: &spans)
            phase = .dialing
        }
        leave(at: time, isNext: isNext, spans: &spans)
    }

    /// A session is over: since when it was open is known from its first line, or from how long it says that it was.
    private mutating func closed(_ entry: LogEntry, at time: Int64, spans: inout [PhaseSpan]) {
        if phase != .open {
            let opened = time - (entry.amount(.uptimeMilliseconds) ?? 0) * 1_000_000
            // Its first line may be missing here; what was known before holds until then.
            if phase == .unknown { since = max(since, opened) } else { leave(at: opened, isNext: true, spans: &spans) }
            phase = .open
        }
        if let silence = entry.amount(.silenceMilliseconds), ["stale", "ping_timeout"].contains(entry.text(.outcome)) {
            leave(at: time - silence * 1_000_000, isNext: true, spans: &spans)
            phase = .stale
        }
        leave(at: time, isNext: true, spans: &spans)
    }

    /// Adds the phase that is over at `time`.
    ///
    /// - Parameter isNext: whether nothing happened in between that the log left out.
    private mutating func leave(at time: Int64, isNext: Bool, spans: inout [PhaseSpan]) {
        let time = max(time, since)
        if phase == .backingOff, isNext, due < time {
            add(until: max(due, since), to: &spans)
            phase = tellsOpenings ? .dialing : .unknown
        }
        add(until: time, to: &spans)
    }

    private mutating func add(until time: Int64, to spans: inout [PhaseSpan]) {
        if phase != .unknown, time > since { spans.append(PhaseSpan(phase: phase, from: since, to: time)) }
        since = time
    }
}
