import ConnectionLifecycle
import MonotonicTime

/// What lies on the disk: the dial gate's memory as it was last written.
struct SimulatedDisk {
    var memory = DialMemory()
    var clock = DialMemory.Clock(boot: "", monotonic: .origin, wall: 0)
    var wallOffset = Duration.zero
    var heldUntil: [String: Instant] = [:]
}

/// How a process ends without being asked.
enum Crash: CaseIterable {
    /// Killed, whatever the wall clock does meanwhile.
    case killed
    /// Killed, and what it wrote cannot be read.
    case killedWhileWriting
    /// The machine starts anew, and its wall clock may have gone back.
    case machineRestarted
}

/// A crash to come.
struct PlannedCrash {
    var at: Instant
    var kind: Crash
    var downtime: Duration
    /// How far the wall clock goes back meanwhile.
    var clockGoesBack: Duration
}

/// The end of the process in the middle of things, and the start of the next one: what it held is gone, nothing that was
/// on its way to it arrives, and all that is left is what lies on the disk.
extension Simulator {
    /// How long after its cause the gate's memory is written if no dial waits for it, as in the daemon.
    private static let writeDelay = Duration.milliseconds(200)

    private var clock: DialMemory.Clock {
        DialMemory.Clock(boot: "this", monotonic: now, wall: now.nanoseconds + wallOffset.saturatedNanoseconds)
    }

    /// Ends the process now, and starts another one after `downtime`.
    func crash(_ crash: Crash, downtime: Duration, clockGoesBack: Duration) {
        guard !isDown else { return }
        note("crash: \(crash)")
        isDown = true
        for subscription in subscriptions { crashedIn.insert(subscription.machine.state.name) }
        for session in sessions { session.vanish() }
        heap.removeAll { if case .script = $0 { false } else { true } }
        sessions = []
        shadowQueue = []
        announcements = []
        gated = []
        dialing = []
        releases = []
        gateArmed = nil
        isWritePending = false
        permits = PermitQueue(limit: setup.limit, perHost: setup.perHost)
        governor = DialGovernor(setup.dials)
        subscriptions = setup.hosts.map {
            SimulatedSubscription(host: $0, machine: SubscriptionMachine(backoff: setup.backoff))
        }
        at(now + downtime) { $0.restart(after: crash, clockGoesBack: clockGoesBack) }
    }

    private func restart(after crash: Crash, clockGoesBack: Duration) {
        note("start")
        isDown = false
        heldUntil = disk.heldUntil
        var written = disk.clock
        switch crash {
        case .killed:
            wallOffset -= clockGoesBack
        case .killedWhileWriting:
            disk.memory = DialMemory(assumedFull: now)
            written = clock
            heldUntil = [:]
        case .machineRestarted:
            // A clock that went ahead says that more time has passed than did: no memory can know better.
            wallOffset = disk.wallOffset - clockGoesBack
            written.boot = "earlier"
        }
        governor.restore(disk.memory.converted(from: written, to: clock), now: now)
        writeMemory()
        startAll()
    }

    /// Writes before anyone is let through, and soon after what nobody waits for.
    func remember(_ event: DialEvent, _ actions: [DialAction]) {
        let releases = actions.contains { if case .release = $0 { true } else { false } }
        if releases { return writeMemory() }
        switch event {
        case .ended, .held:
            guard !isWritePending else { return }
            isWritePending = true
            schedule(.memoryWrite, after: Self.writeDelay)
        case .requested, .withdrawn, .deadlineReached:
            break
        }
    }

    func writeMemory() {
        isWritePending = false
        disk = SimulatedDisk(
            memory: governor.memory(at: now),
            clock: clock,
            wallOffset: wallOffset,
            heldUntil: heldUntil
        )
    }
}

extension SimulatedSession {
    /// Its process is gone.
    func vanish() {
        transportExists = false
        isReadingPaused = false
        unread = []
    }
}

extension SubscriptionMachine.State {
    /// Without what belongs to it.
    fileprivate var name: String {
        switch self {
        case .idle: "idle"
        case .waitingForSlot: "waiting for a slot"
        case .waitingForDial: "waiting to dial"
        case .inSession(_, openedAt: nil): "dialing"
        case .inSession: "open"
        case .closing: "closing"
        case .backingOff: "backing off"
        case .paused: "paused"
        case .stopped: "stopped"
        }
    }
}
