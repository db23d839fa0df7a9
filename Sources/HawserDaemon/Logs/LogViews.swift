/// The summary and the timeline of a log, of each unit its own: the lines of one daemon say nothing about another.
struct LogViews {
    /// How things are drawn.
    struct Style {
        /// The columns there are; nil if it does not matter.
        var width: Int?
        /// Block elements, and not ASCII alone.
        var isUnicode: Bool
        /// With colours.
        var isColoured: Bool
    }

    private struct View {
        var summary: LogSummary?
        var timeline: Timeline?
    }

    /// More units than these are not told apart.
    private static let unitLimit = 100

    private let options: LogsOptions
    private var views: [String: View] = [:]
    /// Lines of units beyond the limit.
    private var leftOut = 0

    init(_ options: LogsOptions) {
        self.options = options
    }

    /// Takes a line; lines come in the order of their times.
    mutating func note(_ entry: LogEntry) {
        let unit = entry.unit ?? ""
        if views[unit] == nil {
            guard views.count < Self.unitLimit else { return leftOut += 1 }
            views[unit] = View(
                summary: options.showsSummary ? LogSummary(options.query) : nil,
                timeline: options.showsTimeline ? Timeline(options.query) : nil
            )
        }
        views[unit]?.summary?.note(entry)
        views[unit]?.timeline?.note(entry)
    }

    /// Prints what was asked for, as it is at the time `now`.
    ///
    /// - Returns: false if there was nothing to print.
    func print(to output: LogOutput, _ style: Style, now: Int64, _ tally: LineTally) -> Bool {
        // Without a line there is a summary that says so.
        let units = views.isEmpty ? ["": View(summary: options.showsSummary ? LogSummary(options.query) : nil)] : views
        var hasPrinted = false
        for (index, (unit, view)) in units.sorted(by: { $0.key < $1.key }).enumerated() {
            let name = units.count > 1 ? unit : nil
            let chart = view.timeline.flatMap { self.chart($0, now: now) }
            guard chart != nil || view.summary != nil else { continue }
            if hasPrinted, !options.isJSON { output.write(line: "") }
            hasPrinted = true
            if let name, !options.isJSON { output.write(line: name.isEmpty ? "no unit" : name.printable) }
            if let chart { print(chart, to: output, style, unit: name) }
            guard let summary = view.summary else { continue }
            if chart != nil, !options.isJSON { output.write(line: "") }
            // What is of no unit is said once.
            print(summary, to: output, style, unit: name, now: now, index == units.count - 1 ? tally : LineTally())
        }
        if leftOut > 0, !options.isJSON {
            output.write(line: "\(leftOut) lines are of units beyond the first \(Self.unitLimit).")
        }
        return hasPrinted
    }

    private func chart(_ timeline: Timeline, now: Int64) -> TimelineChart? {
        guard var chart = timeline.chart(now: now), !chart.rows.isEmpty else { return nil }
        if let limit = options.limit { chart.keepWorst(limit) }
        return chart
    }

    private func print(_ chart: TimelineChart, to output: LogOutput, _ style: Style, unit: String?) {
        if options.isJSON { return chart.json(unit: unit).forEach { output.write($0) } }
        let view = TimelineView(
            width: style.width ?? 80,
            isUnicode: style.isUnicode,
            isColoured: style.isColoured
        )
        for line in view.lines(chart) { output.write(line: line) }
    }

    private func print(
        _ summary: LogSummary,
        to output: LogOutput,
        _ style: Style,
        unit: String?,
        now: Int64,
        _ tally: LineTally
    ) {
        var report = summary.report(now: now)
        if let limit = options.limit { report.keepWorst(limit) }
        if options.isJSON { return LogReportJSON.lines(report, tally, unit: unit).forEach { output.write($0) } }
        for line in LogReportText(width: style.width).lines(report, tally) { output.write(line: line) }
    }
}
