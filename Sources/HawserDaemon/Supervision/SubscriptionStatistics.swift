import ConnectionLifecycle

/// What a subscription has done so far.
public struct SubscriptionStatistics: Sendable, Hashable {
    /// Where a subscription is, in one word for a person.
    public enum Phase: String, Sendable, Hashable, CaseIterable {
        case idle, waiting
        case waitingToDial = "waiting_to_dial"
        case dialing, open, closing
        case backingOff = "backing_off"
        case paused, stopped
    }

    /// The name in the configuration.
    public var name: String
    /// Where it is.
    public var phase = Phase.idle
    /// Sessions that opened.
    public var sessions = 0
    /// Dials that did not open a session.
    public var failedDials = 0
    /// Whole messages received, in all sessions.
    public var messages: UInt64 = 0
    /// Their payload bytes.
    public var bytes: UInt64 = 0
    /// The longest time without an open session after the first one.
    public var longestGap = Duration.zero
    /// The newest end's outcome; nil before the first.
    public var outcome: Outcome?

    /// Sessions that opened after the first.
    public var reconnects: Int { max(0, sessions - 1) }

    /// Nothing done yet.
    public init(name: String) {
        self.name = name
    }
}

extension SubscriptionStatistics.Phase {
    /// The word for a machine's state.
    init(_ state: SubscriptionMachine.State) {
        switch state {
        case .idle: self = .idle
        case .waitingForSlot: self = .waiting
        case .waitingForDial: self = .waitingToDial
        case .inSession(_, .none): self = .dialing
        case .inSession: self = .open
        case .closing: self = .closing
        case .backingOff: self = .backingOff
        case .paused: self = .paused
        case .stopped: self = .stopped
        }
    }
}
