/// How much of one message a connection accepts before it fails with 1009 (RFC 6455 sections 7.4.1 and 10.4).
public struct MessageLimits: Sendable, Hashable {
    /// The most payload bytes in a message, over all its fragments. Negative counts as zero.
    public var messageSize: Int
    /// The most frames in a message, empty ones included. Less than one counts as one.
    public var fragments: Int

    /// Limits; by default 4 MiB and 1,000,000 fragments.
    public init(messageSize: Int = 4 << 20, fragments: Int = 1_000_000) {
        self.messageSize = messageSize
        self.fragments = fragments
    }
}
