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
    private let file: ConfigurationFile?
    private let threshold: LogThreshold?
    private let isLevelFromFile: Bool
    private let reloads = ReloadQueue()
    private let logger: EventLogger
    private let notification: ServiceNotification
    private let stop: StopRequest
    private let lookup: NameResolver.Source?

    /// A daemon for `plan`; `run` starts it, `stop` ends it.
    ///
    /// - Parameters:
    ///   - file: where `plan` comes from, to be read again; nil: there is nothing to reload.
    ///   - threshold: the level of `logger`, if it may be changed while the daemon runs.
    ///   - isLevelFromFile: whether a reload sets it to `log.level`.
    ///   - lookup: what is asked for addresses; the system's resolver unless given.
    public init(
        _ plan: DaemonPlan,
        file: ConfigurationFile? = nil,
        threshold: LogThreshold? = nil,
        isLevelFromFile: Bool = true,
        logger: EventLogger,
        notification: ServiceNotification,
        stop: StopRequest,
        lookup: NameResolver.Source? = nil
    ) {
        self.plan = plan
        self.file = file
        self.threshold = threshold
        self.logger = logger
        self.notification = notification
        self.stop = stop
        self.isLevelFromFile = isLevelFromFile
        self.lookup = lookup
    }

    /// Reads the file again and applies what is new in it to the running daemon; returns when that is done.
    ///
    /// From any task, any number at once: they are done one after the other. Bounded: reading and opening sinks by 30 s
    /// each, closing sessions by 3 s, writing out sinks that are removed by `shutdown.drain`.
    ///
    /// - Throws: why nothing was changed.
    public func reload() async throws(ReloadError) -> ReloadReport {
        try await reloads.request()
    }

    /// Runs until a stop is requested, and returns when everything is closed.
    public func run() async -> Ending {
        let ending = await work()
        await reloads.close()
        return ending
    }

    private func work() async -> Ending {
        let since = WallClock.nanoseconds
        let run = Self.makeRunName()
        let slots = RecordSlots(plan.sources)
        announceStart(run)

        // First of all: what a second daemon of this configuration would open is the first one's.
        let control: ControlDesk?
        do { control = try ControlDesk(plan.configuration.status, logger: logger) } catch { return fail("\(error)") }
        let sinks: SinkSet
        var loops: [EventLoop] = []
        do {
            sinks = try SinkSet(plan, run: run, logger: logger) { [stop] name in
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

        let parts = makeParts(run, slots, loops, sinks, gate)
        let watching = watch(loops)
        let reloader = makeReloader(slots, parts)
        let server = control?.serve(makeTaker(since, parts, reloader))
        let (reason, reloading) = await hold(parts, slots, reloader)
        await server?.stop()

        let statistics = await parts.subscriptions.snapshots()
        for (loop, records) in zip(loops, parts.records) { await loop.run { records.value.close() } }
        // The signals are watched until the drain is over: SIGHUP must not end it, and a second SIGTERM has to.
        let isComplete = await sinks.drain(within: reloader.plan.configuration.drain)
        await reloading.value
        parts.resolver.shutdown()
        watching?.cancel()
        await watching?.value
        for loop in loops { await loop.shutdown() }
        return end(statistics, removed: parts.subscriptions.removed, reason: reason, isComplete: isComplete)
    }

    // MARK: Start

    private func announceStart(_ run: String) {
        logger.log(
            .info,
            .daemonStarting,
            "starting",
            [
                .version: HawserVersion.current, .run: run, .subscriptions: plan.subscriptions.count,
                .requests: plan.requests.count, .connections: plan.configuration.limits.connections,
            ]
        )
    }

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

    /// Everything that works, on the loops that are there.
    private func makeParts(
        _ run: String,
        _ slots: RecordSlots,
        _ loops: [EventLoop],
        _ sinks: SinkSet,
        _ gate: DialGate
    ) -> DaemonParts {
        let identity = RunIdentity(run: run, sources: slots.sources)
        let records = loops.map { LoopBound(LoopRecords(loop: $0, identity: identity, sinks: sinks.sinks), to: $0) }
        sinks.report(to: Array(zip(loops, records)))
        let resolver = NameResolver(ttl: plan.configuration.http.dnsTTL, lookup: lookup)
        let limits = plan.configuration.limits
        let semaphore = ConnectionSemaphore(limit: limits.connections, perHost: limits.perHost)
        let requests = makeRequests(on: loops, records: records, resolver: resolver)
        let subscriptions = makeSubscriptions(
            slots,
            on: loops,
            records,
            resolver,
            semaphore,
            gate,
            requests?.credentials
        )
        return DaemonParts(
            run: run,
            loops: loops,
            records: records,
            resolver: resolver,
            sinks: sinks,
            semaphore: semaphore,
            gate: gate,
            subscriptions: subscriptions,
            requests: requests
        )
    }

    private func makeSubscriptions(
        _ slots: RecordSlots,
        on loops: [EventLoop],
        _ records: [LoopBound<LoopRecords>],
        _ resolver: NameResolver,
        _ semaphore: ConnectionSemaphore,
        _ gate: DialGate,
        _ credentials: CredentialStore?
    ) -> SubscriptionSet {
        let tickets = TicketCounter()
        let sends = plan.configuration.limits.sends
        let sendGate = sends.isEmpty ? nil : SendGate(sends)
        let outage = OutageJournal(logger: logger)
        let subscriptions = SubscriptionSet(
            plan.subscriptions,
            slots,
            on: zip(loops, records).map { loop, records in
                Subscription.Surroundings(
                    loop: loop,
                    resolver: resolver,
                    semaphore: semaphore,
                    gate: gate,
                    tickets: tickets,
                    sendGate: sendGate,
                    records: records,
                    secrets: plan.secrets,
                    credentials: credentials,
                    logger: logger,
                    outage: outage
                )
            }
        )
        gate.onRecovery { subscriptions.hostRecovered($0) }
        return subscriptions
    }

    private func makeTaker(_ since: Int64, _ parts: DaemonParts, _ reloader: Reloader) -> StatusTaker {
        StatusTaker(
            StatusTaker.Source(
                run: parts.run,
                since: since,
                path: file?.path,
                configuration: { await reloader.plan.configuration },
                subscriptions: parts.subscriptions,
                sinks: parts.sinks,
                semaphore: parts.semaphore,
                gate: parts.gate,
                reload: { [reloads] () async throws(ReloadError) in try await reloads.request() },
                threshold: threshold
            )
        )
    }

    /// Their answers are few, and go through the records of the first loop. Without a client for them the daemon ends.
    private func makeRequests(
        on loops: [EventLoop],
        records: [LoopBound<LoopRecords>],
        resolver: NameResolver
    ) -> RequestSet? {
        guard let loop = loops.first, let records = records.first else { return nil }
        do throws(HTTPError) {
            return try RequestSet(plan, resolver: resolver, loop: loop, records: records, logger: logger)
        } catch {
            stop.request(.failure("\(error)"))
            return nil
        }
    }

    private func makeReloader(_ slots: RecordSlots, _ parts: DaemonParts) -> Reloader {
        Reloader(
            plan,
            slots,
            parts,
            file: file,
            threshold: isLevelFromFile ? threshold : nil,
            queue: reloads,
            logger: logger,
            notification: notification
        )
    }

    /// Until the first loop ends: from then on the signals do what they would have done.
    private func watchSignals(on loops: [EventLoop]) throws(EventLoopError) {
        _ = try loops.first?.onSignal(
            [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2]
        ) { [logger, stop, reloads] signal in
            let names = [SIGHUP: "SIGHUP", SIGUSR1: "SIGUSR1", SIGUSR2: "SIGUSR2", SIGTERM: "SIGTERM"]
            let name = names[signal, default: "SIGINT"]
            switch signal {
            case SIGHUP:
                guard !reloads.submit() else { return }
                logger.log(.warning, .signalIgnored, "the daemon ends: nothing is reloaded", [.signal: name])
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
    ///
    /// - Returns: why; and what ends once the sinks that a reload removed have written out what they hold.
    private func hold(
        _ parts: DaemonParts,
        _ slots: RecordSlots,
        _ reloader: Reloader
    ) async -> (StopRequest.Reason, Task<Void, Never>) {
        let subscriptions = parts.subscriptions
        let reporter = StatusReporter(subscriptions, logger: logger, notification: notification)
        let reporting = Task { await reporter.run() }
        logger.log(.info, .daemonReady, "ready", [.subscriptions: subscriptions.count])
        notification.send(.ready, .status("holding \(subscriptions.count) subscriptions"))
        let starting = Task { await subscriptions.start() }
        parts.requests?.start(plan, slots)
        let reloading = Task { await reloader.run() }

        let reason = await stop.wait()

        await reloads.close()
        starting.cancel()
        reporting.cancel()
        notification.send(.stopping, .status("closing every session"))
        announce(reason)
        parts.semaphore.close()
        parts.gate.close()
        await starting.value
        await subscriptions.stop(.shutdown)
        await parts.requests?.stop()
        await subscriptions.end()
        await reloads.settle()
        await parts.gate.finish()
        return (reason, reloading)
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
        removed: (messages: UInt64, bytes: UInt64),
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
                .receivedMessages: Int(clamping: statistics.reduce(removed.messages) { $0 + $1.messages }),
                .receivedBytes: Int(clamping: statistics.reduce(removed.bytes) { $0 + $1.bytes }),
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
