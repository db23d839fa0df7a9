import ConnectionLifecycle
import Dispatch
import Glibc
import Locking
import MonotonicTime

/// The dial gate of a run: a `DialGovernor` with its clock, its memory on disk, and a thread of its own.
///
/// Nobody is let through before the file says so: a process that is killed at any moment leaves behind at least the
/// dials that it made. All that are released while one write lasts share the next, so there is never a queue of writes,
/// and no loop ever waits for the disk. If the file cannot be written, or the disk hangs, dials go on and the log says so.
///
/// Usable from any thread.
final class DialGate: Sendable {
    /// Called when the dial is released, on the gate's thread; must not block.
    typealias Grant = @Sendable () -> Void

    private struct State {
        var governor: DialGovernor
        var grants: [Int: Grant] = [:]
        var due: [Grant] = []
        var recovered: [String] = []
        /// Since when there is something to write that nobody waits for.
        var staleSince: Instant?
        var onRecovery: @Sendable (String) -> Void = { _ in }
        var isClosed = false
        var isOver = false
    }

    /// What the thread does in one round.
    private struct Round {
        var grants: [Grant]
        var recovered: [String]
        var memory: DialMemory?
        var deadline: Instant?
        var onRecovery: @Sendable (String) -> Void
        var isOver: Bool
    }

    /// How long ends of dials may wait to be written: a restart meanwhile takes them for ended a little later.
    private static let writeDelay = Duration.milliseconds(200)
    /// The most that the end of the process waits for a disk that hangs.
    private static let finishLimit = Duration.seconds(1)

    private let state: OrderedMutex<State>
    private let store: DialStore?
    private let wake: WakePipe
    private let clock = SinkClock.system
    private let finished = OneShot<Void>()

    /// A gate that holds `limits`, with what is remembered in `store`, if there is one.
    init(_ limits: DialGovernor.Limits, store: DialStore?) throws(SystemError) {
        var initial = State(governor: DialGovernor(limits))
        if let store {
            initial.governor.restore(store.load(), now: clock.now())
            // Written at once: a dial that ran when the earlier process was killed is taken as ended now, and must not be
            // taken as ended still later by the next one, for ever in a crash loop.
            initial.staleSince = .origin
        }
        state = OrderedMutex(initial)
        self.store = store
        wake = try WakePipe()
        try SinkThread(name: "hawser-dials") { self.run() }.detach()
    }

    /// Says whom to tell that a host has recovered; called on the gate's thread.
    func onRecovery(_ body: @escaping @Sendable (String) -> Void) {
        state.withLock { $0.onRecovery = body }
    }

    /// Asks to dial; `grant` is called when it is this one's turn.
    ///
    /// - Returns: why it waits, if it has to.
    func request(_ id: Int, at site: DialSite, grant: @escaping Grant) -> DialWait? {
        let wait: DialWait? = state.withLock { state in
            guard !state.isClosed else { return nil }
            // One that was released before it was withdrawn keeps the release that is on its way.
            state.grants[id] = grant
            let wait = apply(.requested(id, site), to: &state)
            if state.governor.isReleased(id) { state.grants[id] = nil }
            return wait
        }
        wake.signal()
        return wait
    }

    /// Leaves the queue. A release that is already on its way still comes.
    func withdraw(_ id: Int) {
        state.withLock { state in
            state.grants[id] = nil
            _ = apply(.withdrawn(id), to: &state)
        }
    }

    /// Tells how a dial that was released is over.
    func end(_ id: Int, _ end: DialEvent.End) {
        state.withLock { state in
            state.staleSince = state.staleSince ?? clock.now()
            _ = apply(.ended(id, end), to: &state)
        }
        wake.signal()
    }

    /// Leaves `host` alone for so long.
    func hold(_ host: String, for duration: Duration) {
        state.withLock { state in
            state.staleSince = state.staleSince ?? clock.now()
            _ = apply(.held(host: host, for: duration), to: &state)
        }
        wake.signal()
    }

    /// Holds other limits from now on.
    func change(_ limits: DialGovernor.Limits) {
        state.withLock { state in
            state.staleSince = state.staleSince ?? clock.now()
            _ = perform(state.governor.change(limits, now: clock.now()), in: &state)
        }
        wake.signal()
    }

    /// Releases nobody any more, and tells nobody of recoveries: who was told holds the gate, and would never be freed.
    func close() {
        state.withLock { state in
            state.isClosed = true
            state.grants = [:]
            state.due = []
            state.onRecovery = { _ in }
        }
    }

    /// Writes the last, and ends the thread; returns when that is done, or after a second if the disk hangs.
    func finish() async {
        state.withLock { $0.isOver = true }
        wake.signal()
        let limit = DispatchTime.now() + .milliseconds(Int(Self.finishLimit.milliseconds))
        DispatchQueue.global().asyncAfter(deadline: limit) { [finished] in finished.resolve(()) }
        await finished.value
    }

    /// Dials under way, and those that wait.
    var census: (running: Int, waiting: Int) {
        state.withLock { ($0.governor.running, $0.governor.waiting) }
    }

    // MARK: The governor

    private func apply(_ event: DialEvent, to state: inout State) -> DialWait? {
        perform(state.governor.handle(event, now: clock.now()), in: &state)
    }

    private func perform(_ actions: [DialAction], in state: inout State) -> DialWait? {
        var wait: DialWait?
        for action in actions {
            switch action {
            case .release(let id):
                if let grant = state.grants.removeValue(forKey: id) { state.due.append(grant) }
            case .queued(_, let reason):
                wait = reason
            case .hostRecovered(let host):
                state.recovered.append(host)
            }
        }
        return wait
    }

    // MARK: The thread

    private func run() {
        while true {
            let round = state.withLock { nextRound(&$0) }
            if let memory = round.memory { store?.save(memory) }
            for grant in round.grants { grant() }
            for host in round.recovered { round.onRecovery(host) }
            if round.isOver {
                store?.close()
                return finished.resolve(())
            }
            wait(until: round.deadline)
        }
    }

    private func nextRound(_ state: inout State) -> Round {
        let now = clock.now()
        _ = apply(.deadlineReached, to: &state)
        var deadline = state.governor.nextDeadline
        var memory: DialMemory?
        if store != nil {
            let writeAt = state.staleSince.map { $0 + Self.writeDelay }
            if !state.due.isEmpty || state.isOver || writeAt.map({ $0 <= now }) ?? false {
                memory = state.governor.memory(at: now)
                state.staleSince = nil
            } else if let writeAt {
                deadline = min(deadline ?? writeAt, writeAt)
            }
        }
        defer {
            state.due = []
            state.recovered = []
        }
        return Round(
            grants: state.due,
            recovered: state.recovered,
            memory: memory,
            deadline: state.isClosed && store == nil ? nil : deadline,
            onRecovery: state.onRecovery,
            isOver: state.isOver
        )
    }

    private func wait(until deadline: Instant?) {
        var timeout: Int32 = -1
        if let deadline {
            // Up to the next millisecond: what is early is asked again.
            let left = max((clock.now().duration(to: deadline) + .microseconds(999)).milliseconds, 0)
            timeout = Int32(min(left, 60_000))
        }
        var watched = pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&watched, 1, timeout)
        wake.clear()
    }
}
