/// The settings that a session's machine goes by: one object for any number of sessions with the same, whose machines
/// are the smaller for it.
public final class SessionPlan: Sendable {
    /// The deadline of each stage.
    public let timeouts: SessionTimeouts
    /// When to ping, and how long to wait for the pong.
    public let keepAlive: KeepAlive.Policy

    /// A plan of the given settings.
    public init(timeouts: SessionTimeouts = SessionTimeouts(), keepAlive: KeepAlive.Policy = .standard) {
        self.timeouts = timeouts
        self.keepAlive = keepAlive
    }
}
