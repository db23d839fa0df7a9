/// How many connections a client may have.
public struct HTTPPoolLimits: Sendable, Hashable {
    /// Requests under way at once, at least 1; each has at most one connection, so this bounds these too.
    public var maxConnections: Int
    /// The same for each origin (scheme, host and port), at least 1.
    public var maxPerHost: Int
    /// Idle connections that are kept for further requests.
    public var maxKeepalive: Int
    /// How long an idle connection is kept, in whole seconds, at least one; it is closed when its place is wanted, or when
    /// the server closes it.
    public var keepaliveExpiry: Duration

    /// Limits; numbers below the least are taken as the least.
    public init(
        maxConnections: Int = 100,
        maxPerHost: Int = 20,
        maxKeepalive: Int = 20,
        keepaliveExpiry: Duration = .seconds(30)
    ) {
        self.maxConnections = max(1, maxConnections)
        self.maxPerHost = max(1, maxPerHost)
        self.maxKeepalive = max(0, maxKeepalive)
        self.keepaliveExpiry = max(.zero, keepaliveExpiry)
    }
}
