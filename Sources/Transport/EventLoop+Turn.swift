import CLibwebsockets

extension EventLoop {
    /// The hook before the loop waits: timers and leftovers have run since the last wait, so their effects are settled.
    func beforeWaiting() {
        settle()
        timers.schedule(handles.timer, now: Self.clock, timerFired)
        handles.spin(hasMore)
    }

    /// The hook after the loop has waited and the sockets' callbacks have run.
    func afterWaiting() {
        turnCount.add(1, ordering: .relaxed)
        sockets.readOn()
        settle()
        handles.spin(hasMore)
    }

    private func settle() {
        drain()
        callTurnEndHandlers()
        sockets.settle()
        if shutdownStep != .running { continueShutdown() }
    }

    private var hasMore: Bool {
        !jobs.isEmpty || inboxIsWaiting || !turnEndHandlers.isEmpty || sockets.hasMore || shutdownStep.isUnderWay
    }

    private func callTurnEndHandlers() {
        guard !turnEndHandlers.isEmpty else { return }
        let handlers = turnEndHandlers
        turnEndHandlers = []
        for handler in handlers { handler.turnEnded() }
        // Keeps the allocation, when no handler has asked for another turn.
        if turnEndHandlers.isEmpty {
            turnEndHandlers = handlers
            turnEndHandlers.removeAll(keepingCapacity: true)
        }
    }

    func fireTimers() {
        for core in timers.takeDue(at: now) { core.fire() }
    }
}

private func timerFired(_ timer: UnsafeMutablePointer<uv_timer_t>?) {
    guard let data = timer?.pointee.loop?.pointee.data else { return }
    // Proof: the loop's thread holds a reference for as long as it runs libuv's loop.
    Unmanaged<EventLoop>.fromOpaque(data).takeUnretainedValue().fireTimers()
}
