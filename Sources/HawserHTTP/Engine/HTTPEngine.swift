import MonotonicTime

/// What performs exchanges: one request, one answer. It knows no redirects and no attempts; these are the client's.
///
/// From any thread, but for what `executor` runs.
protocol HTTPEngine: Sendable {
    /// Where tasks run that start one exchange after the other: without a change of thread for each.
    var executor: any TaskExecutor { get }

    /// Performs an exchange and keeps the whole content.
    ///
    /// - Throws: ``ExchangeFailure``; `CancellationError` if the task is cancelled.
    func exchange(_ request: ExchangeRequest) async throws -> ExchangeAnswer

    /// Performs an exchange up to the end of the head; the content follows through the pipe. Whoever opens it must close
    /// it.
    ///
    /// - Throws: ``ExchangeFailure``; `CancellationError` if the task is cancelled.
    func open(_ request: ExchangeRequest) async throws -> OpenExchange

    /// Waits.
    ///
    /// - Throws: `CancellationError` if the task is cancelled; ``ExchangeFailure`` if the engine is shut down.
    func wait(for delay: Duration) async throws

    /// The present on the engine's clock.
    var now: Instant { get }

    /// Ends every exchange, then the engine. Idempotent; every caller returns when it is done.
    func shutdown() async

    /// Begins to shut down; for those who cannot wait.
    func stop()
}

/// What an exchange sends.
struct ExchangeRequest: Sendable {
    enum Content: Sendable {
        case none
        case bytes([UInt8])
        case pipe(UploadPipe, length: Int64?)
    }

    var method: HTTPMethod
    var url: HTTPURL
    /// Checked, and complete but for what the engine adds itself.
    var fields: [HTTPFields.Line]
    var content = Content.none
    var timeouts: HTTPTimeouts
    /// When the time for the whole call is over.
    var end: Instant?
    /// For authentication that depends on the server's challenge.
    var digest: (user: String, password: String)?
    var proxy: HTTPProxy.Server?
    /// Not on a connection that was kept.
    var isFresh = false
    /// The most content that is kept whole.
    var limit = Int.max
}

/// How an exchange ended well.
struct ExchangeAnswer: Sendable {
    var head: ExchangeHead
    var bytes: [UInt8]
    var timings: RequestTimings
}

/// The head of an answer.
struct ExchangeHead: Sendable {
    var status: Int
    var version: String
    var block: FieldBlock
    /// Whether there is a field `Content-Encoding`.
    var isCoded = false
}

/// Why an exchange has no answer.
struct ExchangeFailure: Error {
    var kind: HTTPError.Kind
    /// The connection had been kept and turned out to be dead before a byte of the answer came: another one may do.
    var isStale = false
    var timings = RequestTimings()
}

/// An exchange whose content is being read.
struct OpenExchange: Sendable {
    let head: ExchangeHead
    let body: BodyPipe
    /// Ends the exchange, if it has not ended, and returns when nothing of it is left; with how it went.
    let close: @Sendable () async -> RequestTimings
}
