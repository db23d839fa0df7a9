import Locking
import NameResolution
import Transport
import WebSocketProtocol

// Re-exported, so that whoever imports this module can name what its interface is made of.
@_exported import class NameResolution.NameResolver
@_exported import class Transport.EventLoop

/// Opens WebSockets. The session lives as long as the closure that is given it, and not a moment longer.
///
/// ```swift
/// try await WebSocketClient.connect(to: "wss://feed.example/ws") { session in
///     try await session.send(#"{"op":"subscribe","channel":"trades"}"#)
///     for try await message in session.messages {
///         print(message)
///     }
/// }
/// ```
public final class WebSocketClient: Sendable {
    private let loop: EventLoop
    private let resolver: NameResolver
    private let contexts = OrderedMutex<[TLSOptions: TLSContext]>([:])
    /// Kept contexts; a client that needs more makes some of them again.
    private static let contextLimit = 16

    /// A client with an event loop of its own; end it with `shutdown()`.
    ///
    /// - Throws: `WebSocketError.loop`.
    public init() throws(WebSocketError) {
        do {
            loop = try EventLoop()
        } catch {
            throw .loop(error)
        }
        resolver = NameResolver()
    }

    /// A client on an event loop, and with a resolver, that others may use too; `shutdown()` ends both.
    public init(on loop: EventLoop, resolver: NameResolver = NameResolver()) {
        self.loop = loop
        self.resolver = resolver
    }

    /// Opens a session on a client made for it, hands it to `body`, and closes both before it returns.
    ///
    /// Each call makes and ends a thread: for more than a few sessions make one client and keep it.
    /// - Throws: `WebSocketError`, or what `body` throws.
    @discardableResult
    public static func connect<Result>(
        to url: String,
        configuration: WebSocketConfiguration = WebSocketConfiguration(),
        isolation: isolated (any Actor)? = #isolation,
        _ body: (WebSocketSession) async throws -> Result
    ) async throws -> Result {
        try await withClient { client in
            try await client.connect(to: url, configuration: configuration, body)
        }
    }

    /// Makes a client, hands it to `body`, and shuts it down before it returns, however `body` ends.
    ///
    /// - Throws: `WebSocketError.loop`, or what `body` throws.
    public static func withClient<Result>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (WebSocketClient) async throws -> Result
    ) async throws -> Result {
        let client = try WebSocketClient()
        do {
            let result = try await body(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    /// Opens a session, hands it to `body`, and closes it before it returns, however `body` ends.
    ///
    /// `body` runs where the caller is isolated. The session is closed with 1000, or with 1001 if `body` throws; that
    /// takes at most three seconds (`WebSocketConfiguration.timeouts`), and cancelling the task does not shorten it.
    /// - Throws: `WebSocketError`, or what `body` throws; `CancellationError` if the task is cancelled in the dial.
    @discardableResult
    public func connect<Result>(
        to url: String,
        configuration: WebSocketConfiguration = WebSocketConfiguration(),
        isolation: isolated (any Actor)? = #isolation,
        _ body: (WebSocketSession) async throws -> Result
    ) async throws -> Result {
        try await hold(WebSocketSession(loop: loop), to: url, configuration, body)
    }

    /// Opens a session whose messages are lent to `onMessage`, from the first to the last, and hands it to `body`; as
    /// ``connect(to:configuration:isolation:_:)-method``.
    ///
    /// `onMessage` is called as ``WebSocketSession/forEachMessage(_:)`` says: on the event loop's thread, inside the
    /// read, without a copy or an allocation. `body` then receives nothing; it may send, and wait for the end:
    ///
    /// ```swift
    /// try await client.connect(
    ///     to: url,
    ///     onMessage: { kind, payload in meter.add(payload.byteCount) }
    /// ) { session in
    ///     try await session.send("start")
    ///     try await session.waitForEnd()
    /// }
    /// ```
    @discardableResult
    public func connect<Result>(
        to url: String,
        configuration: WebSocketConfiguration = WebSocketConfiguration(),
        isolation: isolated (any Actor)? = #isolation,
        onMessage: sending @escaping (MessageKind, RawSpan) -> Void,
        _ body: (WebSocketSession) async throws -> Result
    ) async throws -> Result {
        try await hold(WebSocketSession(loop: loop, onMessage: onMessage), to: url, configuration, body)
    }

    private func hold<Result>(
        _ session: WebSocketSession,
        to url: String,
        _ configuration: WebSocketConfiguration,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (WebSocketSession) async throws -> Result
    ) async throws -> Result {
        let parsed = try Self.parse(url)
        try await session.open(
            parsed,
            tls: try context(for: parsed, configuration.tls),
            resolver: resolver,
            configuration: configuration
        )
        do {
            let result = try await body(session)
            await session.close()
            return result
        } catch {
            await session.close(code: .goingAway)
            throw error
        }
    }

    /// Closes what is still open and ends the event loop; idempotent.
    public func shutdown() async {
        resolver.shutdown()
        await loop.shutdown()
    }

    private static func parse(_ url: String) throws(WebSocketError) -> WebSocketURL {
        do { return try WebSocketURL(url) } catch { throw .url(error) }
    }

    /// The context for `options`: made once and kept, because it takes milliseconds and a TLS session is resumed only
    /// within it.
    private func context(for url: WebSocketURL, _ options: TLSOptions) throws(WebSocketError) -> TLSContext? {
        guard url.isSecure else { return nil }
        if let context = contexts.withLock({ $0[options] }) { return context }
        do {
            let context = try TLSContext(options)
            contexts.withLock { contexts in
                if contexts.count >= Self.contextLimit { contexts.removeAll() }
                contexts[options] = context
            }
            return context
        } catch {
            throw .tls(error)
        }
    }
}
