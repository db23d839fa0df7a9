import ConnectionLifecycle
import Logging

/// A report for a person: a table, why sessions ended, and what the numbers leave open.
struct LogReportText {
    /// How many columns there are; nil if it does not matter.
    let width: Int?

    private static let nameLimit = 24
    private static let shortestName = 8
    /// In less the reasons would be a column of single words.
    private static let narrowestReason = 60

    /// The report's lines, without newlines.
    func lines(_ report: LogReport, _ tally: LineTally) -> [String] {
        guard let from = report.from, let to = report.to, !report.rows.isEmpty || report.totals.lines > 0 else {
            return ["no line of the log is in this stretch of time"] + folded(remarks(report, tally))
        }
        let length = SpanText.length(milliseconds: (max(to, from) - from) / 1_000_000)
        let count = report.rows.count + report.hidden
        let head = "\(SpanText.moment(from)) to \(SpanText.moment(to)) (\(length)), "
        var lines = folded([head + "\(count) \(count == 1 ? "subscription" : "subscriptions")"])
        if !report.rows.isEmpty { lines += [""] + table(report) }
        return lines + [""] + folded(remarks(report, tally))
    }

    // MARK: Table

    private func table(_ report: LogReport) -> [String] {
        var shown = report.rows
        if report.rows.count + report.hidden > 1 { shown.append(report.all) }
        var lines = table(shown, nameLimit: Self.nameLimit)
        let longest = lines.map(\.count).max() ?? 0
        if let width, longest > width {
            lines = table(shown, nameLimit: max(Self.shortestName, Self.nameLimit - (longest - width)))
        }
        let reasons = shown.map { reason(of: $0, isTotal: $0.name.isEmpty) }
        // Beside each row if there is room, else below it.
        let room = (width ?? .max) - longest - 2
        return [lines[0]]
            + zip(lines.dropFirst(), reasons).flatMap { row, reason in
                guard room >= Self.narrowestReason else { return [row] + fold(reason, indent: 2, hanging: 4) }
                let folded = fold(reason, indent: longest + 2, hanging: longest + 4)
                return [row.padding(to: longest + 2) + folded[0].dropFirst(longest + 2)] + folded.dropFirst()
            }
    }

    private func table(_ rows: [SubscriptionSummary], nameLimit: Int) -> [String] {
        var table = TextTable(columns: [
            ("subscription", .left), ("up", .right), ("sessions", .right), ("outages", .right), ("median", .right),
            ("worst", .right), ("silence", .right), ("messages", .right),
        ])
        table.rows = rows.map { cells($0, nameLimit: nameLimit) }
        return table.lines
    }

    private func cells(_ row: SubscriptionSummary, nameLimit: Int) -> [String] {
        let name = row.name.isEmpty ? "all" : row.name.printable.shortened(to: nameLimit)
        return [
            name, SpanText.percent(row.upShare), "\(row.sessions)", "\(row.outages.count)",
            row.outages.median.map(SpanText.length) ?? "-",
            row.outages.count > 0 ? SpanText.length(milliseconds: row.outages.worst) : "-",
            row.longestSilence.map(SpanText.length) ?? "-", "\(row.messages)",
        ]
    }

    private func reason(of row: SubscriptionSummary, isTotal: Bool) -> String {
        var parts = isTotal ? [] : [row.phase == .off ? row.phase.word : "now \(row.phase.word)"]
        if !row.ends.isEmpty { parts.append("ended: " + Self.text(row.ends) + codes(row)) }
        if row.failedDialCount > 0 {
            let unlogged = row.unloggedDials > 0 ? ["\(row.unloggedDials) without a line"] : []
            let logged = row.failedDials.isEmpty ? [] : [Self.text(row.failedDials)]
            parts.append("dials failed: " + (logged + unlogged).joined(separator: ", "))
        }
        if row.waiting >= .seconds(1) { parts.append("waited \(SpanText.length(row.waiting)) for a connection") }
        if let median = row.delays.median {
            let worst = row.delays.worst > median ? " to " + SpanText.length(milliseconds: row.delays.worst) : ""
            parts.append("delays " + SpanText.length(milliseconds: median) + worst)
        }
        if isTotal {
            let causes = LogReport.causes(of: row.ends).map { ($0.key.rawValue, $0.value) }
            if !causes.isEmpty { parts.append("by cause: " + Self.text(causes)) }
        }
        return parts.joined(separator: "; ")
    }

    private func codes(_ row: SubscriptionSummary) -> String {
        guard !row.closeCodes.isEmpty else { return "" }
        return " (codes " + Self.text(row.closeCodes.map { ("\($0.key):", $0.value) }) + ")"
    }

    /// The most frequent first.
    private static func text(_ counts: [(name: String, count: Int)]) -> String {
        counts.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
            .map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    }

    private static func text(_ outcomes: SubscriptionSummary.Outcomes) -> String {
        text(outcomes.map { ($0.key?.rawValue ?? "other", $0.value) })
    }

