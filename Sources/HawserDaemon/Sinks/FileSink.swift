import ConnectionLifecycle
import Glibc
import MonotonicTime

/// Appends JSON lines to a file, which it alone writes.
///
/// A file of it never holds a torn or doubled line: what a kill leaves is cut off at the next start, and after an error
/// (a full disk) writing goes on at the very byte, tried every second for as long as it takes. Records that are not
/// written out stay in the queue, which makes the sink `.full` and its feeds pause.
public final class FileSink: Sink {
    /// The name in the configuration.
    public let name: String
    private let core: QueuedSink

    /// Opens the file, cuts off a torn last line, and starts writing.
    ///
    /// If the file has content, or rotated files stand beside it, the first lines written are a gap mark for each of
    /// `subscriptions`: whatever came while no process wrote it is missing.
    ///
    /// - Parameters:
    ///   - run: this start of the process, for those marks.
    ///   - subscriptions: the names of the subscriptions that this sink receives.
    ///   - cause: why nobody wrote it, for those marks.
    ///   - onEvent: called for what belongs in the log, one call at a time, on any thread; must not block.
    public convenience init(
        name: String,
        options: FileSinkOptions,
        watermarks: Watermarks = Watermarks(),
        run: String,
        subscriptions: [String],
        cause: GapCause = .restart,
        onEvent: @escaping @Sendable (SinkEvent) -> Void
    ) throws(SinkError) {
        try self.init(
            name: name,
            options: options,
            watermarks: watermarks,
            run: run,
            subscriptions: subscriptions,
            cause: cause,
            operations: .system,
            clock: .system,
            onEvent: onEvent
        )
    }

    init(
        name: String,
        options: FileSinkOptions,
        watermarks: Watermarks,
        run: String,
        subscriptions: [String],
        cause: GapCause = .restart,
        operations: FileOperations,
        clock: SinkClock,
        onEvent: @escaping @Sendable (SinkEvent) -> Void
    ) throws(SinkError) {
        self.name = name
        let queue = try SinkError.during("make a pipe for its thread", of: options.path) { () throws(SystemError) in
            try SinkQueue(watermarks: watermarks, clock: clock, onEvent: onEvent)
        }
        let post: @Sendable (SinkEvent) -> Void = { queue.post($0) }
        let file = try RecordFile.open(options.path, operations: operations)
        var options = options
        options.path = FilePath.resolved(options.path)
        let path = FilePath(options.path)
        if options.fsync != .never { try? operations.synchronizeDirectory(path.directory) }
        if file.tornBytes > 0 { post(.tornTailCut(path: options.path, bytes: file.tornBytes)) }
        if file.hadContent || Self.hasRotatedFiles(path, operations: operations) {
            Self.offerGapMarks(
                to: queue,
                run: run,
                subscriptions: subscriptions,
                cause: cause,
                wallNanoseconds: clock.wallNanoseconds()
            )
        }
        let archive = Archive(path: path, rotation: options.rotation, operations: operations, post: post)
        let output = FileOutput(
            file,
            options: options,
            operations: operations,
            clock: clock,
            archive: archive,
            post: post
        )
        do throws(SystemError) {
            core = try QueuedSink(
                name: "hawser-\(name)",
                queue: queue,
                output: output,
                retryInterval: options.retryInterval
            )
        } catch {
            operations.close(file.descriptor)
            throw SinkError(path: options.path, problem: .system(operation: "start a thread", errno: error.errno))
        }
        archive.tidy()
    }

    /// Whether a sink could be opened on `path` now, without creating or changing anything: for `hawser check`.
    public static func check(path: String) throws(SinkError) {
        let operations = FileOperations.system
        if let status = try? operations.statusOfPath(path) {
            guard status.isRegular else { throw SinkError(path: path, problem: .notRegularFile) }
            guard access(path, R_OK | W_OK) == 0 else {
                throw SinkError(path: path, problem: .system(operation: "read and write it", errno: errno))
            }
            return
        }
        let directory = FilePath(path).directory
        guard let status = try? operations.statusOfPath(directory), status.isDirectory else {
            throw SinkError(path: path, problem: .noDirectory(directory))
        }
        guard access(directory, W_OK | X_OK) == 0 else {
            throw SinkError(path: path, problem: .system(operation: "create a file in \(directory)", errno: errno))
        }
    }

    /// Takes a batch; never blocks.
    public func offer(_ batch: RecordBatch) -> SinkPressure {
        core.queue.offer(batch)
    }

    /// Sets other watermarks.
    public func setWatermarks(_ watermarks: Watermarks) {
        core.queue.setWatermarks(watermarks)
    }

    /// Registers a handler for changes of pressure.
    public func onPressureChange(_ handler: @escaping @Sendable (SinkPressure) -> Void) {
        core.queue.onPressureChange(handler)
    }

    /// Writes what it has for at most `limit`, syncs unless the policy is `never`, and closes the file.
    public func drain(within limit: Duration) async -> DrainReport {
        await core.drain(within: limit)
    }

    /// What it has done so far.
    public var statistics: SinkStatistics {
        core.queue.statistics
    }

    private static func hasRotatedFiles(_ path: FilePath, operations: FileOperations) -> Bool {
        let names = (try? operations.names(path.directory)) ?? []
        return names.contains { RotatedFileName.parse($0, base: path.name) != nil }
    }

    private static func offerGapMarks(
        to queue: SinkQueue,
        run: String,
        subscriptions: [String],
        cause: GapCause,
        wallNanoseconds: Int64
    ) {
        var builder = RecordBatchBuilder(identity: RunIdentity(run: run, subscriptionNames: subscriptions))
        for index in subscriptions.indices {
            builder.appendMark(
                wallNanoseconds: wallNanoseconds,
                subscription: UInt32(clamping: index),
                .gap(Mark.Gap(cause: cause))
            )
        }
        if let batch = builder.seal() { _ = queue.offer(batch) }
    }
}
