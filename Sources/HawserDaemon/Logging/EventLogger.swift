import Logging

/// Writes events of the closed list `EventName` with fields of the closed list `LogField` through swift-log.
public struct EventLogger: Sendable {
    private var logger: Logger

    /// Writes through `logger`.
    public init(_ logger: Logger) {
        self.logger = logger
    }

    /// A copy that adds `fields` to each of its lines.
    public func with(_ fields: [LogField: any LogValue]) -> EventLogger {
        var copy = self
        for (field, value) in fields {
            copy.logger[metadataKey: field.rawValue] = value.metadataValue
        }
        return copy
    }

    /// Whether lines of `level` are written; for work that only a log line needs.
    public func writes(_ level: Logger.Level) -> Bool {
        level >= logger.logLevel
    }

    /// Writes one line: what happened, and the facts.
    public func log(
        _ level: Logger.Level,
        _ event: EventName,
        _ text: @autoclosure () -> String,
        _ fields: @autoclosure () -> [LogField: (any LogValue)?] = [:]
    ) {
        guard level >= logger.logLevel else { return }
        var metadata: Logger.Metadata = [EventLogger.eventKey: .string(event.rawValue)]
        for (field, value) in fields() {
            guard let value else { continue }
            metadata[field.rawValue] = value.metadataValue
        }
        logger.log(level: level, "\(text())", metadata: metadata)
    }

    /// The key under which handlers find the event's name.
    static let eventKey = "event"
}

/// A value that a log field may have: text, a whole number, or a truth value.
public protocol LogValue: Sendable {
    /// The value as swift-log carries it; numbers keep their type.
    var metadataValue: Logger.MetadataValue { get }
}

extension String: LogValue {
    /// The text itself.
    public var metadataValue: Logger.MetadataValue { .string(self) }
}

extension Int: LogValue {
    /// The number itself, so that JSON shows it as one.
    public var metadataValue: Logger.MetadataValue { .stringConvertible(self) }
}

extension Bool: LogValue {
    /// The truth value itself, so that JSON shows it as one.
    public var metadataValue: Logger.MetadataValue { .stringConvertible(self) }
}
