/// What happened to a subscription. One that makes no sense in its state is ignored, so late callbacks are harmless.
public enum SubscriptionEvent: Sendable, Hashable {
    /// Begin to hold the subscription.
    case started
    /// The permit queue granted what `requestPermit` asked for. Once for each grant: one that is on its way when the
    /// request is withdrawn and made again answers the new one.
    case permitGranted
    /// The dial gate released what `requestDial` asked for. Once for each release, as with permits.
    case dialReleased
    /// The session of that number is open.
    case sessionOpened(session: Int)
    /// The session of that number is over.
    case sessionEnded(session: Int, SessionEnd)
    /// `SubscriptionMachine.nextDeadline` has come. Early or late is harmless.
    case deadlineReached
    /// Another subscription of the same host has opened a session.
    case hostRecovered
    /// End the session, or the backoff, and dial afresh. Nothing while paused.
    case redialRequested
    /// End the session and hold none until resumed.
    case pauseRequested
    /// Undo the pause.
    case resumeRequested
    /// There is a new plan, with a backoff of its own: dial afresh under it, from whatever state but paused. A session
    /// that is open goes on if it may.
    case planChanged(Backoff.Policy, dispositions: DispositionTable = .standard, keepsSession: Bool)
    /// End for good, as `shutdown` or `reloaded`.
    case stopRequested(Outcome)
}

/// A retry that has been scheduled: what there is to log about it.
public struct Retry: Sendable, Hashable {
    /// From now to the request for a permit.
    public var delay: Duration
    /// Failures in a row, this one included: 1 after the first.
    public var attempt: Int
    /// What the table said.
    public var disposition: Disposition
    /// The session that ended.
    public var end: SessionEnd

    /// A retry.
    public init(delay: Duration, attempt: Int, disposition: Disposition, end: SessionEnd) {
        self.delay = delay
        self.attempt = attempt
        self.disposition = disposition
        self.end = end
    }
}

/// What the supervisor of a subscription has to do. The list is closed.
///
/// A runner may perform a list in order and feed events back while it does so: `startSession` and `closeSession` come
/// last, and a permit is released before one is requested and before `stopped`. A dial is ended before its permit is
/// released, and the host held before that.
public enum SubscriptionAction: Sendable, Hashable {
    /// Queue for a permit, at the tail; say `permitGranted` when it is granted, which may be at once. From here on the
    /// newest plan holds: nothing is left that was asked for under an older one.
    case requestPermit
    /// Leave the queue.
    case withdrawRequest
    /// Queue at the dial gate; say `dialReleased` when it is this one's turn, which may be at once.
    case requestDial
    /// Leave the queue of the dial gate.
    case withdrawDial
    /// Tell the dial gate how the dial that it released is over.
    case endDial(DialEvent.End)
    /// Tell the dial gate that the host asks to be left alone for so long.
    case holdHost(Duration)
    /// Make a session and start it. Its number counts from 1 and never repeats.
    case startSession(number: Int)
    /// Ask the session to close with this outcome.
    case closeSession(Outcome)
    /// Give the permit back.
    case releasePermit
    /// Log the retry; the timer for `nextDeadline` is armed as after every event.
    case retryScheduled(Retry)
    /// The subscription is over. Exactly once, and nothing after it.
    case stopped
}
