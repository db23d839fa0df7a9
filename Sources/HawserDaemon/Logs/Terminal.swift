import Glibc

/// What standard output is.
enum Terminal {
    /// Whether it is a terminal.
    static var isOutput: Bool { isatty(STDOUT_FILENO) == 1 }

    /// The rows and columns of the terminal; nil if it is none, or does not know.
    static var size: (rows: Int, columns: Int)? {
        var size = winsize()
        guard isOutput, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return nil }
        return (Int(size.ws_row), Int(size.ws_col))
    }

    /// How many columns there are: those of the terminal, or what `COLUMNS` says; nil if nobody says.
    static func width(_ environment: [String: String]) -> Int? {
        var size = winsize()
        if isOutput, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        guard let columns = environment["COLUMNS"].flatMap({ Int($0) }), (1...10_000).contains(columns) else {
            return isOutput ? 80 : nil
        }
        return columns
    }

    /// Whether the locale's characters are those of Unicode in UTF-8: of these variables the first that is set counts.
    static func isUnicode(_ environment: [String: String]) -> Bool {
        let names = ["LC_ALL", "LC_CTYPE", "LANG"]
        let locale = names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let lower = locale.lowercased()
        return lower.contains("utf-8") || lower.contains("utf8")
    }
}
