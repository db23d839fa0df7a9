import Locking
import MonotonicTime

/// A queue, the thread that empties it into an output, and its joined end: what every sink here consists of.
final class QueuedSink: Sendable {
    let queue: SinkQueue
    private let ended = OneShot<DrainReport>()
    private let thread: OrderedMutex<SinkThread?>

    /// How much later than its limit a drain gives up a thread that hangs in the kernel.
    private static let grace = Duration.milliseconds(500)

    /// Starts the thread.
    init(
        name: String,
        queue: SinkQueue,
        output: some SinkOutput,
        retryInterval: Duration
    ) throws(SystemError) {
        self.queue = queue
        let ended = ended
        thread = OrderedMutex(
            try SinkThread(name: name) {
                let writer = SinkWriter(queue: queue, output: output, retryInterval: retryInterval)
                ended.resolve(writer.run())
            }
        )
    }

    deinit {
        // Dropped without a drain: the thread still must not outlive its purpose.
        _ = queue.beginDrain(until: .origin)
        thread.withLock { $0.take() }?.detach()
    }

    func drain(within limit: Duration) async -> DrainReport {
        if queue.beginDrain(until: queue.clock.now() + limit) {
            let watchdog = Task.detached { [queue, ended] in
                guard (try? await Task.sleep(for: limit + Self.grace)) != nil else { return }
                let left = queue.statistics
                ended.resolve(
                    DrainReport(
                        leftBehindRecords: left.queuedRecords,
                        leftBehindBytes: left.queuedBytes,
                        error: left.lastError,
                        isComplete: false
                    )
                )
            }
            _ = await ended.value
            watchdog.cancel()
        }
        let report = await ended.value
        if let thread = thread.withLock({ $0.take() }) {
            report.isComplete ? thread.join() : thread.detach()
        }
        return report
    }
}
