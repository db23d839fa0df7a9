import MonotonicTime

/// Whether every event loop turns, and what systemd's watchdog is told of it. A value; time is an argument.
struct WatchdogPolicy: Sendable {
    /// What systemd is told.
    enum Verdict: Sendable, Hashable {
        /// Every loop turns.
        case alive
        /// A loop is late; it may still come.
        case late
        /// The loop with this index does not turn any more.
        case stuck(Int)
    }

    /// How often each loop has to say that it turns: four times within the time that systemd allows.
    let period: Duration
    /// Without a sign for so long a loop is late: two signs are missing.
    private let patience: Duration
    /// Without a sign for so long it is stuck, a little before systemd would find out.
    private let limit: Duration
    private var lastSigns: [Instant]
    private var lastCheck: Instant

    /// - Parameters:
    ///   - timeout: how long systemd waits for a sign of life.
    ///   - loops: how many there are.
    init(timeout: Duration, loops: Int, now: Instant) {
        period = timeout / 4
        patience = timeout / 2
        limit = timeout * 3 / 4
        lastSigns = Array(repeating: now, count: loops)
        lastCheck = now
    }

    /// The loop turns.
    mutating func turned(_ loop: Int, now: Instant) {
        if lastSigns.indices.contains(loop) { lastSigns[loop] = now }
    }

    /// Looks for a loop that is stuck; once in each period, from beside the loops.
    ///
    /// A check that comes late itself tells of a process, or a machine, that stood still: its loops get time anew.
    mutating func check(_ now: Instant) -> Verdict {
        defer { lastCheck = now }
        if lastCheck.duration(to: now) > period * 2 { lastSigns = Array(repeating: now, count: lastSigns.count) }
        return verdict(now)
    }

    /// How the loops are.
    func verdict(_ now: Instant) -> Verdict {
        var verdict = Verdict.alive
        for (index, sign) in lastSigns.enumerated() {
            let silence = sign.duration(to: now)
            if silence >= limit { return .stuck(index) }
            if silence >= patience { verdict = .late }
        }
        return verdict
    }
}
