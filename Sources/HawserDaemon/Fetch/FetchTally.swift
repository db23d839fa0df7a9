import Glibc
import Locking
import MonotonicTime

/// Counts what came of many requests, and prints each.
final class FetchTally: Sendable {
    private struct State {
        var succeeded = 0
        var failures: [String: Int] = [:]
        /// In microseconds, of those that succeeded.
        var times: [UInt32] = []
        var isOutputGone = false
    }

    private let began = ContinuousClock.now
    private let state = OrderedMutex(State())

    /// Nobody reads what is printed any more.
    var isOutputGone: Bool { state.withLock { $0.isOutputGone } }

    var failed: Int { state.withLock { $0.failures.values.reduce(0, +) } }

    /// Prints `line` and counts it: as a success, or as a failure of this cause.
    func add(_ line: [UInt8], _ cause: String?, _ time: Duration) {
        state.withLock { state in
            if LogStream.writeAll(line, to: STDOUT_FILENO) != 0 { state.isOutputGone = true }
            if let cause {
                state.failures[cause, default: 0] += 1
            } else {
                state.succeeded += 1
                state.times.append(UInt32(clamping: time.saturatedNanoseconds / 1000))
            }
        }
    }

    private var figures: (succeeded: Int, failures: [(String, Int)], perSecond: Int, p50: UInt32, p99: UInt32) {
        let seconds = max(0.000_001, began.duration(to: .now) / .seconds(1))
        return state.withLock { state in
            let times = state.times.sorted()
            let failures = state.failures.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            let all = state.succeeded + failures.reduce(0) { $0 + $1.value }
            return (
                state.succeeded, failures.map { ($0.key, $0.value) }, Int(Double(all) / seconds),
                Self.percentile(50, of: times), Self.percentile(99, of: times)
            )
        }
    }

    /// The least of `times`, sorted, that so many of a hundred do not exceed.
    static func percentile(_ percent: Int, of times: [UInt32]) -> UInt32 {
        guard !times.isEmpty else { return 0 }
        let rank = (times.count * percent + 99) / 100
        return times[min(max(rank, 1), times.count) - 1]
    }

    /// In words.
    var summary: String {
        let figures = figures
        let causes = figures.failures.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
        let failed = figures.failures.reduce(0) { $0 + $1.1 }
        return "\(figures.succeeded) ok, \(failed) failed\(causes.isEmpty ? "" : " (\(causes))"), "
            + "\(figures.perSecond) requests/s, p50 \(Self.milliseconds(figures.p50)), p99 \(Self.milliseconds(figures.p99))"
    }

    /// As a line of JSON.
    func report() -> [UInt8] {
        let figures = figures
        var report = FetchReport()
        report.number("ok", figures.succeeded)
        report.number("failed", figures.failures.reduce(0) { $0 + $1.1 })
        for (cause, count) in figures.failures { report.number("failed_\(cause)", count) }
        report.number("requests_per_second", figures.perSecond)
        report.number("p50_us", Int(figures.p50))
        report.number("p99_us", Int(figures.p99))
        return report.finished()
    }

    private static func milliseconds(_ microseconds: UInt32) -> String {
        "\(Double(microseconds / 10) / 100) ms"
    }
}
