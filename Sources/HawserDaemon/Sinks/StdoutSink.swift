/// Writes JSON lines to standard output, or to another descriptor: pipe, terminal, socket, device or file.
///
/// A slow reader makes it `.full`, and it waits for that reader as long as it takes. A reader that is gone ends it
/// (`SinkEvent.failed`), noticed even while there is nothing to write. The descriptor is neither closed nor changed.
public final class StdoutSink: Sink {
    /// The name in the configuration.
    public let name: String
    private let core: QueuedSink

    /// Starts it. Throws if `descriptor` is not open for writing, or there is no descriptor or thread to be had.
    ///
    /// - Parameter onEvent: called for what belongs in the log, one call at a time, on any thread; must not block.
    public init(
        name: String = "stdout",
        descriptor: Int32 = 1,
        watermarks: Watermarks = Watermarks(),
        onEvent: @escaping @Sendable (SinkEvent) -> Void
    ) throws(SinkError) {
        self.name = name
        do throws(SystemError) {
            let queue = try SinkQueue(watermarks: watermarks, clock: .system, onEvent: onEvent)
            let output = try DescriptorOutput(descriptor: descriptor, label: name)
            core = try QueuedSink(name: "hawser-\(name)", queue: queue, output: output, retryInterval: .seconds(1))
        } catch {
            throw SinkError(path: name, problem: .system(operation: "write to it", errno: error.errno))
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

    /// Writes what it has for at most `limit`, and ends. A line that the reader took a part of counts as left behind.
    public func drain(within limit: Duration) async -> DrainReport {
        await core.drain(within: limit)
    }

    /// What it has done so far.
    public var statistics: SinkStatistics {
        core.queue.statistics
    }
}
