import HawserWebSocket
import Logging
import Locking

/// Hands log lines to a `LogStream`: as text, as JSON lines, or as entries of the journal.
public struct StreamLogHandler: LogHandler {
    /// Fields added to each line.
    public var metadata: Logger.Metadata = [:]
    /// Kept because swift-log asks for it; the level of all loggers is `threshold`.
    public var logLevel: Logger.Level {
        get { threshold.level }
        set { threshold.level = newValue }
    }

    private let stream: LogStream
    private let formatter: any LogLineFormatter
    private let threshold: LogThreshold

    /// Writes through `formatter` to `stream` what reaches `threshold`.
    public init(stream: LogStream, formatter: any LogLineFormatter, threshold: LogThreshold) {
        self.stream = stream
        self.formatter = formatter
        self.threshold = threshold
    }

    /// A field that is added to each line.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Formats and queues one line; never blocks.
    public func log(event: LogEvent) {
        var merged = metadata
        if let own = event.metadata { merged.merge(own) { _, new in new } }
        let name = merged.removeValue(forKey: EventLogger.eventKey).map(String.init(describing:)) ?? event.source
        let line = LogLine(
            wallNanoseconds: WallClock.nanoseconds,
            level: event.level,
            event: name,
            message: LogLine.cut(event.message.description),
            fields: merged.sorted { LogLine.order($0.key) < LogLine.order($1.key) }
        )
        guard formatter is JournalFormatter else { return stream.write(formatter.format(line)) }
        stream.write(formatter.format(line)) { JSONLogFormatter().format(line) }
    }
}

/// The level from which lines are written; shared by every logger of the process and changeable while it runs.
public final class LogThreshold: Sendable {
    private let current: OrderedMutex<Logger.Level>

    /// Starts at `level`.
    public init(_ level: Logger.Level) {
        current = OrderedMutex(level)
    }

    /// The level in force.
    public var level: Logger.Level {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}
