/// How long each stage of a request may take; nil for as long as it takes. Each has its own error,
/// ``HTTPError/Kind/timedOut(_:after:)``, that names the stage.
public struct HTTPTimeouts: Sendable, Hashable {
    /// A stage of a request. The raw value is its name for a person.
    public enum Stage: String, Sendable, Hashable, CaseIterable {
        case connect, read, write, pool, total
    }

    /// From the permit to a connection that is ready: name look-up, TCP and TLS, and those of a proxy.
    public var connect: Duration?
    /// Between two arrivals of bytes while the answer is awaited or read. Not counted while the reader of a stream holds
    /// it back.
    public var read: Duration?
    /// Between two moments in which content could be sent. Not counted while its source has none ready.
    public var write: Duration?
    /// In the queue for a place in the pool.
    public var pool: Duration?
    /// The whole call, from its beginning to the end of the content: waiting, redirects, attempts and the delays between
    /// them.
    public var total: Duration?

    /// Timeouts; the defaults are those of the configuration.
    public init(
        connect: Duration? = .seconds(5),
        read: Duration? = .seconds(10),
        write: Duration? = .seconds(10),
        pool: Duration? = .seconds(5),
        total: Duration? = .seconds(30)
    ) {
        self.connect = connect
        self.read = read
        self.write = write
        self.pool = pool
        self.total = total
    }

    /// No limit of time at any stage.
    public static let none = HTTPTimeouts(connect: nil, read: nil, write: nil, pool: nil, total: nil)

    /// The limit of `stage`.
    public subscript(stage: Stage) -> Duration? {
        switch stage {
        case .connect: connect
        case .read: read
        case .write: write
        case .pool: pool
        case .total: total
        }
    }
}