    // MARK: Remarks

    private func remarks(_ report: LogReport, _ tally: LineTally) -> [String] {
        let totals = report.totals
        var lines: [String] = []
        if report.hidden > 0 { lines.append("\(report.hidden) more subscriptions that were up longer are not shown.") }
        if report.leftOut > 0 {
            lines.append("\(report.leftOut) lines are of subscriptions beyond the first \(LogHistory.limit).")
        }
        if let configured = totals.configured, configured > report.rows.count + report.hidden {
            lines.append("The daemon started with \(configured) subscriptions; the others have no line here.")
        }
        if totals.starts + totals.stops > 0 { lines.append(process(totals)) }
        for (name, sink) in totals.sinks.sorted(by: { $0.key < $1.key }) { lines.append(Self.text(name, sink)) }
        for (name, request) in totals.requests.sorted(by: { $0.key < $1.key }) {
            lines.append(Self.text(name, request))
        }
        if !totals.suppressed.isEmpty {
            let parts = totals.suppressed.map { ($0.key.printable, $0.value) }
            lines.append("Left out of the log to keep it short: \(Self.text(parts)).")
        }
        if totals.untoldDials > 0 {
            lines.append("\(totals.untoldDials) dials failed in an outage that no line tells of which subscription.")
        }
        if totals.dropped > 0 {
            lines.append("\(totals.dropped) lines were dropped because nobody read the log: counts may be too low.")
        }
        lines.append(counted(totals, tally))
        return lines
    }

    private func process(_ totals: LogTotals) -> String {
        var text = "Process: \(totals.starts) \(totals.starts == 1 ? "start" : "starts")"
        text += ", \(totals.stops) \(totals.stops == 1 ? "stop" : "stops")"
        if totals.cutShort > 0 { text += ", \(totals.cutShort) without a word of its end" }
        if totals.notRunning > .zero { text += ", not running for \(SpanText.length(totals.notRunning))" }
        if let run = totals.run { text += "; newest run \(run.printable.shortened(to: Self.nameLimit))" }
        return text + "."
    }

    private static func text(_ name: String, _ sink: LogTotals.SinkTotals) -> String {
        var parts: [String] = []
        if sink.blocked > 0 { parts.append("full \(sink.blocked) \(sink.blocked == 1 ? "time" : "times")") }
        if sink.paused > .zero { parts.append("stood still for \(SpanText.length(sink.paused))") }
        if sink.failures > 0 { parts.append("\(sink.failures) \(sink.failures == 1 ? "failure" : "failures")") }
        if sink.lostRecords > 0 { parts.append("\(sink.lostRecords) records lost") }
        return "Sink \(name.printable.shortened(to: nameLimit)): \(parts.joined(separator: ", "))."
    }

    private static func text(_ name: String, _ request: LogTotals.RequestTotals) -> String {
        var text = "Request \(name.printable.shortened(to: nameLimit)): "
        text += "\(request.failures) \(request.failures == 1 ? "call" : "calls") failed"
        if !request.causes.isEmpty { text += " (\(Self.text(request.causes.map { ($0.key.printable, $0.value) })))" }
        let times = request.recoveries == 1 ? "once" : "\(request.recoveries) times"
        return text + (request.recoveries > 0 ? ", worked again \(times)." : ".")
    }

    private func counted(_ totals: LogTotals, _ tally: LineTally) -> String {
        let levels = [Logger.Level.warning, .error, .critical].compactMap { level in
            totals.levels[level].map { "\(level.rawValue) \($0)" }
        }
        let list = levels.isEmpty ? "" : " (\(levels.joined(separator: ", ")))"
        let others = tally.others
        return "\(totals.lines) lines counted\(list)" + (others.isEmpty ? "." : "; \(others).")
    }

    // MARK: Width

    private func folded(_ lines: [String]) -> [String] {
        lines.flatMap { fold($0, indent: 0, hanging: 2) }
    }

    /// `text`, broken at spaces where it would be too long; at least one line.
    ///
    /// - Parameters:
    ///   - indent: spaces in front of the first line.
    ///   - hanging: spaces in front of each further one.
    private func fold(_ text: String, indent: Int, hanging: Int) -> [String] {
        var lines: [String] = []
        var current = String(repeating: " ", count: indent)
        var isEmpty = true
        for word in text.split(separator: " ") {
            if !isEmpty, current.count + 1 + word.count > width ?? .max {
                lines.append(current)
                current = String(repeating: " ", count: hanging) + word
            } else {
                current += (isEmpty ? "" : " ") + word
            }
            isEmpty = false
        }
        return lines + [current]
    }
}

extension String {
    /// This text, cut to `width` characters and marked if it is longer.
    func shortened(to width: Int) -> String {
        count <= width ? self : prefix(max(0, width - 1)) + "~"
    }
}
