import MonotonicTime

/// One session, from the dial to its one end: the connection lifecycle of a WebSocket without its effects.
///
/// Feed it events, perform the actions it returns, arm one timer for `nextDeadline` after each event and say
/// `deadlineReached` when it fires.
///
/// What it guarantees, whatever the events and their order:
/// - `ended` comes exactly once after `started` or a close request, and nothing comes after it;
/// - its outcome names what began the end: an answer, a reset or a silence during the closing does not change it. The
///   one exception: a session that was well and is closed on request (`Outcome.isRequested`), and whose peer
///   does not answer our Close in time, ends as `close_timeout`, the request being its `cause`;
/// - a session asked to close ends within `hardClose`, whatever the peer and the transport do;
/// - every state between `started` and `ended` has a deadline, except `open` under `KeepAlive.Policy.off`;
/// - no ping leaves once the closing has begun.
///
/// The closing handshake (RFC 6455 section 7.1.1): the server ends the TCP connection first. After both Close frames
/// the session waits for that, at most for what is left of `close`, and then aborts.
///
/// A value with no clock, no I/O and no randomness; not shared between isolation domains.
public struct SessionMachine: Sendable {
    /// Where a session is.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// Not started.
        case idle
        /// As the stage of the same name.
        case resolving, connecting, proxying, securing, upgrading, open, closing
        /// Ended.
        case closed
    }

    /// What the closing waits for.
    enum Awaited: Hashable {
        /// The peer's answer to our Close.
        case peerClose
        /// The end of the transport after both Close frames.
        case peerEnd
        /// The end of the transport after our abort.
        case abort
    }

    struct Closing: Hashable {
        var awaited: Awaited
        var closeDeadline: Instant
        var hardDeadline: Instant
        var end: SessionEnd
    }

    enum Phase: Hashable {
        case idle
        // Out of line: thousands of sessions are open, few are dialling or closing.
        indirect case dialing(Stage, stageDeadline: Instant, dialDeadline: Instant)
        case open(since: Instant, pauseDeadline: Instant?, isPaused: Bool)
        indirect case closing(Closing)
        case closed
    }

    /// The settings it goes by.
    public let plan: SessionPlan
    let isSecure: Bool
    let usesProxy: Bool
    let needsResolution: Bool
    var phase = Phase.idle
    @usableFromInline var keepAlive: KeepAlive

    /// Nanoseconds of `lastRoundTrip`; negative before the first.
    private var lastRoundTripNanoseconds: Int64 = -1

    /// The round trip of the newest answered ping; nil before the first.
    public internal(set) var lastRoundTrip: Duration? {
        get { lastRoundTripNanoseconds < 0 ? nil : .nanoseconds(lastRoundTripNanoseconds) }
        set { lastRoundTripNanoseconds = newValue?.saturatedNanoseconds ?? -1 }
    }

    var timeouts: SessionTimeouts { plan.timeouts }

    /// A session that has not been started.
    ///
    /// - Parameters:
    ///   - isSecure: whether a TLS handshake follows the connect (`wss:`).
    ///   - usesProxy: whether a proxy is connected to, and asked for a tunnel to the target.
    ///   - needsResolution: false if the address is known, as for an IP literal or a Unix socket.
    public init(
        timeouts: SessionTimeouts = SessionTimeouts(),
        keepAlive: KeepAlive.Policy = .standard,
        isSecure: Bool,
        usesProxy: Bool = false,
        needsResolution: Bool
    ) {
        self.init(
            SessionPlan(timeouts: timeouts, keepAlive: keepAlive),
            isSecure: isSecure,
            usesProxy: usesProxy,
            needsResolution: needsResolution
        )
    }

    /// A session that has not been started, and that goes by `plan` as others may; otherwise as
    /// `init(timeouts:keepAlive:isSecure:usesProxy:needsResolution:)`.
    public init(_ plan: SessionPlan, isSecure: Bool, usesProxy: Bool = false, needsResolution: Bool) {
        self.plan = plan
        self.keepAlive = KeepAlive(plan.keepAlive)
        self.isSecure = isSecure
        self.usesProxy = usesProxy
        self.needsResolution = needsResolution
    }

    /// Where the session is now.
    public var state: State {
        switch phase {
        case .idle: .idle
        case .dialing(.resolving, _, _): .resolving
        case .dialing(.connecting, _, _): .connecting
        case .dialing(.proxying, _, _): .proxying
        case .dialing(.securing, _, _): .securing
        case .dialing: .upgrading
        case .open: .open
        case .closing: .closing
        case .closed: .closed
        }
    }

    /// When to say `deadlineReached`: the earliest of everything that is awaited. Nil when idle, closed, or open with
    /// neither keep-alive nor pause. It may come before anything is due, then it moves on.
    public var nextDeadline: Instant? {
        switch phase {
        case .idle, .closed: nil
        case .dialing(_, let stageDeadline, let dialDeadline): min(stageDeadline, dialDeadline)
        case .open(_, let pauseDeadline, _): earliest(pauseDeadline, keepAlive.nextDeadline)
        case .closing(let closing):
            closing.awaited == .abort ? closing.hardDeadline : min(closing.closeDeadline, closing.hardDeadline)
        }
    }

    /// Notes that something was read: the same as the event, without its cost. Call it once a read, not per message.
    @inlinable
    public mutating func bytesReceived(now: Instant) {
        keepAlive.bytesReceived(now: now)
    }

    /// Moves the machine by one event.
    ///
    /// - Returns: what to do, in order; empty without an allocation if there is nothing.
    public mutating func handle(_ event: SessionEvent, now: Instant) -> [SessionAction] {
        switch event {
        case .started: start(now: now)
        case .resolved: advance(to: .connecting, now: now)
        case .connected: connected(now: now)
        case .tunneled: tunneled(now: now)
        case .established: advance(to: .upgrading, now: now)
        case .upgraded: open(now: now)
        case .rejected(let status, let retryAfter): reject(status: status, retryAfter: retryAfter, now: now)
        case .dialFailed(let fault): failDial(fault, now: now)
        case .bytesReceived: bytesWereReceived(now: now)
        case .pongReceived(let id): receivePong(id, now: now)
        case .closeReceived(let code, let reason): receiveClose(code, reason, now: now)
        case .violated(let code): fail(closeCode: code, now: now)
        case .closeRequested(let outcome, let code, let reason): requestClose(outcome, code, reason, now: now)
        case .readingPaused: pauseReading(now: now)
        case .readingResumed: resumeReading(now: now)
        case .transportEnded(let end): endTransport(end, now: now)
        case .deadlineReached: reachDeadline(now: now)
        }
    }

    private mutating func bytesWereReceived(now: Instant) -> [SessionAction] {
        bytesReceived(now: now)
        return []
    }

    private func earliest(_ first: Instant?, _ second: Instant?) -> Instant? {
        guard let first else { return second }
        guard let second else { return first }
        return min(first, second)
    }
}
