import ConnectionLifecycle
import WebSocketProtocol

/// A whole configuration, checked: every value within its bounds, every name resolved, every default filled in.
///
/// Two are equal if the daemon would do the same with both; secrets count by their templates, not by their values.
public struct Configuration: Sendable, Equatable {
    /// How much of everything at once.
    public var limits = LimitsConfiguration()
    /// Event loops, each a thread, that share the subscriptions.
    public var loops = ConfigurationDefaults.loops
    /// The directory for what must survive a restart; nil if neither the file nor the environment names one.
    public var state: String?
    /// The settings of a connection that is not a subscription, and of each subscription that does not say otherwise.
    public var defaults = SessionSettings()
    /// What the shared client of all requests does.
    public var http = HTTPSettings()
    /// The requests in the order of the file.
    public var requests: [RequestConfiguration] = []
    /// The subscriptions in the order of the file.
    public var subscriptions: [SubscriptionConfiguration] = []
    /// The sinks in the order of the file; standard output if the file names none.
    public var sinks: [SinkConfiguration] = [ConfigurationDefaults.sink]
    /// How long sinks may take to write out what they hold when the process ends.
    public var drain = ConfigurationDefaults.drain
    /// How the daemon is asked and told.
    public var status = StatusConfiguration()
    /// What is logged, and how it looks.
    public var log = LogConfiguration()

    /// The configuration of an empty file: no subscriptions, every default.
    public init() {}
}

/// The section `limits`: bounds for the whole process.
public struct LimitsConfiguration: Sendable, Hashable {
    /// Sessions at once, from dial to closed; further subscriptions wait in order.
    public var connections = ConfigurationDefaults.connections
    /// Sessions at once with one host; nil: only `connections` counts.
    public var perHost: Int?
    /// The largest message, and the most frames it may come in.
    public var message = ConfigurationDefaults.message
    /// Dials at once, and the dials of a host in any window.
    public var dials = ConfigurationDefaults.dials
    /// The most messages that all connections with one host send in any window; empty: no limit.
    public var sends: [Rate] = []

    /// The defaults.
    public init() {}
}

/// The section `log`.
public struct LogConfiguration: Sendable, Hashable {
    /// How much is logged; the raw values are swift-log's names.
    public enum Level: String, Sendable, Hashable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    /// Nothing below this level is logged.
    public var level = ConfigurationDefaults.logLevel
    /// How a line looks.
    public var format = ConfigurationDefaults.logFormat

    /// The defaults.
    public init() {}
}
