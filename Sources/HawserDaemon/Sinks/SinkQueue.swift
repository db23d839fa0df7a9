import Locking
import Glibc
import MonotonicTime

/// The batches between the loops and a sink's thread, its watermarks, and the order of what it has to tell.
///
/// Batches are offered from any thread; taken, and confirmed when they are written, by the sink's thread alone.
final class SinkQueue: Sendable {
    private struct State {
        /// Taken from `head` on; compacted now and then, so that taking is constant work.
        var batches: [RecordBatch?] = []
        var head = 0
        var statistics = SinkStatistics()
        var pressure = SinkPressure.open
        var watermarks: Watermarks
        var isWaitingForWork = false
        var drainDeadline: Instant?
        var handlers: [@Sendable (SinkPressure) -> Void] = []
        var notices: [Notice] = []
        var isDelivering = false
    }

    /// What is told outside the lock, in the order in which it happened.
    private enum Notice {
        case event(SinkEvent)
        case pressure(SinkPressure)
    }

    let wakePipe: WakePipe
    let clock: SinkClock
    private let onEvent: @Sendable (SinkEvent) -> Void
    private let state: OrderedMutex<State>

    init(
        watermarks: Watermarks,
        clock: SinkClock,
        onEvent: @escaping @Sendable (SinkEvent) -> Void
    ) throws(SystemError) {
        state = OrderedMutex(State(watermarks: watermarks))
        self.clock = clock
        self.onEvent = onEvent
        wakePipe = try WakePipe()
    }

    // MARK: Any thread

    var statistics: SinkStatistics {
        state.withLock { $0.statistics }
    }

    func onPressureChange(_ handler: @escaping @Sendable (SinkPressure) -> Void) {
        state.withLock { $0.handlers.append(handler) }
    }

    func offer(_ batch: RecordBatch) -> SinkPressure {
        let (answer, wakes) = state.withLock { state -> (SinkPressure, Bool) in
            guard state.pressure != .closed, state.drainDeadline == nil else {
                state.statistics.refusedRecords += UInt64(batch.recordCount)
                return (.closed, false)
            }
            state.batches.append(batch)
            state.statistics.queuedBytes += batch.byteCount
            state.statistics.queuedRecords += batch.recordCount
            let becomesFull = state.pressure == .open && state.statistics.queuedBytes >= state.watermarks.high
            if becomesFull {
                state.pressure = .full
                state.statistics.fullSince = clock.now()
                state.notices.append(.event(.blocked(queuedBytes: state.statistics.queuedBytes)))
                state.notices.append(.pressure(.full))
            }
            defer { state.isWaitingForWork = false }
            // Also while the thread gathers: nobody waits for a sink that could be writing.
            return (state.pressure, state.isWaitingForWork || becomesFull)
        }
        if wakes { wakePipe.signal() }
        if answer == .full { deliverNotices() }
        return answer
    }

    /// Sets other watermarks. A high one that is reached already counts with the next batch.
    func setWatermarks(_ watermarks: Watermarks) {
        let relieved = state.withLock { state in
            state.watermarks = watermarks
            return relieve(&state)
        }
        if relieved { deliverNotices() }
    }

    /// Tells `event`, behind all that happened before.
    func post(_ event: SinkEvent) {
        state.withLock { $0.notices.append(.event(event)) }
        deliverNotices()
    }

    /// Refuses batches from now on, and gives the thread until `deadline` for those it has. False if that was begun.
    func beginDrain(until deadline: Instant) -> Bool {
        let isFirst = state.withLock { state in
            guard state.drainDeadline == nil else { return false }
            state.drainDeadline = deadline
            return true
        }
        if isFirst { wakePipe.signal() }
        return isFirst
    }

    // MARK: The sink's thread

    /// When it must end, once it is told to.
    var drainDeadline: Instant? {
        state.withLock { $0.drainDeadline }
    }

    /// The next batch. It counts as queued until it is confirmed.
    func take() -> RecordBatch? {
        state.withLock { state in
            guard state.head < state.batches.count else { return nil }
            let batch = state.batches[state.head]
            state.batches[state.head] = nil
            state.head += 1
            if state.head == state.batches.count {
                state.batches.removeAll(keepingCapacity: true)
                state.head = 0
            } else if state.head >= 1024, state.head * 2 >= state.batches.count {
                state.batches.removeFirst(state.head)
                state.head = 0
            }
            return batch
        }
    }

    /// Makes the next `offer` signal the wake pipe. False if there is a batch already.
    func prepareToWait() -> Bool {
        state.withLock { state in
            state.isWaitingForWork = state.head == state.batches.count
            return state.isWaitingForWork
        }
    }

    /// Takes written records out of the account, and lets the feeds go on below the low watermark.
    func confirm(records: Int, queuedBytes: Int, writtenBytes: Int) {
        let relieved = state.withLock { state in
            state.statistics.queuedRecords -= records
            state.statistics.queuedBytes -= queuedBytes
            state.statistics.writtenRecords += UInt64(records)
            state.statistics.writtenBytes += UInt64(writtenBytes)
            return relieve(&state)
        }
        if relieved { deliverNotices() }
    }

    /// Opens a full sink that is at its low watermark; says whether it did.
    private func relieve(_ state: inout State) -> Bool {
        guard state.pressure == .full, state.statistics.queuedBytes <= state.watermarks.low else { return false }
        let now = clock.now()
        let fullSince = state.statistics.fullSince ?? now
        state.pressure = .open
        state.statistics.fullSince = nil
        state.notices.append(.event(.resumed(after: fullSince.duration(to: now))))
        state.notices.append(.pressure(.open))
        return true
    }

    /// Keeps the error number of a write for `statistics`.
    func noteError(_ errno: Int32) {
        state.withLock { $0.statistics.lastError = errno }
    }

    /// The thread's last word: nothing is taken any more. `failure` if it did not end because it was told to.
    func close(failure: Int32?) {
        state.withLock { state in
            state.pressure = .closed
            state.statistics.fullSince = nil
            state.batches = []
            state.head = 0
            if let failure {
                state.notices.append(.event(.failed(errno: failure)))
            }
            state.notices.append(.pressure(.closed))
        }
        deliverNotices()
    }

    // MARK: Delivery

    /// Tells what there is to tell, without the lock. Whoever comes while another thread is at it leaves it to that.
    private func deliverNotices() {
        var isFirst = true
        while true {
            let (notices, handlers) = state.withLock { state -> ([Notice], [@Sendable (SinkPressure) -> Void]) in
                if isFirst, state.isDelivering { return ([], []) }
                isFirst = false
                defer { state.notices = [] }
                state.isDelivering = !state.notices.isEmpty
                return (state.notices, state.handlers)
            }
            guard !notices.isEmpty else { return }
            for notice in notices {
                switch notice {
                case .event(let event): onEvent(event)
                case .pressure(let pressure): for handler in handlers { handler(pressure) }
                }
            }
        }
    }
}
