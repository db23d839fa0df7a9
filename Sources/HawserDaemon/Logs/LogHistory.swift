/// Follows every subscription of a log through its lines, and the daemon itself.
///
/// A value that grows with the number of subscriptions, up to a limit, and not with the number of lines.
struct LogHistory: Sendable {
    /// More subscriptions than this are not told apart.
    static let limit = 10_000

    /// The names, in the order of their first lines.
    private(set) var names: [String] = []
    /// Lines of subscriptions beyond the limit.
    private(set) var leftOut = 0
    /// The times of the first and the last line.
    private(set) var bounds: (first: Int64, last: Int64)?
    /// What is over since it was last taken, with the index of whose it is.
    private(set) var spans: [(row: Int, span: PhaseSpan)] = []
    /// Whether a daemon that started in this log has not said that it stopped.
    private(set) var isRunning = false
    /// Whether the last that the log says of the daemon is that it stopped.
    private var hasStopped = false

    private let query: LogQuery
    private var rows: [String: Int] = [:]
    private var tracks: [SubscriptionTrack] = []
    private var buffer: [PhaseSpan] = []
    /// Whether there was a line of a level at which openings are told.
    private var tellsOpenings = false
    /// When the newest process started; what it holds cannot be older.
    private var started = Int64.min

    /// Follows the subscriptions that `query` asks for.
    init(_ query: LogQuery) {
        self.query = query
    }

    /// Takes a line. Lines come in the order of their times; should a clock have been set back, time stands still.
    ///
    /// - Returns: the index of the subscription that the line is about, if it is about one.
    mutating func note(_ entry: LogEntry) -> Int? {
        let last = bounds?.last ?? entry.wallNanoseconds
        let time = max(last, entry.wallNanoseconds)
        bounds = (bounds?.first ?? time, time)
        spans.removeAll(keepingCapacity: true)
        if entry.level <= .info, !tellsOpenings {
            tellsOpenings = true
            for index in tracks.indices { tracks[index].tellsOpenings = true }
        }
        switch entry.kind {
        case .daemonStarting:
            // Without a word of its end the process may have lived until the next one began; its last line is known.
            for index in tracks.indices {
                collect(index) { $0.processEnded(at: last, inOrder: false, spans: &$1) }
                collect(index) { $0.processStarted(at: time, spans: &$1) }
            }
            started = time
            isRunning = true
            hasStopped = false
        case .daemonStopped:
            for index in tracks.indices { collect(index) { $0.processEnded(at: time, inOrder: true, spans: &$1) } }
            isRunning = false
            hasStopped = true
        case .dialsFailing:
            for index in tracks.indices { tracks[index].outageGoesOn(at: time) }
        default:
            break
        }
        guard let row = row(of: entry.text(.subscription)) else { return nil }
        collect(row) { $0.note(entry, at: time, spans: &$1) }
        return row
    }

    /// Ends every phase at `time`, which is not before the last line.
    mutating func end(at time: Int64) {
        spans.removeAll(keepingCapacity: true)
        for index in tracks.indices { collect(index) { $0.end(at: time, spans: &$1) } }
    }

    /// Where a subscription is after the last line.
    func phase(of row: Int) -> LoggedPhase {
        tracks[row].phase
    }

    /// Until when the phases of the last line hold: a daemon writes a line every five minutes, so that what it said last
    /// is true until `now` unless that is longer ago.
    func knownUntil(now: Int64) -> Int64? {
        guard let last = bounds?.last else { return nil }
        if hasStopped { return last }
        let age = now.subtractingReportingOverflow(last)
        return !age.overflow && age.partialValue > 0 && age.partialValue < Self.freshness ? now : last
    }

    private static let freshness: Int64 = 600_000_000_000

    private mutating func row(of name: String?) -> Int? {
        guard let name, query.accepts(subscription: name) else { return nil }
        if let row = rows[name] { return row }
        guard names.count < Self.limit else {
            leftOut += 1
            return nil
        }
        rows[name] = names.count
        names.append(name)
        var track = SubscriptionTrack(start: started)
        track.tellsOpenings = tellsOpenings
        tracks.append(track)
        return names.count - 1
    }

    private mutating func collect(_ row: Int, _ body: (inout SubscriptionTrack, inout [PhaseSpan]) -> Void) {
        buffer.removeAll(keepingCapacity: true)
        body(&tracks[row], &buffer)
        for span in buffer { spans.append((row, span)) }
    }
}
