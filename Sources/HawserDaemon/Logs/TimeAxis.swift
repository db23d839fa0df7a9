/// Where the marks of a time axis stand, and what they say.
struct TimeAxis: Sendable, Hashable {
    /// A mark at a column.
    struct Mark: Sendable, Hashable {
        var column: Int
        var label: String
    }

    /// From left to right; the labels do not touch.
    let marks: [Mark]

    private static let second: Int64 = 1_000_000_000
    /// Seconds between marks that people count in.
    private static let steps: [Int64] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
        604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
    ]

    /// The axis of the time between two moments, drawn on `columns`.
    init(from start: Int64, to end: Int64, columns: Int) {
        guard end > start, columns > 0 else {
            marks = []
            return
        }
        let span = Int128(end - start)
        let step = Self.steps.first { step in
            let width = Int128(step * Self.second) * Int128(columns) / span
            return width >= Int128(Self.label(at: 0, step: step).utf8.count + 3)
        }
        guard let step else {
            marks = []
            return
        }
        var marks: [Mark] = []
        var time = Self.roundedUp(start, to: step * Self.second)
        while time < end {
            let column = Int(Int128(time - start) * Int128(columns) / span)
            let label = Self.label(at: time, step: step)
            if column + label.utf8.count < columns { marks.append(Mark(column: column, label: label)) }
            time = Self.sum(time, step * Self.second)
        }
        self.marks = marks
    }

    /// The axis as a line: each mark is a bar and its label.
    func line(columns: Int) -> String {
        var line = ""
        for mark in marks where mark.column >= line.utf8.count {
            line += String(repeating: " ", count: mark.column - line.utf8.count) + "|" + mark.label
        }
        return line
    }

    private static func roundedUp(_ time: Int64, to step: Int64) -> Int64 {
        let rest = time % step
        return rest == 0 ? time : sum(time - rest, rest > 0 ? step : 0)
    }

    private static func sum(_ time: Int64, _ step: Int64) -> Int64 {
        let (sum, overflow) = time.addingReportingOverflow(step)
        return overflow ? .max : sum
    }

    /// The time of day, and at midnight the date.
    private static func label(at time: Int64, step: Int64) -> String {
        let text = SpanText.timestamp(time)
        let isMidnight = time % (86_400 * second) == 0
        if step >= 31_536_000 { return String(text.prefix(7)) }
        if isMidnight && time != 0 || step >= 86_400 { return String(text.dropFirst(5).prefix(5)) }
        return String(text.dropFirst(11).prefix(step < 60 ? 8 : 5))
    }
}
