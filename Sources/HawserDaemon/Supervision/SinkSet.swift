import ConnectionLifecycle
import HawserWebSocket
import Locking
import MonotonicTime
import Transport

/// The sinks of a run: opened before anything is written to them, drained at the end or when a reload takes them out.
///
/// Usable from any thread.
final class SinkSet: Sendable {
    /// A sink, and who tells of it.
    struct Member: Sendable {
        let sink: any Sink
        fileprivate let journal: SinkJournal
    }

    private struct State {
        /// By name: those of the configuration.
        var members: [String: Member]
        /// Those that were taken out and have to be drained.
        var leaving: [Member] = []
        /// Who is told when a sink becomes full or open.
        var records: [(EventLoop, LoopBound<LoopRecords>)] = []
    }

    private let run: String
    private let logger: EventLogger
    private let onFailure: @Sendable (String) -> Void
    private let state: OrderedMutex<State>

    /// Opens every sink that `plan` names.
    ///
    /// - Parameter onFailure: called when a sink's reader is gone for good.
    /// - Throws: the sink that cannot be opened, and why.
    init(
        _ plan: DaemonPlan,
        run: String,
        logger: EventLogger,
        onFailure: @escaping @Sendable (String) -> Void
    ) throws(SinkError) {
        self.run = run
        self.logger = logger
        self.onFailure = onFailure
        state = OrderedMutex(State(members: [:]))
        let members = try open(plan.configuration.sinks, for: plan, after: .restart)
        state.withLock { $0.members = members }
    }

    /// Opens `configurations`, and leaves the others as they are. Those that are dropped end by themselves.
    ///
    /// - Parameters:
    ///   - plan: says what feeds them.
    ///   - cause: why messages are missing in a file that has content already.
    /// - Throws: the sink that cannot be opened, and why.
    func open(
        _ configurations: [SinkConfiguration],
        for plan: DaemonPlan,
        after cause: GapCause
    ) throws(SinkError) -> [String: Member] {
        var members: [String: Member] = [:]
        for configuration in configurations {
            let name = configuration.name
            let journal = SinkJournal(sink: name, logger: logger)
            let onEvent: @Sendable (SinkEvent) -> Void = { [onFailure] event in
                journal.record(event)
                if case .failed = event, !journal.isLeaving { onFailure(name) }
            }
            switch configuration.target {
            case .stdout:
                let sink = try StdoutSink(name: name, watermarks: configuration.watermarks, onEvent: onEvent)
                members[name] = Member(sink: sink, journal: journal)
            case .file(let file):
                let feeding = plan.subscriptions.filter { $0.configuration.sinks.contains(name) }
                let sink = try FileSink(
                    name: name,
                    options: FileSinkOptions(file),
                    watermarks: configuration.watermarks,
                    run: run,
                    subscriptions: feeding.map(\.name),
                    cause: cause,
                    onEvent: onEvent
                )
                members[name] = Member(sink: sink, journal: journal)
                journal.opened(file.path)
            }
        }
        return members
    }

    /// The sinks of the configuration, by name.
    var sinks: [String: any Sink] {
        state.withLock { $0.members.mapValues(\.sink) }
    }

    /// Takes in what was opened and sets what is adjusted, at once. What was replaced or removed waits to be drained.
    ///
    /// - Returns: the sinks of the configuration, and of those that were removed, whose feeds end only now.
    func apply(_ change: NamedChange<SinkConfiguration>, _ opened: [String: Member]) -> [String: any Sink] {
        let (sinks, records) = state.withLock { state in
            let removed = change.removed.compactMap { name in state.members.removeValue(forKey: name) }
            let replaced = change.changed.compactMap { state.members[$0.name] }
            state.leaving += removed + replaced
            state.members.merge(opened) { $1 }
            let all = (state.members.values + removed).map { ($0.sink.name, $0.sink) }
            return (Dictionary(all) { first, _ in first }, state.records)
        }
        for member in state.withLock({ $0.leaving }) { member.journal.leave() }
        for configuration in change.adjusted { sinks[configuration.name]?.setWatermarks(configuration.watermarks) }
        for member in opened.values { report(member.sink, to: records) }
        return sinks
    }

    /// Tells every loop's outlets from now on when a sink becomes full or open.
    func report(to records: [(EventLoop, LoopBound<LoopRecords>)]) {
        let sinks = state.withLock { state in
            state.records = records
            return state.members.values.map(\.sink)
        }
        for sink in sinks { report(sink, to: records) }
    }

    private func report(_ sink: any Sink, to records: [(EventLoop, LoopBound<LoopRecords>)]) {
        sink.onPressureChange { [weak sink] _ in
            guard let sink else { return }
            for (loop, records) in records {
                // Jobs from several threads may overtake each other: what holds is what is true when one runs.
                loop.submit {
                    let pressure: SinkPressure = sink.statistics.fullSince == nil ? .open : .full
                    records.value.pressureChanged(of: sink, to: pressure)
                }
            }
        }
    }

    /// Ends those that were taken out; they write out what they have for at most `limit`.
    ///
    /// - Returns: whether every record was written.
    func retire(within limit: Duration) async -> Bool {
        let leaving = state.withLock { state in
            defer { state.leaving = [] }
            return state.leaving
        }
        return await Self.drain(leaving, within: limit)
    }

    /// How each of `configurations` is at `now`.
    func statuses(_ configurations: [SinkConfiguration], now: Instant) -> [DaemonStatus.SinkStatus] {
        configurations.compactMap { configuration in
            guard let statistics = sinks[configuration.name]?.statistics else { return nil }
            return DaemonStatus.SinkStatus(
                name: configuration.name,
                path: configuration.target.path,
                watermarks: configuration.watermarks,
                statistics: statistics,
                blocked: statistics.fullSince.map { max($0.duration(to: now), .zero) }
            )
        }
    }

    /// Ends every sink; they write out what they have for at most `limit`, all at the same time.
    ///
    /// - Returns: whether every record was written.
    func drain(within limit: Duration) async -> Bool {
        let all = state.withLock { state in
            defer { state.leaving = [] }
            return state.members.values + state.leaving
        }
        return await Self.drain(all, within: limit)
    }

    private static func drain(_ members: [Member], within limit: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            for member in members {
                group.addTask {
                    let report = await member.sink.drain(within: limit)
                    let refused = member.sink.statistics.refusedRecords
                    member.journal.drained(report, refused: refused)
                    return report.isWhole && refused == 0
                }
            }
            return await group.reduce(true) { $0 && $1 }
        }
    }
}

extension FileSinkOptions {
    /// What the configuration says of a file.
    init(_ file: FileSinkConfiguration) {
        self.init(path: file.path)
        if let rotate = file.rotation {
            rotation = Rotation(
                size: rotate.size.map(Int64.init),
                every: rotate.every,
                keep: rotate.keep,
                compress: rotate.compression == .gzip
            )
        }
        switch file.fsync {
        case .never: fsync = .never
        case .batch: fsync = .batch
        case .interval(let interval): fsync = .interval(interval)
        }
    }
}
