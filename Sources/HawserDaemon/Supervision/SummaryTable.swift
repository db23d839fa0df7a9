import HawserWebSocket

/// What the subscriptions did, as a table for a terminal.
public enum SummaryTable {
    /// The table's lines, each with a newline; columns as wide as their widest cell.
    public static func text(_ rows: [SubscriptionStatistics]) -> String {
        let head = [
            "subscription", "sessions", "messages", "bytes", "reconnects", "failed", "longest gap", "outcome",
        ]
        let cells =
            [head]
            + rows.map { row in
                [
                    row.name, "\(row.sessions)", "\(row.messages)", "\(row.bytes)", "\(row.reconnects)",
                    "\(row.failedDials)", row.longestGap == .zero ? "-" : row.longestGap.shortText,
                    row.outcome?.rawValue ?? "-",
                ]
            }
        let widths = head.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { line in
            let padded = zip(line, widths).enumerated().map { column, cell in
                // Text to the left, numbers to the right.
                column == 0 || column == head.count - 1
                    ? cell.0.padding(to: cell.1)
                    : String(repeating: " ", count: cell.1 - cell.0.count) + cell.0
            }
            var text = padded.joined(separator: "  ")
            while text.last == " " { text.removeLast() }
            return text + "\n"
        }.joined()
    }
}
