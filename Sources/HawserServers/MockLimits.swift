/// What a ``MockServer`` bears.
public struct MockLimits: Hashable, Sendable {
    /// Connections at once; more wait in the kernel's queue until one ends.
    public var connections: Int
    /// Bytes of content that `/echo` sends back; more is answered with 413. What other paths are sent is thrown away.
    public var echoedContent: Int
    /// How long a client may be silent between two requests or within one, or may read nothing of an answer.
    package var patience: Duration = .seconds(60)
    /// How long the client of a connection that ends has to close it too.
    package var lingering: Duration = .seconds(2)

    /// The defaults: 1,000 connections, 1 MiB.
    public init(connections: Int = 1000, echoedContent: Int = 1 << 20) {
        self.connections = connections
        self.echoedContent = echoedContent
    }

    /// The most of `/bytes/{n}`: 64 GiB.
    static let bytes = 64 << 30
    /// The most lines of `/stream/{n}`.
    static let lines = 1_000_000_000
    /// The longest `/delay/{ms}`, the longest time between two lines, and the longest life at `/ws/drop`: ten minutes.
    static let milliseconds = 600_000
    /// The most of `/redirect/{n}`.
    static let redirects = 1000
    /// The most of `/flaky/{n}`.
    static let failures = 1_000_000
    /// The most of `/retry-after/{s}`: a day.
    static let retrySeconds = 86_400
    /// The bytes of a `?key=`.
    static let keyLength = 200
    /// Keys of `/flaky`, and clients of `/retry-after`, that are remembered; the oldest are forgotten.
    static let keys = 10_000
    /// The most messages a second of `/ws/ticker`.
    static let rate = 10_000
    /// Bytes that may wait to be sent in a WebSocket session: four messages of the largest size.
    static let sessionQueue = 4 * ServerConnection.messageLimit
    /// Bytes of further requests that are held while one is answered.
    static let backlog = 64 << 10
}
