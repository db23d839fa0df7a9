import MonotonicTime
import Transport

/// Calls `onTick` with 0, 1, 2 … at `origin` (by default now), one interval later, and so on: it does not drift, and ticks
/// that came late are made up for, up to a hundred. It begins with the first tick that is not past. Confined to the loop;
/// ends with its release.
final class FeedPace {
    /// After a longer interruption (a suspended machine) it goes on from the present.
    private static let backlog: Int64 = 100

    private let loop: EventLoop
    private let origin: Instant
    private let interval: Int64
    private let onTick: (Int64) -> Void
    private var next: Int64
    private var timer: LoopTimer?

    init(loop: EventLoop, origin: Instant? = nil, every interval: Duration, _ onTick: @escaping (Int64) -> Void) {
        self.loop = loop
        let now = loop.now
        let origin = origin ?? now
        self.origin = origin
        self.interval = max(1, interval.saturatedNanoseconds)
        self.onTick = onTick
        let passed = max(0, (now - origin).saturatedNanoseconds)
        next = passed / self.interval + (passed % self.interval == 0 ? 0 : 1)
        timer = loop.makeTimer { [weak self] in self?.fire() }
        arm()
    }

    private func fire() {
        let present = (loop.now - origin).saturatedNanoseconds / interval
        next = max(next, present - Self.backlog)
        while next <= present {
            onTick(next)
            next += 1
        }
        arm()
    }

    private func arm() {
        let (offset, overflow) = next.multipliedReportingOverflow(by: interval)
        timer?.arm(at: overflow ? nil : origin + .nanoseconds(offset))
    }
}
