/// How a transport ended, as far as policy cares. The text for a person travels beside it.
public enum TransportEnd: Sendable, Hashable {
    /// The peer closed its side, without a TLS alert or reset.
    case eof
    /// The peer, or something on the way, reset the connection.
    case reset
    /// TLS failed below an established connection.
    case tls
    /// Another error of the operating system.
    case failed
    /// We ended it: the answer to `SessionAction.abortTransport`, or the event loop is shut down.
    case aborted
}

/// What happened to a session. One that makes no sense in the session's state is ignored, so late callbacks are
/// harmless.
public enum SessionEvent: Sendable, Hashable {
    /// Begin: the permit is held.
    case started
    /// The host's addresses are known.
    case resolved
    /// TCP, or the Unix socket, is connected; the proxy is asked for a tunnel if there is one, else the TLS handshake
    /// follows if there is one.
    case connected
    /// The proxy gave a tunnel to the target; the TLS handshake follows if there is one.
    case tunneled
    /// The connection is ready for the opening handshake: connected, and secured if it is to be. The events before
    /// this one may be left out.
    case established
    /// The opening handshake was answered with 101 and every check passed.
    case upgraded
    /// The opening handshake was answered with another status.
    case rejected(status: Int, retryAfter: Duration?)
    /// The dial failed. Before `established` this says also that nothing is left of it; in the opening handshake (the
    /// answer broke a rule) the transport is still there and will be aborted.
    case dialFailed(DialFault)
    /// Something was read. Prefer `SessionMachine.bytesReceived(now:)` on the read path.
    case bytesReceived
    /// A Pong; `id` is what our ping's payload carried, nil if it is none of ours.
    case pongReceived(id: UInt64?)
    /// A Close frame; 1005 if it had no code.
    case closeReceived(code: UInt16, reason: String)
    /// The peer broke a rule after the opening handshake; the code (1002, 1007, 1009) says which kind.
    case violated(closeCode: UInt16)
    /// End the session, in whatever state it is. `code` and `reason` go into the Close frame if there is to be one.
    case closeRequested(Outcome, code: UInt16, reason: String)
    /// Reading stopped, or goes on, because of a full sink.
    case readingPaused
    case readingResumed
    /// The transport is gone, its descriptor given back.
    case transportEnded(TransportEnd)
    /// `SessionMachine.nextDeadline` has come. Early or late is harmless.
    case deadlineReached
}

/// What the runner of a session has to do. The list is closed; no effect happens without one of these.
///
/// In each list of actions the one that may end the transport, and so lead to a nested event, comes last; `ended` comes
/// after it and is the last action of all. A runner may therefore perform a list in order and feed events back while
/// it does so.
public enum SessionAction: Sendable, Hashable {
    /// Look up, connect and secure.
    case dial
    /// Send the opening handshake's request.
    case sendUpgrade
    /// The session is open: tell whoever waits for it.
    case opened
    /// Send a Ping whose payload carries `id`.
    case sendPing(id: UInt64)
    /// Reading was paused when the closing began: read on, to find the peer's Close frame. Messages may be dropped.
    case resumeReading
    /// Send a Close frame, without a code if it is nil; after it nothing is sent any more.
    case sendClose(code: UInt16?, reason: String)
    /// Cancel the dial or abort the socket, at once and without ceremony. The runner answers with
    /// `transportEnded(.aborted)` when it is gone, which may be inside this call.
    case abortTransport
    /// The session is over. Exactly once, and nothing after it.
    case ended(SessionEnd)
}
