import ConnectionLifecycle
import Logging

/// Counts what the lines of a log say, for each subscription, for each sink, and in all.
///
/// Lines before the time that is asked for are taken too: they say in which state it begins. A value that grows with the
/// number of subscriptions and sinks, up to their limits, and not with the number of lines.
public struct LogSummary: Sendable {
    private let query: LogQuery
    private var history: LogHistory
    private var rows: [SubscriptionSummary] = []
    private var totals: LogTotals
    private var start: Int64?

    /// Counts what `query` asks for, by subscription and by time.
    public init(_ query: LogQuery) {
        self.query = query
        history = LogHistory(query)
        totals = LogTotals(since: query.since ?? .min)
    }

    /// Takes a line; lines come in the order of their times.
    public mutating func note(_ entry: LogEntry) {
        let before = history.bounds?.last
        let wasRunning = history.isRunning || before != nil && totals.lastDaemonEvent != .daemonStopped
        let row = history.note(entry)
        guard let time = history.bounds?.last else { return }
        let isCounted = query.isCovered(time)
        if isCounted, start == nil { start = query.since ?? time }
        addRows()
        takeSpans()
        if entry.kind == .daemonStarting {
            for index in rows.indices {
                rows[index].processEnded(at: min(before ?? time, query.until ?? .max))
                rows[index].processStarted()
            }
        }
        if let row { rows[row].note(entry, isCounted: isCounted, start: start ?? .max) }
        totals.note(entry, at: time, isCounted: isCounted, wasRunning: wasRunning)
    }

    /// What came of it, at the time `now`.
    consuming func report(now: Int64) -> LogReport {
        guard let known = history.knownUntil(now: now), let bounds = history.bounds else {
            return LogReport(from: query.since, to: query.until, rows: [], totals: totals, leftOut: 0)
        }
        let end = min(known, query.until ?? .max)
        history.end(at: max(end, bounds.last))
        takeSpans()
        // Behind the end there may be lines: then the last stretch of time before it says where it was.
        for index in rows.indices {
            rows[index].end(at: end, phase: end >= bounds.last ? history.phase(of: index) : nil)
        }
        return LogReport(
            from: start ?? query.since ?? bounds.first,
            to: query.until ?? end,
            rows: rows,
            totals: totals,
            leftOut: history.leftOut,
            untoldDials: query.subscriptions.isEmpty ? totals.untoldDials : 0
        )
    }

    private mutating func addRows() {
        while rows.count < history.names.count {
            let name = history.names[rows.count]
            rows.append(SubscriptionSummary(name: name, session: history.isRunning ? 0 : nil))
        }
    }

    private mutating func takeSpans() {
        for (row, span) in history.spans {
            // What a session says of itself may reach back further than the log.
            let span = span.clipped(from: start ?? query.since ?? .min, to: query.until ?? .max)
            guard let span else { continue }
            rows[row].add(span)
        }
    }
}
