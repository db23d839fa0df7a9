/// Notes when each subscription of a log was in which phase.
///
/// A value whose memory is bounded: once there are too many changes, those that lie closest together are drawn together.
public struct Timeline: Sendable {
    /// The most stretches of time that are kept.
    static let limit = 500_000
    private static let finest: Int64 = 1_000_000

    private let query: LogQuery
    private let limit: Int
    private var history: LogHistory
    private var rows: [TimelineRow] = []
    private var count = 0
    private var resolution = Timeline.finest
    private var start: Int64?

    /// Notes what `query` asks for, by subscription and by time.
    public init(_ query: LogQuery) {
        self.init(query, limit: Self.limit)
    }

    init(_ query: LogQuery, limit: Int) {
        self.query = query
        self.limit = limit
        history = LogHistory(query)
    }

    /// Takes a line; lines come in the order of their times.
    public mutating func note(_ entry: LogEntry) {
        _ = history.note(entry)
        guard let time = history.bounds?.last else { return }
        if query.isCovered(time), start == nil { start = query.since ?? time }
        takeSpans()
    }

    /// What there is to draw at the time `now`.
    consuming func chart(now: Int64) -> TimelineChart? {
        guard let known = history.knownUntil(now: now), let bounds = history.bounds else { return nil }
        let end = min(known, query.until ?? .max)
        history.end(at: max(end, bounds.last))
        takeSpans()
        let from = start ?? query.since ?? bounds.first
        let to = query.until ?? end
        guard from < to else { return nil }
        let named = zip(history.names, rows).map { TimelineChart.Row(name: $0, row: $1) }
        return TimelineChart(from: from, to: to, rows: named.sorted { $0.name < $1.name }, leftOut: history.leftOut)
    }

    private mutating func takeSpans() {
        while rows.count < history.names.count { rows.append(TimelineRow()) }
        for (row, span) in history.spans {
            // What a session says of itself may reach back further than the log.
            let span = span.clipped(from: start ?? query.since ?? .min, to: query.until ?? .max)
            guard let span else { continue }
            let before = rows[row].segments.count
            rows[row].add(span)
            count += rows[row].segments.count - before
        }
        if count > limit { coarsen() }
    }

    /// To half of the limit, so that it is not done for every line. What came since the last time is fine, so first it is
    /// tried without losing more.
    private mutating func coarsen() {
        while true {
            for index in rows.indices { rows[index].coarsen(to: resolution) }
            count = rows.reduce(0) { $0 + $1.segments.count }
            guard count > limit / 2, resolution < .max / 8 else { return }
            resolution *= 4
        }
    }
}

/// The phases of subscriptions over a stretch of time, ready to be drawn.
struct TimelineChart: Sendable {
    /// A subscription.
    struct Row: Sendable {
        var name: String
        var row: TimelineRow

        /// The share of the known time in which a session was open and alive; nil if nothing is known.
        var upShare: Double? {
            var open = Duration.zero
            var known = Duration.zero
            for segment in row.segments where segment.phase != .off {
                if segment.phase == .open { open += .nanoseconds(segment.share) }
                known += .nanoseconds(segment.to - segment.from)
            }
            return known > .zero ? open / known : nil
        }
    }

    var from: Int64
    var to: Int64
    var rows: [Row]
    /// Lines of subscriptions beyond the limit.
    var leftOut: Int
    /// Subscriptions that are not drawn because only the worst were asked for.
    var hidden = 0

    /// Keeps the `count` subscriptions that were up the least.
    mutating func keepWorst(_ count: Int) {
        guard rows.count > count else { return }
        hidden = rows.count - count
        let worst = rows.map { ($0.upShare ?? 2, $0) }.sorted { ($0.0, $0.1.name) < ($1.0, $1.1.name) }.prefix(count)
        rows = worst.map(\.1).sorted { $0.name < $1.name }
    }

    /// A line of JSON for each phase of each subscription.
    ///
    /// - Parameter unit: named in each line if there are several.
    func json(unit: String?) -> [[UInt8]] {
        rows.flatMap { row in
            row.row.segments.map { segment in
                var line = JSONMembers()
                if let unit { line.text("unit", unit) }
                line.text("subscription", row.name)
                line.text("phase", segment.phase.rawValue)
                line.text("from", SpanText.timestamp(segment.from))
                line.text("to", SpanText.timestamp(segment.to))
                if segment.isMixed { line.truth("mixed", true) }
                return line.line()
            }
        }
    }
}
