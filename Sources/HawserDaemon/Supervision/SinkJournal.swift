import ConnectionLifecycle
import Glibc
import Locking
import MonotonicTime

/// Says in the log what happens to one sink. A sink whose reader is a little too slow is full and open again many times
/// a second: the first few times are said, then one now and then, with the number between.
final class SinkJournal: Sendable {
    private struct State {
        var limiter = RepeatLimiter(burst: 3, interval: .seconds(60))
        var saidBlocked = false
        var lastBlocked = Instant.origin
        var isLeaving = false
    }

    private let logger: EventLogger
    private let state = OrderedMutex(State())
    private let clock: SinkClock

    init(sink: String, logger: EventLogger, clock: SinkClock = .system) {
        self.logger = logger.with([.sink: sink])
        self.clock = clock
    }

    /// A reload has taken the sink out of the configuration: what becomes of it concerns no feed any more.
    func leave() {
        state.withLock { $0.isLeaving = true }
    }

    var isLeaving: Bool { state.withLock { $0.isLeaving } }

    func opened(_ description: String) {
        logger.log(.info, .sinkOpened, "open", [.path: description])
    }

    func record(_ event: SinkEvent) {
        switch event {
        case .blocked(let bytes): blocked(bytes)
        case .resumed(let after): resumed(after)
        case .diskFull(let path, let code):
            logger.log(
                .error,
                .sinkDiskFull,
                "no room on the device: nothing is lost yet, writing is tried again each second",
                [.path: path, .error: Self.text(code), .remedy: "free space on the file system of this path"]
            )
        case .writeFailed(let path, let code):
            logger.log(
                .error,
                .sinkFailed,
                "cannot write: nothing is lost yet, it is tried again each second",
                [.path: path, .error: Self.text(code)]
            )
        case .recovered(let path, let after):
            logger.log(
                .info,
                .sinkRecovered,
                "writes again",
                [.path: path, .pausedMilliseconds: Int(after.milliseconds)]
            )
        case .rotated(let path, let target):
            logger.log(.info, .sinkRotated, "rotated to \(target)", [.path: path])
        case .compressed(let path, let bytes, let compressed):
            logger.log(.debug, .sinkRotated, "compressed \(bytes) bytes to \(compressed)", [.path: path])
        case .removed(let path):
            logger.log(.info, .sinkRotated, "removed the oldest rotated file", [.path: path])
        case .rotationFailed(let path, let code):
            logger.log(
                .error,
                .sinkFailed,
                "cannot rotate: the file grows on, it is tried again in a minute",
                [.path: path, .error: Self.text(code)]
            )
        case .archiveFailed(let path, let code):
            logger.log(
                .warning,
                .sinkFailed,
                "cannot compress or remove a rotated file: the next rotation tries again",
                [.path: path, .error: Self.text(code)]
            )
        case .tornTailCut(let path, let bytes):
            logger.log(
                .warning,
                .sinkTornTail,
                "the file ended inside a line, as after a kill: the torn line was cut off",
                [.path: path, .bytes: Int(clamping: bytes)]
            )
        case .reopened(let path):
            logger.log(.info, .sinkOpened, "renamed or removed by someone else: opened again", [.path: path])
        case .failed(let code):
            logger.log(.error, .sinkFailed, "its reader is gone", [.error: Self.text(code)])
        }
    }

    private func blocked(_ bytes: Int) {
        let now = clock.now()
        let (isLogged, suppressed) = state.withLock { state in
            // A new episode, not a repeat.
            if state.lastBlocked + state.limiter.interval < now { state.limiter.reset() }
            state.lastBlocked = now
            let answer = state.limiter.shouldLog(now)
            state.saidBlocked = answer.log
            return answer
        }
        guard isLogged else { return }
        logger.log(
            .warning,
            .sinkBlocked,
            "full: its feeds pause",
            [.queuedBytes: bytes, .suppressed: suppressed > 0 ? suppressed : nil]
        )
    }

    private func resumed(_ after: Duration) {
        guard state.withLock({ $0.saidBlocked }) else { return }
        logger.log(.info, .sinkResumed, "has room again", [.pausedMilliseconds: Int(after.milliseconds)])
    }

    /// - Parameter refused: records that came after the sink had ended.
    func drained(_ report: DrainReport, refused: UInt64) {
        if refused > 0 {
            logger.log(
                .error,
                .sinkLost,
                "records came after the sink had ended, and are not written",
                [.records: Int(clamping: refused)]
            )
        }
        if let code = report.syncError {
            logger.log(
                .error,
                .sinkFailed,
                "what was written last may not be durable: the last sync failed",
                [.error: Self.text(code)]
            )
        }
        if !report.isComplete {
            logger.log(.error, .sinkFailed, "its device hangs: it was abandoned")
        }
        guard report.leftBehindRecords > 0 else { return }
        logger.log(
            .error,
            .sinkLost,
            "records were received but could not be written before the end",
            [
                .records: report.leftBehindRecords, .queuedBytes: report.leftBehindBytes,
                .error: report.error.map(Self.text),
            ]
        )
    }

    private static func text(_ code: Int32) -> String {
        String(cString: strerror(code))
    }
}
