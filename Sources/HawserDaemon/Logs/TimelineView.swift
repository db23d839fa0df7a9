/// Draws a chart for a terminal of so many columns, or plainly where there is none.
struct TimelineView {
    /// The columns of the terminal; at least `narrowest` are used.
    let width: Int
    /// Block elements instead of letters and signs.
    let isUnicode: Bool
    /// With colours.
    let isColoured: Bool

    private static let narrowest = 40
    private static let widestName = 32
    private static let shareWidth = 7

    /// The chart's lines, without newlines: the stretch of time, a row for each subscription, the axis, the legend.
    func lines(_ chart: TimelineChart) -> [String] {
        let columns = max(width, Self.narrowest)
        let longest = chart.rows.map { $0.name.printable.count }.max() ?? 0
        let nameWidth = max(min(longest, Self.widestName, columns / 4), 4)
        let barWidth = columns - nameWidth - 2 - Self.shareWidth
        let rows = chart.rows.map { row in (row, row.row.cells(barWidth, from: chart.from, to: chart.to)) }
        let cell = (chart.to - chart.from) / 1_000_000 / Int64(barWidth)
        let length = SpanText.length(milliseconds: (chart.to - chart.from) / 1_000_000)
        let stretch = "\(SpanText.moment(chart.from)) to \(SpanText.moment(chart.to)) (\(length))"
        var lines = [stretch, "a column is \(SpanText.length(milliseconds: cell))"]
        if stretch.count + lines[1].count + 2 <= columns { lines = [lines.joined(separator: ", ")] }
        lines.append("")
        for (row, cells) in rows {
            let name = row.name.printable.shortened(to: nameWidth).padding(to: nameWidth)
            let share = SpanText.percent(row.upShare)
            let space = String(repeating: " ", count: max(0, Self.shareWidth - share.count))
            lines.append(name + " " + bar(cells) + " " + space + share)
        }
        let axis = TimeAxis(from: chart.from, to: chart.to, columns: barWidth).line(columns: barWidth)
        if !axis.isEmpty { lines.append(String(repeating: " ", count: nameWidth + 1) + axis) }
        lines.append("")
        lines += legend(of: Set(rows.flatMap(\.1)), columns: columns)
        if chart.hidden > 0 { lines.append("\(chart.hidden) more subscriptions that were up longer are not shown.") }
        if chart.leftOut > 0 {
            lines.append("\(chart.leftOut) lines are of subscriptions beyond the first \(LogHistory.limit).")
        }
        return lines
    }

    // MARK: Signs

    private static let order: [TimelineCell] =
        [.phase(.open), .interrupted] + LoggedPhase.allCases.dropFirst().map(TimelineCell.phase)

    private func sign(_ cell: TimelineCell) -> (unicode: Character, ascii: Character, colour: Int) {
        switch cell {
        case .phase(.open): ("█", "=", 32)
        case .interrupted: ("▄", "+", 33)
        case .phase(.backingOff): ("░", "x", 31)
        case .phase(.dialing): ("▒", "d", 36)
        case .phase(.waiting): ("─", "w", 34)
        case .phase(.stale): ("▚", "s", 35)
        case .phase(.off): ("_", "_", 2)
        case .phase(.unknown): ("·", ".", 2)
        }
    }

    private func word(_ cell: TimelineCell) -> String {
        switch cell {
        case .phase(let phase): phase.word
        case .interrupted: "open, with a reconnect"
        }
    }

    /// Cells of one kind share their colour, so that a row of 200 costs a few bytes more and not thousands.
    private func bar(_ cells: [TimelineCell]) -> String {
        var bar = ""
        var last: TimelineCell?
        for cell in cells {
            let sign = sign(cell)
            if isColoured, cell != last { bar += (last == nil ? "" : "\u{1B}[0m") + "\u{1B}[\(sign.colour)m" }
            bar.append(isUnicode ? sign.unicode : sign.ascii)
            last = cell
        }
        return isColoured && last != nil ? bar + "\u{1B}[0m" : bar
    }

    /// What the signs mean that occur, folded to the width.
    private func legend(of used: Set<TimelineCell>, columns: Int) -> [String] {
        var lines: [String] = []
        var current = ""
        var length = 0
        for cell in Self.order where used.contains(cell) {
            let word = word(cell)
            let itemLength = word.count + 2
            if length > 0, length + 3 + itemLength > columns {
                lines.append(current)
                (current, length) = ("", 0)
            }
            if length > 0 {
                current += "   "
                length += 3
            }
            current += bar([cell]) + " " + word
            length += itemLength
        }
        return lines + (length > 0 ? [current] : [])
    }
}
