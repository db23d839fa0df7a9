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
    ///
    /// - Parameter environment: says whether `descriptor` leads to the journal, and whether colours are wanted.
    public init(
        format: LogFormat,
        level: Logger.Level,
        descriptor: Int32 = STDERR_FILENO,
        environment: [String: String]
    ) {
        self.init(
            format: format,
            level: level,
            descriptor: descriptor,
            environment: environment,
            journal: JournalSocket.path
        )
    }

    /// - Parameter path: where journald listens.
    init(
        format: LogFormat,
        level: Logger.Level,
        descriptor: Int32,
        environment: [String: String],
        journal path: String
    ) {
        let isTerminal = isatty(descriptor) == 1
        let isPlain = environment["NO_COLOR"] != nil
        let isJournal = JournalSocket.isStandardError(descriptor, environment: environment)
        let choice = format == .auto ? (isJournal ? .journald : isTerminal ? .text : .json) : format
        // Without a socket there is nothing to send with: then JSON, which journald takes from standard error as well.
        let journal = choice == .journald ? try? JournalSocket(path: path) : nil
        let formatter: any LogLineFormatter =
            switch choice {
            case .text: TextLogFormatter(colour: isTerminal && !isPlain)
            case .journald where journal != nil: JournalFormatter()
            case .json, .auto, .journald: JSONLogFormatter()
            }
        let stream = LogStream(descriptor: descriptor, journal: journal) { dropped in
            formatter.format(
                LogLine(
                    wallNanoseconds: WallClock.nanoseconds,
                    level: .warning,
                    event: EventName.logDropped.rawValue,
                    message: "log lines were dropped because nobody takes them",
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
