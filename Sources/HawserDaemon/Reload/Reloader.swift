import Dispatch
import HawserHTTP
import Locking

/// Applies the configuration file to the running daemon whenever it is asked to, one reload after the other.
///
/// A reload first reads and checks everything and opens what is new. Whatever fails until then leaves all as it was;
/// after that nothing can fail, and everything is applied.
actor Reloader {
    /// How long reading the file, or opening sinks, may take. What hangs for longer is given up.
    private static let limit = Duration.seconds(30)

    /// The configuration in force.
    private(set) var plan: DaemonPlan
    private var slots: RecordSlots
    /// Starts what reloads have added; each part of it after the one before.
    private var starting: Task<Void, Never>?

    private let parts: DaemonParts
    private let file: ConfigurationFile?
    private let threshold: LogThreshold?
    private let queue: ReloadQueue
    private let logger: EventLogger
    private let notification: ServiceNotification
    /// Whether a thread is still at what was given up.
    private let isBusy = OrderedMutex(false)

    /// - Parameters:
    ///   - plan: what `parts` were made of, with `slots`.
    ///   - file: what is read; nil: nothing can be.
    ///   - threshold: takes over `log.level`; nil: that does not come from the file.
    init(
        _ plan: DaemonPlan,
        _ slots: RecordSlots,
        _ parts: DaemonParts,
        file: ConfigurationFile?,
        threshold: LogThreshold?,
        queue: ReloadQueue,
        logger: EventLogger,
        notification: ServiceNotification
    ) {
        self.plan = plan
        self.slots = slots
        self.parts = parts
        self.file = file
        self.threshold = threshold
        self.queue = queue
        self.logger = logger
        self.notification = notification
    }

    /// Does what is asked for until the queue is closed.
    func run() async {
        while let batch = await queue.next() { batch.finish(await reload()) }
        await starting?.value
    }

    private func reload() async -> ReloadQueue.Outcome {
        logger.log(.info, .daemonReloading, "reading the configuration again", [.path: file?.path])
        notification.send(.reloading(SinkClock.system.now()), .status("reloading"))
        do throws(ReloadError) {
            let report = try await attempt()
            announce(report)
            return .success(report)
        } catch {
            announce(error)
            return .failure(error)
        }
    }

    private func attempt() async throws(ReloadError) -> ReloadReport {
        let (loaded, next) = try await read()
        loaded.logWarnings(to: logger)
        let change = ConfigurationChange(from: plan.wholeConfiguration, to: loaded.configuration)
        guard change.obstacles.isEmpty else {
            throw ReloadError(.restart, change.obstacles.map { loaded.line($0.problem, at: $0.keyPath) })
        }
        let opened = try await open(change.sinks, next, loaded)
        let client = try makeClient(next)
        guard let progress = queue.beginChange() else {
            if case .other(let client?) = client { await client.shutdown() }
            throw .stopping
        }
        // From here on nothing fails.
        let reloaded = await apply(change, next, opened, client)
        progress.applied.resolve(())
        await parts.requests?.apply(change.requests, next, slots, client)
        await parts.subscriptions.settle(reloaded)
        progress.settled.resolve(())
        await parts.changeRecords(RunIdentity(run: parts.run, sources: slots.sources), parts.sinks.sinks)
        var report = ReloadReport(change)
        report.isComplete = await parts.sinks.retire(within: next.configuration.drain)
        return report
    }

    // MARK: What may fail

    private func read() async throws(ReloadError) -> (LoadedConfiguration, DaemonPlan) {
        guard let file else { throw ReloadError(.configuration, "there is no file to be read again") }
        let result = try await onThread("reading \(file.path)") {
            Result { () throws(ConfigurationFailure) in try file.load() }
        }
        do throws(ConfigurationFailure) { return try result.get() } catch {
            throw ReloadError(.configuration, error.problems)
        }
    }

    /// Opens the sinks that are new or go to another place, all or none of them.
    private func open(
        _ change: NamedChange<SinkConfiguration>,
        _ next: DaemonPlan,
        _ loaded: LoadedConfiguration
    ) async throws(ReloadError) -> [String: SinkSet.Member] {
        let new = change.changed + change.added
        guard !new.isEmpty else { return [:] }
        let result = try await onThread("opening sinks") { [sinks = parts.sinks] in
            Result { () throws(ReloadError) in try Self.open(new, in: sinks, next, loaded) }
        }
        return try result.get()
    }

    private static func open(
        _ new: [SinkConfiguration],
        in sinks: SinkSet,
        _ next: DaemonPlan,
        _ loaded: LoadedConfiguration
    ) throws(ReloadError) -> [String: SinkSet.Member] {
        var opened: [String: SinkSet.Member] = [:]
        // Each is looked at before the first is touched: opening one creates its file.
        for isTrial in [true, false] {
            for sink in new {
                do throws(SinkError) {
                    if isTrial {
                        if case .file(let file) = sink.target { try FileSink.check(path: file.path) }
                    } else {
                        opened.merge(try sinks.open([sink], for: next, after: .reload)) { $1 }
                    }
                } catch {
                    throw ReloadError(.sink, loaded.line(error.description, at: "sinks.\(sink.name)"))
                }
            }
        }
        return opened
    }

    private func makeClient(_ next: DaemonPlan) throws(ReloadError) -> RequestSet.Client {
        guard let requests = parts.requests, !RequestSet.sharesClient(next, plan) else { return .same }
        do throws(HTTPError) { return .other(try requests.makeClient(for: next)) } catch {
            throw ReloadError(.resources, "\(error)")
        }
    }

    /// Runs `body` on a thread that it may block; gives it up after a time, or when the daemon ends.
    private func onThread<Value: Sendable>(
        _ what: String,
        _ body: @escaping @Sendable () -> Value
    ) async throws(ReloadError) -> Value {
        let wasBusy = isBusy.withLock { isBusy in
            defer { isBusy = true }
            return isBusy
        }
        guard !wasBusy else { throw ReloadError(.resources, "\(what): what an earlier reload gave up still hangs") }
        let answer = OneShot<Value?>()
        DispatchQueue.global().async {
            let value = body()
            self.isBusy.withLock { $0 = false }
            answer.resolve(value)
        }
        queue.onClose { answer.resolve(nil) }
        let clock = Task {
            if (try? await Task.sleep(for: Self.limit)) != nil { answer.resolve(nil) }
        }
        let value = await answer.value
        clock.cancel()
        queue.onClose {}
        if let value { return value }
        if queue.isClosed { throw .stopping }
        throw ReloadError(.resources, "\(what) takes longer than \(Self.limit.shortText)")
    }

    // MARK: What may not

    /// Tells every part what holds from now on.
    private func apply(
        _ change: ConfigurationChange,
        _ next: DaemonPlan,
        _ opened: [String: SinkSet.Member],
        _ client: RequestSet.Client
    ) async -> SubscriptionSet.Reloaded {
        slots.change(to: next.sources)
        if let limits = change.limits {
            parts.semaphore.setLimits(limits.connections, perHost: limits.perHost)
            if limits.dials != plan.configuration.limits.dials { parts.gate.change(limits.dials) }
        }
        if let http = change.http { parts.resolver.setTTL(http.dnsTTL) }
        if let level = change.logLevel { threshold?.level = level.swiftLog }
        let sinks = parts.sinks.apply(change.sinks, opened)
        await parts.changeRecords(RunIdentity(run: parts.run, sources: slots.sources), sinks)
        // Before anybody dials by the new plan.
        await parts.requests?.prepare(next, client)
        let reloaded = await parts.subscriptions.apply(change.subscriptions, next.subscriptions, slots)
        plan = next
        if !reloaded.added.isEmpty {
            starting = Task { [subscriptions = parts.subscriptions, earlier = starting] in
                await earlier?.value
                await subscriptions.start(reloaded.added)
            }
        }
        return reloaded
    }

    // MARK: What is said

    private func announce(_ report: ReloadReport) {
        let counts = report.subscriptions
        logger.log(
            report.isComplete ? .info : .warning,
            .daemonReloaded,
            report.summary + (report.isComplete ? "" : "; records of a sink that ended were left behind"),
            [
                .added: counts.added, .changed: counts.changed, .adjusted: counts.adjusted,
                .removed: counts.removed, .unchanged: counts.unchanged,
            ]
        )
        finish("holding \(parts.subscriptions.count) subscriptions")
    }

    private func announce(_ error: ReloadError) {
        let isStopping = error.reason == .stopping
        if !isStopping {
            for problem in error.problems { logger.log(.error, .configurationError, problem) }
        }
        logger.log(
            isStopping ? .info : .error,
            .daemonReloadFailed,
            "nothing has changed, the configuration of before is in force: \(error)",
            [.cause: error.reason.rawValue]
        )
        finish("reload failed: \(error)")
    }

    private func finish(_ status: String) {
        guard !queue.isClosed else { return }
        notification.send(.ready, .status(status))
    }
}

extension LoadedConfiguration {
    /// `problem` of the value at `keyPath`, or of what stands below it, as `hawser check` says it.
    fileprivate func line(_ problem: String, at keyPath: String) -> String {
        let below = origins.compactMap { path, origin in
            if case .file(let line, _) = origin, path.hasPrefix(keyPath + ".") { line } else { nil }
        }
        let place = location(of: keyPath) ?? below.min().map { "\(file):\($0)" } ?? file
        return ([place, "error"] + (keyPath.isEmpty ? [] : [keyPath]) + [problem]).joined(separator: ": ")
    }
}
