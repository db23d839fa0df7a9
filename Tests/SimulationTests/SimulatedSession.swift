import ConnectionLifecycle
import MonotonicTime

/// One session of a simulation: the production machine, and what stands on the other side of it.
final class SimulatedSession {
    let subscription: Int
    let number: Int
    let behaviour: Behaviour
    /// From here to the server, one way.
    let latency: Duration
    /// Whether an abort is reported inside the call that asks for it, as a real socket does, or a little later.
    let abortsInside: Bool
    let startedAt: Instant
    var machine: SessionMachine

    // The transport and the server.
    var transportExists = false
    var isSilent = false
    var isReadingPaused = false
    /// What arrived while reading was paused.
    var unread: [SessionEvent] = []
    var serverHeardAt = Instant.origin
    /// Whether a message has come.
    var delivered = false

    // What the checks need.
    var openedAt: Instant?
    var lastPingAt: Instant?
    var sentClose = false
    var heardClose = false
    /// The first thing that this side asked for in the open state, or before it.
    var requested: Outcome?
    /// When the end was decided: the machine came into `closing`.
    var closingSince: Instant?
    var ends: [SessionEnd] = []
    var endedAt: Instant?
    var armed: Instant?

    init(
        subscription: Int,
        number: Int,
        behaviour: Behaviour,
        latency: Duration,
        abortsInside: Bool,
        startedAt: Instant,
        machine: SessionMachine
    ) {
        self.subscription = subscription
        self.number = number
        self.behaviour = behaviour
        self.latency = latency
        self.abortsInside = abortsInside
        self.startedAt = startedAt
        self.machine = machine
    }

    var isOver: Bool { !ends.isEmpty }
}

/// One subscription of a simulation: the production machine, its host and its sessions.
final class SimulatedSubscription {
    let host: String
    var machine: SubscriptionMachine
    var session: SimulatedSession?
    var armed: Instant?
    var stops = 0
    var stopRequestedAt: Instant?
    var stoppedAt: Instant?

    init(host: String, machine: SubscriptionMachine) {
        self.host = host
        self.machine = machine
    }
}
