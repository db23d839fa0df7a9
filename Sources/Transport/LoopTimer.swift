import MonotonicTime

/// What owns a ``LoopTimer`` and hears of it. Confined to the loop's thread.
package protocol LoopTimerOwner: AnyObject {
    /// The armed instant has come.
    func timerFired()
}

/// A deadline on an event loop: `onFire` runs once, on the loop's thread, when the armed instant has come; then the
/// timer may be armed again. Fires at most about a millisecond late on an idle loop, never early.
///
/// Confined to the loop's thread, except for its release: a timer that goes away does not fire any more. The closure
/// lives as long as the timer, so it should hold its owner weakly or unowned.
public final class LoopTimer {
    private let loop: EventLoop
    private let core: TimerCore

    init(loop: EventLoop, _ listener: TimerCore.Listener) {
        self.loop = loop
        core = TimerCore(listener)
    }

    /// Sets the one deadline, in place of an earlier one; `nil` is ``cancel()``. A deadline in the past fires in the
    /// next turn, not within this call.
    public func arm(at deadline: Instant?) {
        loop.preconditionOnLoop()
        if let deadline { loop.timers.arm(core, at: deadline) } else { loop.timers.disarm(core) }
    }

    /// Takes the deadline back; harmless if there is none.
    public func cancel() {
        loop.preconditionOnLoop()
        loop.timers.disarm(core)
    }

    /// Whether a deadline is set that has not come.
    public var isArmed: Bool { core.entry != nil || core.isDue }

    deinit {
        if loop.isOnLoop {
            loop.timers.disarm(core)
        } else {
            let (loop, orphan) = (loop, LoopBound(core, to: loop))
            loop.submit { loop.timers.disarm(orphan.value) }
        }
    }
}
