import Glibc

/// What the program tells a person, on standard error: a line that is written over and over on a terminal, and lines
/// that stay.
struct ProgressLine: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1

    /// Shows where the work stands, on a terminal only.
    func show(_ text: String) {
        if isTerminal { Self.write("\r\(text)\u{1B}[K") }
    }

    /// Says something that stays.
    func say(_ text: String) {
        Self.write((isTerminal ? "\r\u{1B}[K" : "") + "hawser-autobahn: \(text)\n")
    }

    /// Writes all of `text`, as far as the descriptor takes it.
    static func write(_ text: String, to descriptor: Int32 = STDERR_FILENO) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
