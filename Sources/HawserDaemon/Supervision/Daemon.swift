import ConnectionLifecycle
import Glibc
import HawserHTTP
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
        let identity = RunIdentity(
            run: Self.makeRunName(),
            subscriptionNames: plan.subscriptions.map(\.name),
            requestNames: plan.requests.map(\.name)
        )
        logger.log(
            .info,
            .daemonStarting,
            "starting",
            [
                .version: HawserVersion.current, .run: identity.run, .subscriptions: plan.subscriptions.count,
                .requests: plan.requests.count, .connections: plan.configuration.limits.connections,
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
        let gate: DialGate
        do {
            try startLoops(&loops)
            try watchSignals(on: loops)
            gate = try makeGate()
        } catch {
            for loop in loops { await loop.shutdown() }
            _ = await sinks.drain(within: plan.configuration.drain)
            return fail("\(error)")
        }

        let resolver = NameResolver(ttl: plan.configuration.http.dnsTTL)
        let records = loops.map { LoopBound(LoopRecords(loop: $0, identity: identity, sinks: sinks.sinks), to: $0) }
        sinks.report(to: Array(zip(loops, records)))
        let limits = plan.configuration.limits
        let semaphore = ConnectionSemaphore(limit: limits.connections, perHost: limits.perHost)
        let subscriptions = makeSubscriptions(on: loops, records, resolver, semaphore, gate)
        let watching = watch(loops)
        let requests: RequestSet?
        do { requests = try makeRequests(on: loops, records: records, resolver: resolver) } catch {
            stop.request(.failure("\(error)"))
            requests = nil
        }
        let reason = await hold(subscriptions, requests, semaphore, gate)

        let statistics = await subscriptions.snapshots()
        for (loop, records) in zip(loops, records) { await loop.run { records.value.close() } }
        // The signals are watched until the drain is over: SIGHUP must not end it, and a second SIGTERM has to.
        let isComplete = await sinks.drain(within: plan.configuration.drain)
        resolver.shutdown()
        watching?.cancel()
        await watching?.value
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

    /// Reads what an earlier run remembered of its dials.
    private func makeGate() throws(StartFailure) -> DialGate {
        let store = DialStore(directory: plan.configuration.state, logger: logger)
        do throws(SystemError) {
            return try DialGate(plan.configuration.limits.dials, store: store)
        } catch {
            throw StartFailure(description: "cannot start the dial gate: \(SystemError.text(error.errno))")
        }
    }

    private struct StartFailure: Error, CustomStringConvertible {
        let description: String
    }

    private func makeSubscriptions(
        on loops: [EventLoop],
        _ records: [LoopBound<LoopRecords>],
        _ resolver: NameResolver,
        _ semaphore: ConnectionSemaphore,
        _ gate: DialGate
    ) -> SubscriptionSet {
        let subscriptions = SubscriptionSet(
            plan.subscriptions,
            on: zip(loops, records).map { loop, records in
                Subscription.Surroundings(
                    loop: loop,
                    resolver: resolver,
                    semaphore: semaphore,
                    gate: gate,
                    records: records,
                    secrets: plan.secrets,
                    logger: logger
                )
            }
        )
        gate.onRecovery { subscriptions.hostRecovered($0) }
        return subscriptions
    }

    /// Their answers are few, and go through the records of the first loop.
    private func makeRequests(
        on loops: [EventLoop],
        records: [LoopBound<LoopRecords>],
        resolver: NameResolver
    ) throws(HTTPError) -> RequestSet? {
        guard let loop = loops.first, let records = records.first else { return nil }
        return try RequestSet(plan, resolver: resolver, loop: loop, records: records, logger: logger)
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

    /// Feeds systemd's watchdog until it is cancelled: also while the sinks drain, which may take longer than it waits.
    private func watch(_ loops: [EventLoop]) -> Task<Void, Never>? {
        guard let timeout = notification.watchdogTimeout else { return nil }
        let watchdog = Watchdog(loops, timeout: timeout, logger: logger) { [notification] in notification.send($0) }
        return Task { await watchdog.run() }
    }

    // MARK: Work

    /// Returns when a stop was requested and every session is closed.
    private func hold(
        _ subscriptions: SubscriptionSet,
        _ requests: RequestSet?,
        _ semaphore: ConnectionSemaphore,
        _ gate: DialGate
    ) async -> StopRequest.Reason {
        let reporter = StatusReporter(subscriptions, logger: logger, notification: notification)
        let reporting = Task { await reporter.run() }
        logger.log(.info, .daemonReady, "ready", [.subscriptions: subscriptions.count])
        notification.send(.ready, .status("holding \(subscriptions.count) subscriptions"))
        let starting = Task { await subscriptions.start() }
        requests?.start()

        let reason = await stop.wait()

        starting.cancel()
        reporting.cancel()
        notification.send(.stopping, .status("closing every session"))
        announce(reason)
        semaphore.close()
        gate.close()
        await starting.value
        await subscriptions.stop(.shutdown)
        await requests?.stop()
        await subscriptions.end()
        await gate.finish()
        return reason
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
