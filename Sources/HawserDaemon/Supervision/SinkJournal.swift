import Glibc
import HawserWebSocket
import MonotonicTime

/// Says in the log what happens to one sink.
struct SinkJournal: Sendable {
    private let logger: EventLogger

    init(sink: String, logger: EventLogger) {
        self.logger = logger.with([.sink: sink])
    }

    func opened(_ description: String) {
        logger.log(.info, .sinkOpened, "open", [.path: description])
    }

    func record(_ event: SinkEvent) {
        switch event {
        case .blocked(let bytes):
            logger.log(.warning, .sinkBlocked, "full: its feeds pause", [.queuedBytes: bytes])
        case .resumed(let after):
            logger.log(.info, .sinkResumed, "has room again", [.pausedMilliseconds: Int(after.milliseconds)])
        case .diskFull(let path, let code):
            logger.log(
                .error,
                .sinkDiskFull,
                "no room on the device: nothing is lost, writing is tried again each second",
                [.path: path, .error: Self.text(code), .remedy: "free space on the file system of this path"]
            )
        case .writeFailed(let path, let code):
            logger.log(
                .error,
                .sinkFailed,
                "cannot write: nothing is lost, it is tried again each second",
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

    func drained(_ report: DrainReport) {
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
