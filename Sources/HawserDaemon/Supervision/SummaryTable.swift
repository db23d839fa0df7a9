import HawserWebSocket

/// What the subscriptions did, as a table for a terminal.
public enum SummaryTable {
    /// The table's lines, each with a newline; columns as wide as their widest cell.
    public static func text(_ rows: [SubscriptionStatistics]) -> String {
        var table = TextTable(columns: [
            ("subscription", .left), ("sessions", .right), ("messages", .right), ("bytes", .right),
            ("reconnects", .right), ("failed", .right), ("longest gap", .right), ("outcome", .left),
        ])
        table.rows = rows.map { row in
            [
                row.name, "\(row.sessions)", "\(row.messages)", "\(row.bytes)", "\(row.reconnects)",
                "\(row.failedDials)", row.longestGap == .zero ? "-" : row.longestGap.shortText,
                row.outcome?.rawValue ?? "-",
            ]
        }
        return table.lines.map { $0 + "\n" }.joined()
    }
}
