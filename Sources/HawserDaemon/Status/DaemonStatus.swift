import ConnectionLifecycle

/// How the daemon is at one moment: a value that several encoders read. Times are nanoseconds since 1970-01-01 UTC; no
/// secret is in it.
struct DaemonStatus: Sendable {
    /// A number of places, and how they are used.
    struct Places: Sendable, Hashable {
        /// How many there are.
        var limit: Int
        /// How many are taken.
        var held: Int
        /// How many wait for one.
        var waiting: Int
    }

    /// One event loop.
    struct Loop: Sendable, Hashable {
        /// Its subscriptions.
        var subscriptions: Int
    }

    /// One sink.
    struct SinkStatus: Sendable, Hashable {
        var name: String
        /// The file; nil for standard output.
        var path: String?
        var watermarks: Watermarks
        var statistics: SinkStatistics
        /// For how long it has been full; nil if it is not.
        var blocked: Duration?
    }

    /// The program's version, and the name of this start.
    var version = HawserVersion.current
    var run: String
    var pid: Int32
    /// When the process began its work, and when this was taken.
    var since: Int64
    var now: Int64
    /// The configuration's file; nil if it has none, as in the demonstration.
    var configuration: String?
    /// The least level that is logged; nil if it cannot be changed.
    var logLevel: String?
    /// `limits.connections`.
    var connections: Places
    /// `limits.per_host`.
    var perHost: Int?
    /// `limits.dials.concurrent`: dials under way, and those that wait at the gate.
    var dials: Places
    var loops: [Loop]
    var sinks: [SinkStatus]
    /// In the order of the configuration.
    var subscriptions: [SubscriptionStatus]
}
