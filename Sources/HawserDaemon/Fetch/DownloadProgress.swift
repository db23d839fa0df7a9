import Glibc
import Locking

/// A line on the terminal that says how far a long download has come; nothing anywhere else.
final class DownloadProgress: Sendable {
    private struct State {
        var shown: ContinuousClock.Instant
        var isShown = false
    }

    private static let width = 30

    private let began = ContinuousClock.now
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let state: OrderedMutex<State>

    init() {
        // A short download is over before anybody has read its line.
        state = OrderedMutex(State(shown: began + .milliseconds(400)))
    }

    /// So many bytes are there, of so many if that is known.
    func show(_ received: Int64, _ expected: Int64?) {
        guard isTerminal else { return }
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            guard state.shown.duration(to: now) >= .milliseconds(100) else { return false }
            state.shown = now
            state.isShown = true
            return true
        }
        guard isDue else { return }
        write("\r" + Self.line(received, expected, after: began.duration(to: now)) + "\u{1B}[K")
    }

    /// Takes the line away.
    func clear() {
        let wasShown = state.withLock { state in
            defer { state.isShown = false }
            return state.isShown
        }
        if wasShown { write("\r\u{1B}[K") }
    }

    /// `[#######       ]  23 %   1.2 MiB/s`; without the expected size what there is instead of the share.
    static func line(_ received: Int64, _ expected: Int64?, after time: Duration) -> String {
        let seconds = max(0.001, time / .seconds(1))
        let rate = "\(size(Double(received) / seconds))/s"
        guard let expected, expected > 0 else { return "\(size(Double(received)))  \(rate)" }
        let share = min(1, Double(received) / Double(expected))
        let filled = Int(share * Double(width))
        let bar = String(repeating: "#", count: filled) + String(repeating: " ", count: width - filled)
        let percent = Int(share * 100)
        return "[\(bar)] \(percent < 10 ? "  " : percent < 100 ? " " : "")\(percent) %  \(rate)"
    }

    private static func size(_ bytes: Double) -> String {
        var value = bytes
        for unit in ["B", "KiB", "MiB"] {
            if value < 1024 { return "\(Double(Int(value * 10)) / 10) \(unit)" }
            value /= 1024
        }
        return "\(Double(Int(value * 10)) / 10) GiB"
    }

    private func write(_ text: String) {
        LogStream.writeAll(Array(text.utf8), to: STDERR_FILENO)
    }
}
