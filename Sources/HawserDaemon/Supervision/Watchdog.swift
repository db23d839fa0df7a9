import Glibc
import Locking
import MonotonicTime
import Transport

/// Tells systemd's watchdog (`WatchdogSec=`) that the event loops turn: from the first loop itself, and only while all the
/// others do, too. A loop that is stuck is told at once, by a task beside them, so that the service starts anew.
final class Watchdog: Sendable {
    private struct State {
        var policy: WatchdogPolicy
        var timers: [LoopBound<LoopTimer>] = []
        var hasTriggered = false
        var isOver = false
    }

    private let loops: [EventLoop]
    private let clock: SinkClock
    private let send: @Sendable (ServiceNotification.Message) -> Void
    private let logger: EventLogger
    private let state: OrderedMutex<State>
    private let period: Duration

    /// A watchdog for `loops`.
    ///
    /// - Parameters:
    ///   - timeout: how long systemd waits for a sign of life.
    ///   - send: tells systemd.
    init(
        _ loops: [EventLoop],
        timeout: Duration,
        logger: EventLogger,
        clock: SinkClock = .system,
        send: @escaping @Sendable (ServiceNotification.Message) -> Void
    ) {
        self.loops = loops
        self.clock = clock
        self.send = send
        self.logger = logger
        let policy = WatchdogPolicy(timeout: timeout, loops: loops.count, now: clock.now())
        period = policy.period
        state = OrderedMutex(State(policy: policy))
    }

    /// How long systemd waits for a sign of life of this process; nil if it does not watch it (sd_watchdog_enabled(3)).
    static func timeout(in environment: [String: String]) -> Duration? {
        if let pid = environment["WATCHDOG_PID"], pid != "\(getpid())" { return nil }
        guard let microseconds = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), microseconds > 0 else {
            return nil
        }
        // Below this the signs would be all that the loops do.
        return max(.microseconds(microseconds), .milliseconds(100))
    }

    /// Begins to watch; returns when its task is cancelled.
    func run() async {
        for index in loops.indices { await loops[index].run { self.attach(index) } }
        while (try? await Task.sleep(for: period)) != nil { triggerIfStuck() }
        state.withLock { state in
            state.isOver = true
            state.timers = []
        }
    }

    private func attach(_ index: Int) {
        let loop = loops[index]
        let timer = loop.makeTimer { [weak self] in self?.turned(index) }
        let bound = LoopBound(timer, to: loop)
        let isOver = state.withLock { state in
            if !state.isOver { state.timers.append(bound) }
            return state.isOver
        }
        if !isOver { turned(index, timer) }
    }

    private func turned(_ index: Int) {
        let timer = state.withLock { $0.timers.indices.contains(index) ? $0.timers[index] : nil }
        if let timer { turned(index, timer.value) }
    }

    /// On the loop.
    private func turned(_ index: Int, _ timer: LoopTimer) {
        let now = clock.now()
        let isAlive = state.withLock { state in
            state.policy.turned(index, now: now)
            return state.policy.verdict(now) == .alive
        }
        if index == 0, isAlive { send(.watchdog) }
        timer.arm(at: loops[index].now + period)
    }

    private func triggerIfStuck() {
        let now = clock.now()
        let stuck: Int? = state.withLock { state in
            guard case .stuck(let index) = state.policy.check(now), !state.hasTriggered else { return nil }
            state.hasTriggered = true
            return index
        }
        guard let stuck else { return }
        logger.log(
            .critical,
            .loopStuck,
            "an event loop does not turn any more: systemd is told to start anew",
            [.loop: stuck]
        )
        send(.watchdogTrigger)
    }
}
