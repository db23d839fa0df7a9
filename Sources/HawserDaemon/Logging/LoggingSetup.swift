import Glibc
import HawserWebSocket
import Logging

/// The process's logging: one stream to standard error, one threshold, one format.
public struct LoggingSetup: Sendable {
    /// Where lines go.
    public let stream: LogStream
    /// From which level on.
    public let threshold: LogThreshold
    /// The logger that everything in the process derives from.
    public let logger: EventLogger

    /// Logging to `descriptor` in `format` from `level` on.
    public init(format: LogFormat, level: Logger.Level, descriptor: Int32 = STDERR_FILENO) {
        let terminal = isatty(descriptor) == 1
        let plain = getenv("NO_COLOR") != nil
        let formatter: any LogLineFormatter =
            switch format {
            case .json: JSONLogFormatter()
            case .text: TextLogFormatter(colour: terminal && !plain)
            case .auto: terminal ? TextLogFormatter(colour: !plain) : JSONLogFormatter()
            }
        let stream = LogStream(descriptor: descriptor) { dropped in
            formatter.format(
                LogLine(
                    wallNanoseconds: WallClock.nanoseconds,
                    level: .warning,
                    event: EventName.logDropped.rawValue,
                    message: "log lines were dropped because standard error is not being read",
                    fields: [(LogField.suppressed.rawValue, .stringConvertible(dropped))]
                )
            )
        }
        let threshold = LogThreshold(level)
        let handler = StreamLogHandler(stream: stream, formatter: formatter, threshold: threshold)
        self.stream = stream
        self.threshold = threshold
        logger = EventLogger(Logger(label: "hawser") { _ in handler })
    }
}
