import ConnectionLifecycle
import Glibc
import HawserWebSocket
import MonotonicTime

/// Takes the daemon's status, for whoever asks. However many ask and however often: one is taken at a time, and one
/// younger than a quarter of a second serves all of them, so that asking cannot keep a loop from its frames.
actor StatusTaker {
    /// What of a run the status tells.
    struct Source: Sendable {
        /// The name of this start, and when it was, in nanoseconds since 1970-01-01 UTC.
        var run: String
        var since: Int64
        /// The configuration's file.
        var path: String?
        /// The configuration in force.
        var configuration: @Sendable () async -> Configuration
        var subscriptions: SubscriptionSet
        var sinks: SinkSet
        var semaphore: ConnectionSemaphore
        var gate: DialGate
        /// Applies the configuration's file anew.
        var reload: @Sendable () async throws(ReloadError) -> ReloadReport
        /// The log level in force, if it can be changed.
        var threshold: LogThreshold?
    }

    private static let freshness = Duration.milliseconds(250)

    nonisolated let source: Source
    private let clock = SinkClock.system
    private var latest: (at: Instant, status: DaemonStatus)?
    private var underWay: Task<DaemonStatus, Never>?
    /// Counts what `forget` was called for: a status that was begun before it is of no use afterwards.
    private var changes: UInt64 = 0

    init(_ source: Source) {
        self.source = source
    }

    /// The status as it is now, or was a moment ago.
    var status: DaemonStatus {
        get async {
            if let latest, latest.at.duration(to: clock.now()) < Self.freshness { return latest.status }
            if let underWay { return await underWay.value }
            let task = Task { [source] in await Self.take(source) }
            underWay = task
            let before = changes
            let status = await task.value
            guard before == changes else { return status }
            underWay = nil
            latest = (clock.now(), status)
            return status
        }
    }

    /// Something was changed: whoever asks from now on sees it.
    func forget() {
        changes &+= 1
        latest = nil
        underWay = nil
    }

    /// How the subscriptions are whose names `isWanted` takes, with what has happened to each.
    nonisolated func histories(
        where isWanted: @escaping @Sendable (String) -> Bool
    ) async -> [(status: SubscriptionStatus, transitions: [Transition])] {
        let found = await source.subscriptions.map(where: isWanted) { ($0.status, $0.history.transitions) }
        let positions = source.semaphore.positions
        return found.map { (Self.placed($0.0, positions), $0.1) }
    }

    private static func take(_ source: Source) async -> DaemonStatus {
        let subscriptions = await source.subscriptions.map(where: { _ in true }) { $0.status }
        let positions = source.semaphore.positions
        let permits = source.semaphore.census
        let dials = source.gate.census
        let configuration = await source.configuration()
        let limits = configuration.limits
        return DaemonStatus(
            run: source.run,
            pid: getpid(),
            since: source.since,
            now: WallClock.nanoseconds,
            configuration: source.path,
            logLevel: source.threshold?.level.rawValue,
            connections: .init(limit: limits.connections, held: permits.held, waiting: permits.waiting),
            perHost: limits.perHost,
            dials: .init(limit: limits.dials.concurrent, held: dials.running, waiting: dials.waiting),
            loops: source.subscriptions.countsByLoop.map { .init(subscriptions: $0) },
            sinks: source.sinks.statuses(configuration.sinks, now: SinkClock.system.now()),
            subscriptions: subscriptions.map { placed($0, positions) }
        )
    }

    private static func placed(_ status: SubscriptionStatus, _ positions: [Int: Int]) -> SubscriptionStatus {
        guard case .slot? = status.waiting else { return status }
        var status = status
        status.waiting = .slot(ahead: positions[status.ticket].map { $0 - 1 })
        return status
    }
}
