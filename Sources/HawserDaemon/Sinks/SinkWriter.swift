import Glibc
import MonotonicTime

/// The body of a sink's thread: takes batches, encodes them in slices, writes, and waits in poll(2).
struct SinkWriter<Output: SinkOutput>: ~Copyable {
    /// When the thread goes on: at a time, when a descriptor is ready, or when the wake pipe is signalled.
    private struct Wait {
        var until: Instant?
        var descriptor: Int32?
        var events: Int32 = 0
    }

    private enum Turn {
        case again
        case wait(Wait)
        case idle
        case ended(Int32)
    }

    private let queue: SinkQueue
    private let retryInterval: Duration
    private var output: Output
    private var encoder = RecordEncoder()

    /// Encoded lines, of which `written` bytes are out, and what they stand for in the queue.
    private var lines: LineBuffer
    private var written = 0
    private var linesRecords = 0
    private var linesQueuedBytes = 0
    /// The batch that is not encoded to its end.
    private var batch: RecordBatch?
    private var cursor = 0

    /// Whether a batch went out since the last time there was nothing to do.
    private var wroteSinceIdle = false

    /// The time of errors that is not over yet.
    private var troubleSince: Instant?
    private var lastError: Int32?
    private var retryAt: Instant?

    /// A slice of encoded lines; a longer line makes it longer for once.
    private static var sliceSize: Int { 256 << 10 }

    init(queue: SinkQueue, output: consuming Output, retryInterval: Duration) {
        self.queue = queue
        self.output = output
        self.retryInterval = retryInterval
        lines = LineBuffer(capacity: Self.sliceSize * 2)
    }

    /// Works until the queue is drained, its drain deadline passes, or the output ends.
    consuming func run() -> DrainReport {
        while true {
            let now = queue.clock.now()
            let deadline = queue.drainDeadline
            if let deadline, now >= deadline, hasWork { return finish(now: now, failure: nil) }
            switch turn(now: now) {
            case .again:
                continue
            case .ended(let errno):
                return finish(now: now, failure: errno)
            case .idle:
                if deadline != nil { return finish(now: now, failure: nil) }
                if wroteSinceIdle, output.gatheringTime > .zero {
                    // Nobody signals the pipe for a batch that comes meanwhile: it is found when the time is over.
                    wroteSinceIdle = false
                    let due = [output.nextDeadline(now: now), now + output.gatheringTime].compactMap { $0 }.min()
                    _ = poll(Wait(until: due), now: now)
                } else if queue.prepareToWait() {
                    var wait = Wait(until: output.nextDeadline(now: now))
                    wait.descriptor = output.watchedDescriptor
                    if poll(wait, now: now) { return finish(now: now, failure: EPIPE) }
                }
            case .wait(var wait):
                wait.until = [wait.until, deadline].compactMap { $0 }.min()
                _ = poll(wait, now: now)
            }
        }
    }

    private var hasWork: Bool {
        written < lines.count || batch != nil || queue.statistics.queuedRecords > 0
    }

    private mutating func turn(now: Instant) -> Turn {
        if let retryAt, now < retryAt { return .wait(Wait(until: retryAt)) }
        output.maintain(now: now)
        if written == lines.count {
            if !lines.isEmpty {
                let errno = output.commit(now: now)
                guard errno == 0 else { return retryLater(errno, now: now) }
                confirmLines(now: now)
            }
            fill()
            if lines.isEmpty { return .idle }
        }
        let step = lines.withBytes { bytes in
            output.write(UnsafeRawBufferPointer(rebasing: bytes[written...]), now: now)
        }
        switch step {
        case .wrote(let count):
            written += count
            return .again
        case .rewound(let count):
            written -= min(count, written)
            return .again
        case .blocked(let descriptor):
            return .wait(Wait(descriptor: descriptor, events: Int32(POLLOUT)))
        case .failing(let errno):
            return retryLater(errno, now: now)
        case .ended(let errno):
            queue.noteError(errno)
            return .ended(errno)
        }
    }

    /// Encodes what is queued until a slice is full.
    private mutating func fill() {
        while lines.count < Self.sliceSize {
            guard let batch = batch ?? queue.take() else { return }
            let start = cursor
            batch.records(from: &cursor) { record in
                encoder.append(record, of: batch.identity, to: &lines)
                linesRecords += 1
                return lines.count < Self.sliceSize
            }
            linesQueuedBytes += cursor - start
            let isEncoded = cursor >= batch.byteCount
            self.batch = isEncoded ? nil : batch
            if isEncoded { cursor = 0 }
        }
    }

    private mutating func confirmLines(now: Instant) {
        if let since = troubleSince {
            troubleSince = nil
            lastError = nil
            queue.post(.recovered(path: output.label, after: since.duration(to: now)))
        }
        queue.confirm(records: linesRecords, queuedBytes: linesQueuedBytes, writtenBytes: lines.count)
        lines.removeAll(keeping: Self.sliceSize * 8)
        wroteSinceIdle = true
        written = 0
        linesRecords = 0
        linesQueuedBytes = 0
    }

    private mutating func retryLater(_ errno: Int32, now: Instant) -> Turn {
        lastError = errno
        queue.noteError(errno)
        if troubleSince == nil {
            troubleSince = now
            let isFull = errno == ENOSPC || errno == EDQUOT
            queue.post(
                isFull
                    ? .diskFull(path: output.label, errno: errno) : .writeFailed(path: output.label, errno: errno)
            )
        }
        let next = now + retryInterval
        retryAt = next
        return .wait(Wait(until: next))
    }

    /// Waits; true if the watched descriptor's other end is gone.
    private func poll(_ wait: Wait, now: Instant) -> Bool {
        var timeout: Int32 = -1
        if let until = wait.until {
            // Rounded up: a wait that ends a fraction too early would spin.
            let nanoseconds = max(0, now.duration(to: until).saturatedNanoseconds)
            timeout = Int32(clamping: nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 == 0 ? 0 : 1))
        }
        var polled = [pollfd(fd: queue.wakePipe.descriptor, events: Int16(POLLIN), revents: 0)]
        if let descriptor = wait.descriptor {
            polled.append(pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: wait.events), revents: 0))
        }
        let ready = Glibc.poll(&polled, nfds_t(polled.count), timeout)
        guard ready > 0 else { return false }
        if polled[0].revents != 0 { queue.wakePipe.clear() }
        let gone = Int16(POLLERR) | Int16(POLLHUP) | Int16(POLLNVAL)
        return polled.count > 1 && polled[1].revents & gone != 0
    }

    /// Ends the output and counts what did not go out. A line that went out in part is left behind: a file's is cut.
    private consuming func finish(now: Instant, failure: Int32?) -> DrainReport {
        let syncError = output.close(now: now)
        let done = written
        let wholeLines = lines.withBytes { bytes in bytes[..<done].count { $0 == UInt8(ascii: "\n") } }
        if wholeLines == linesRecords {
            queue.confirm(records: linesRecords, queuedBytes: linesQueuedBytes, writtenBytes: done)
        } else {
            queue.confirm(records: wholeLines, queuedBytes: 0, writtenBytes: done)
        }
        let left = queue.statistics
        queue.close(failure: failure)
        return DrainReport(
            leftBehindRecords: left.queuedRecords,
            leftBehindBytes: left.queuedBytes,
            error: failure ?? lastError,
            syncError: syncError == 0 ? nil : syncError,
            isComplete: true
        )
    }
}
