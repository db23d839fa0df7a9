/// Cells in columns, for a terminal: text to the left, numbers to the right, columns as wide as their widest cell.
struct TextTable {
    /// On which side of its column a cell stands.
    enum Alignment {
        case left, right
    }

    /// The title and the alignment of each column.
    let columns: [(title: String, alignment: Alignment)]
    /// The rows below the titles, each with a cell for each column.
    var rows: [[String]] = []

    /// The titles and the rows, without newlines and without spaces at the end.
    var lines: [String] {
        let cells = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.map { row in
            let padded = zip(zip(row, widths), columns).map { cell, column in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return column.alignment == .left ? cell.0 + space : space + cell.0
            }
            var line = padded.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
