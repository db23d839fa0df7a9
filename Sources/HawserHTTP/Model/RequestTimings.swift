/// How long each part of a request took, and what it used. Times are those of the last attempt, but for the total.
public struct RequestTimings: Sendable, Hashable {
    /// In the queue of the pool.
    public var queue: Duration = .zero
    /// The name look-up; zero when the answer was at hand.
    public var dns: Duration = .zero
    /// The TCP connection; zero on one that was kept.
    public var connect: Duration = .zero
    /// The TLS handshake; zero on a connection that was kept.
    public var tls: Duration = .zero
    /// From the permit to the first byte of the answer.
    public var firstByte: Duration = .zero
    /// The whole call, all attempts included.
    public var total: Duration = .zero
    /// Whether the connection was kept from an earlier request.
    public var isReused = false
    /// How often the request was sent, at least 1 once it was.
    public var attempts = 0
    /// Bytes of content received, decompressed.
    public var receivedBytes: Int64 = 0
    /// Bytes of content sent.
    public var sentBytes: Int64 = 0
    /// The peer's address; empty if there was no connection.
    public var address = ""

    /// Nothing yet.
    public init() {}
}

/// Hears of what a client does; for logs and metrics. Called on the client's own thread or that of the request's task:
/// quickly, and without blocking.
public protocol HTTPObserver: Sendable {
    /// A request is over: with a status, or with an error.
    func requestEnded(_ request: HTTPRequest, _ outcome: Result<HTTPResponseHead, any Error>, _ timings: RequestTimings)
    /// A request will be tried again, for the `attempt`th time, after `delay`.
    func requestRetries(_ request: HTTPRequest, attempt: Int, after delay: Duration, because: RetryCause)
}
