import HawserWebSocket
import Synchronization
import Transport

/// The sinks of a configuration: opened together, drained together.
struct SinkSet: Sendable {
    /// By name.
    let sinks: [String: any Sink]
    private let journals: [String: SinkJournal]

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
        var sinks: [String: any Sink] = [:]
        var journals: [String: SinkJournal] = [:]
        for configuration in plan.configuration.sinks {
            let name = configuration.name
            let journal = SinkJournal(sink: name, logger: logger)
            journals[name] = journal
            let onEvent: @Sendable (SinkEvent) -> Void = { event in
                journal.record(event)
                if case .failed = event { onFailure(name) }
            }
            switch configuration.target {
            case .stdout:
                sinks[name] = try StdoutSink(name: name, watermarks: configuration.watermarks, onEvent: onEvent)
            case .file(let file):
                let feeding = plan.subscriptions.filter { $0.configuration.sinks.contains(name) }
                sinks[name] = try FileSink(
                    name: name,
                    options: FileSinkOptions(file),
                    watermarks: configuration.watermarks,
                    run: run,
                    subscriptions: feeding.map(\.name),
                    onEvent: onEvent
                )
                journal.opened(file.path)
            }
        }
        self.sinks = sinks
        self.journals = journals
    }

    /// Tells every loop's outlets when a sink becomes full or open.
    func report(to records: [(EventLoop, LoopBound<LoopRecords>)]) {
        for (name, sink) in sinks {
            sink.onPressureChange { [weak sink] _ in
                guard let sink else { return }
                for (loop, records) in records {
                    // Jobs from several threads may overtake each other: what holds is what is true when one runs.
                    loop.submit {
                        let pressure: SinkPressure = sink.statistics.fullSince == nil ? .open : .full
                        records.value.pressureChanged(of: name, to: pressure)
                    }
                }
            }
        }
    }

    /// Ends every sink; they write out what they have for at most `limit`, all at the same time.
    ///
    /// - Returns: whether every record was written.
    func drain(within limit: Duration) async -> Bool {
        await withTaskGroup(of: (String, DrainReport).self) { group in
            for (name, sink) in sinks {
                group.addTask { (name, await sink.drain(within: limit)) }
            }
            var isComplete = true
            for await (name, report) in group {
                let refused = sinks[name]?.statistics.refusedRecords ?? 0
                journals[name]?.drained(report, refused: refused)
                isComplete = isComplete && report.isWhole && refused == 0
            }
            return isComplete
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
