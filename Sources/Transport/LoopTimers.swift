import CLibwebsockets
import MonotonicTime

/// One loop's timers: the wheel, and the one libuv timer that drives it. Confined to the loop's thread.
struct LoopTimers {
    private var wheel: TimingWheel<TimerCore>
    private var due: [TimerCore] = []
    /// What the libuv timer is set to; `nil` while it is stopped.
    private var armedFor: Instant?

    init(start: Instant) {
        wheel = TimingWheel(start: start)
    }

    mutating func arm(_ core: TimerCore, at deadline: Instant) {
        if let entry = core.entry { wheel.remove(entry) }
        core.entry = wheel.insert(core, at: deadline)
        core.isDue = false
    }

    mutating func disarm(_ core: TimerCore) {
        core.isDue = false
        guard let entry = core.entry else { return }
        core.entry = nil
        wheel.remove(entry)
    }

    /// Takes out what is due at `now`; each is marked, so that one that an earlier one cancels does not fire.
    mutating func takeDue(at now: Instant) -> [TimerCore] {
        armedFor = nil
        wheel.expire(upTo: now, into: &due)
        for core in due {
            core.entry = nil
            core.isDue = true
        }
        defer { due = [] }
        return due
    }

    /// Sets the libuv timer to the wheel's next deadline, if it is not already: once a turn, before the loop waits.
    mutating func schedule(_ timer: UnsafeMutablePointer<uv_timer_t>, now: () -> Instant, _ fire: uv_timer_cb) {
        let next = wheel.nextDeadline
        guard next != armedFor else { return }
        armedFor = next
        guard let next else {
            uv_timer_stop(timer)
            return
        }
        // libuv counts from its cached time: without this the timer would fire early and have to be set again.
        uv_update_time(timer.pointee.loop)
        let nanoseconds = max(0, (next - now()).saturatedNanoseconds)
        uv_timer_start(timer, fire, UInt64(nanoseconds / 1_000_000) + (nanoseconds % 1_000_000 == 0 ? 0 : 1), 0)
    }
}

/// The part of a ``LoopTimer`` that the wheel holds.
final class TimerCore {
    /// Whom a timer tells. An owner needs no closure, whose memory counts where there are thousands.
    enum Listener {
        case closure(() -> Void)
        case owner(Owner)

        struct Owner {
            unowned let object: any LoopTimerOwner
        }
    }

    private let listener: Listener
    var entry: TimingWheel<TimerCore>.Entry?
    /// Expired, and about to fire.
    var isDue = false

    init(_ listener: Listener) {
        self.listener = listener
    }

    func fire() {
        guard isDue else { return }
        isDue = false
        switch listener {
        case .closure(let onFire): onFire()
        case .owner(let owner): owner.object.timerFired()
        }
    }
}
