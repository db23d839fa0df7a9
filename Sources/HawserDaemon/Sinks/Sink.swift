import MonotonicTime

/// A sink's answer to a batch.
public enum SinkPressure: Sendable, Hashable {
    /// There is room.
    case open
    /// The batch was taken, and the sink is above its high watermark: pause what feeds it until it is open again.
    case full
    /// The sink has ended, or is about to, and takes nothing; the batch's records are counted as refused.
    case closed
}

/// When a sink asks for a pause, and when it lets go. In bytes of batches that are not written out yet.
public struct Watermarks: Sendable, Hashable {
    /// At or above: full.
    public var high: Int
    /// At or below: open again.
    public var low: Int

    /// Watermarks; `low` is brought into `0...high`, `high` to at least 1.
    public init(high: Int = 8 << 20, low: Int = 2 << 20) {
        self.high = max(1, high)
        self.low = min(max(0, low), self.high)
    }
}

/// What a sink has done, and what stands in it. A snapshot.
public struct SinkStatistics: Sendable, Hashable {
    /// Bytes of batches that are not written out yet.
    public var queuedBytes = 0
    /// Records that are not written out yet.
    public var queuedRecords = 0
    /// Records written, with the sink's own marks.
    public var writtenRecords: UInt64 = 0
    /// Bytes of lines written.
    public var writtenBytes: UInt64 = 0
    /// Records offered after the sink was told to end, or had ended by itself. None of them is in the queue.
    public var refusedRecords: UInt64 = 0
    /// Since when the sink is full, on `CLOCK_MONOTONIC`; nil if it is open.
    public var fullSince: Instant?
    /// The last error number of a write, whether it is over or not.
    public var lastError: Int32?

    /// Nothing done yet.
    public init() {}
}

/// What became of a sink that was told to end.
public struct DrainReport: Sendable, Hashable {
    /// Records taken and not written: zero is a complete drain. Each is whole or missing in a file, never torn.
    public var leftBehindRecords: Int
    /// Their bytes in the queue.
    public var leftBehindBytes: Int
    /// The error number that kept them, if it was an error and not the reader's pace.
    public var error: Int32?
    /// The error number of the last sync, if it failed: what was written last may not survive a power cut.
    public var syncError: Int32?
    /// Whether the thread ended. False: it hangs in a system call on a dead device and was abandoned.
    public var isComplete: Bool

    /// Whether everything that was taken is written, and as durable as was asked for.
    public var isWhole: Bool { leftBehindRecords == 0 && syncError == nil && isComplete }
}

/// Takes batches and writes them out on a thread of its own. Every method may be called on any thread.
public protocol Sink: AnyObject, Sendable {
    /// The name in the configuration.
    var name: String { get }

    /// Takes `batch`; never blocks, never refuses while the sink lives. Batches are written in the order of the calls.
    func offer(_ batch: RecordBatch) -> SinkPressure

    /// Registers what is called when the sink becomes `.full`, `.open` again, or `.closed` for good.
    ///
    /// The calls come in the order of the changes, one at a time, on the thread of whoever caused one: a loop inside
    /// `offer`, or the sink's own. The handler only passes it on (to its loop, with `submit`). A loop that pauses on
    /// the answer of `offer` and resumes on a submitted `.open` cannot miss the relief: it is submitted after the turn
    /// that it pauses in began.
    func onPressureChange(_ handler: @escaping @Sendable (SinkPressure) -> Void)

    /// Asks for a pause, and lets go, at other marks from now on.
    func setWatermarks(_ watermarks: Watermarks)

    /// Ends the sink: writes what it has, for at most `limit`, then closes. Later batches are refused.
    ///
    /// Idempotent: every caller awaits the same end; the first limit holds. Returns within `limit` and half a second
    /// even if the device hangs, whatever the caller's cancellation.
    func drain(within limit: Duration) async -> DrainReport

    /// What it has done so far.
    var statistics: SinkStatistics { get }
}
