import ConnectionLifecycle
import Glibc
import HawserWebSocket
import NameResolution
import Transport

/// The service, from start to end: open the sinks, start the loops, hold every subscription, wait to be told to stop,
/// close every session, write everything out.
public struct Daemon: Sendable {
    /// How it ended.
    public struct Ending: Sendable {
        /// What the process says to whoever started it.
        public var status: ExitStatus
        /// What each subscription did.
        public var statistics: [SubscriptionStatistics]
    }

    private let plan: DaemonPlan
    private let logger: EventLogger
    private let notification: ServiceNotification
    private let stop: StopRequest

    /// A daemon for `plan`; `run` starts it, `stop` ends it.
    public init(_ plan: DaemonPlan, logger: EventLogger, notification: ServiceNotification, stop: StopRequest) {
        self.plan = plan
        self.logger = logger
        self.notification = notification
        self.stop = stop
    }

    /// Runs until a stop is requested, and returns when everything is closed.
    public func run() async -> Ending {
        let identity = RunIdentity(run: Self.makeRunName(), subscriptionNames: plan.subscriptions.map(\.name))
        logger.log(
            .info,
            .daemonStarting,
            "starting",
            [
                .version: HawserVersion.current, .run: identity.run, .subscriptions: plan.subscriptions.count,
                .connections: plan.configuration.limits.connections,
            ]
        )

        let sinks: SinkSet
        var loops: [EventLoop] = []
        do {
            sinks = try SinkSet(plan, run: identity.run, logger: logger) { [stop] name in
                stop.request(.failure("the reader of sink \(name) is gone"))
            }
        } catch {
            return fail("\(error)")
        }
        do {
            try startLoops(&loops)
            try watchSignals(on: loops)
        } catch {
            for loop in loops { await loop.shutdown() }
            _ = await sinks.drain(within: plan.configuration.drain)
            return fail("\(error)")
        }

        let resolver = NameResolver()
        let records = loops.map { loop in
            LoopBound(LoopRecords(loop: loop, identity: identity, sinks: sinks.sinks), to: loop)
        }
        sinks.report(to: Array(zip(loops, records)))
        let limits = plan.configuration.limits
        let semaphore = ConnectionSemaphore(limit: limits.connections, perHost: limits.perHost)
        let subscriptions = makeSubscriptions(on: loops, records: records, resolver: resolver, semaphore: semaphore)
        let reason = await hold(subscriptions, semaphore)

        let statistics = await StatusReporter.snapshots(of: subscriptions)
        for (loop, records) in zip(loops, records) { await loop.run { records.value.close() } }
        // The signals are watched until the drain is over: SIGHUP must not end it, and a second SIGTERM has to.
        let isComplete = await sinks.drain(within: plan.configuration.drain)
        resolver.shutdown()
        for loop in loops { await loop.shutdown() }
        return end(statistics, reason: reason, isComplete: isComplete)
    }

    // MARK: Start

    /// Those that could be started are in `loops`, also if it throws.
    private func startLoops(_ loops: inout [EventLoop]) throws(EventLoopError) {
        EventLoop.raiseDescriptorLimit()
        LibraryLog.redirect { [logger] _, line in
            logger.log(.warning, .transportError, line)
        }
        for index in 0..<plan.configuration.loops {
            loops.append(try EventLoop(name: "hawser-loop-\(index)"))
        }
    }

    private func makeSubscriptions(
        on loops: [EventLoop],
        records: [LoopBound<LoopRecords>],
        resolver: NameResolver,
        semaphore: ConnectionSemaphore
    ) -> [Subscription] {
        plan.subscriptions.map { subscription in
            let index = subscription.index % loops.count
            return Subscription(
                plan: subscription,
                surroundings: Subscription.Surroundings(
                    loop: loops[index],
                    resolver: resolver,
                    semaphore: semaphore,
                    records: records[index],
                    secrets: plan.secrets,
                    logger: logger
                )
            )
        }
    }

    /// Until the first loop ends: from then on the signals do what they would have done.
    private func watchSignals(on loops: [EventLoop]) throws(EventLoopError) {
        _ = try loops.first?.onSignal(
            [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2]
        ) { [logger, stop] signal in
            let names = [SIGHUP: "SIGHUP", SIGUSR1: "SIGUSR1", SIGUSR2: "SIGUSR2", SIGTERM: "SIGTERM"]
            let name = names[signal, default: "SIGINT"]
            switch signal {
            case SIGHUP:
                let text = "reloading is not supported yet: restart to apply a new configuration"
                logger.log(.warning, .signalIgnored, text, [.signal: name])
            case SIGUSR1, SIGUSR2:
                let text = "ignored: files that were renamed or removed are reopened without being told"
                logger.log(.warning, .signalIgnored, text, [.signal: name])
            default:
                // The second one means: now.
                if !stop.requestBySignal(name) { _exit(ExitStatus.failed.rawValue) }
            }
        }
    }

    // MARK: Work

    /// One task for each subscription; returns when a stop was requested and every session is closed.
    private func hold(_ subscriptions: [Subscription], _ semaphore: ConnectionSemaphore) async -> StopRequest.Reason {
        await withTaskGroup(of: Void.self) { group in
            for subscription in subscriptions {
                group.addTask(executorPreference: subscription.loop) { await subscription.run() }
            }
            let reporter = StatusReporter(subscriptions, logger: logger, notification: notification)
            let reporting = Task { await reporter.run() }
            logger.log(.info, .daemonReady, "ready", [.subscriptions: subscriptions.count])
            notification.send(.ready, .status("holding \(subscriptions.count) subscriptions"))

            let reason = await stop.wait()

            reporting.cancel()
            notification.send(.stopping, .status("closing every session"))
            announce(reason)
            semaphore.close()
            for subscription in subscriptions { await subscription.stop(.shutdown) }
            await group.waitForAll()
            return reason
        }
    }

    // MARK: End

    private func announce(_ reason: StopRequest.Reason) {
        switch reason {
        case .signal(let name): logger.log(.info, .daemonStopping, "stopping", [.signal: name])
        case .elapsed: logger.log(.info, .daemonStopping, "stopping: its time is over")
        case .failure(let text): logger.log(.error, .daemonStopping, "stopping: \(text)")
        }
    }

    private func end(
        _ statistics: [SubscriptionStatistics],
        reason: StopRequest.Reason,
        isComplete: Bool
    ) -> Ending {
        var status = isComplete ? ExitStatus.done : .failed
        if case .failure = reason { status = .failed }
        logger.log(
            status == .done ? .info : .error,
            .daemonStopped,
            isComplete ? "stopped: every record is written" : "stopped: records were left behind",
            [
                .receivedMessages: Int(clamping: statistics.reduce(0) { $0 + $1.messages }),
                .receivedBytes: Int(clamping: statistics.reduce(0) { $0 + $1.bytes }),
            ]
        )
        return Ending(status: status, statistics: statistics)
    }

    private func fail(_ problem: String) -> Ending {
        logger.log(.critical, .daemonFailed, problem)
        return Ending(status: .failed, statistics: [])
    }

    /// Four characters that tell this start of the process from the ones before it.
    private static func makeRunName() -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
        return String((0..<4).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] })
    }
}
