import NameResolution
import Transport
import WebSocketProtocol

/// Opens WebSockets. The session lives as long as the closure that is given it, and not a moment longer.
///
/// ```swift
/// try await WebSocketClient.connect(to: "wss://feed.example/ws") { session in
///     try await session.send(#"{"op":"subscribe"}"#)
///     for try await message in session.messages { print(message) }
/// }
/// ```
public final class WebSocketClient: Sendable {
    private let loop: EventLoop
    private let resolver: NameResolver

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
    /// - Throws: `WebSocketError`, or what `body` throws.
    public static func connect<Result: Sendable>(
        to url: String,
        configuration: WebSocketConfiguration = WebSocketConfiguration(),
        _ body: (WebSocketSession) async throws -> Result
    ) async throws -> Result {
        let client = try WebSocketClient()
        do {
            let result = try await client.connect(to: url, configuration: configuration, body)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }

    /// Opens a session, hands it to `body`, and closes it before it returns, however `body` ends.
    ///
    /// - Throws: `WebSocketError`, or what `body` throws.
    public func connect<Result: Sendable>(
        to url: String,
        configuration: WebSocketConfiguration = WebSocketConfiguration(),
        _ body: (WebSocketSession) async throws -> Result
    ) async throws -> Result {
        let parsed = try Self.parse(url)
        let session = WebSocketSession(loop: loop)
        try await session.open(
            parsed,
            tls: try Self.context(for: parsed, configuration.tls),
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

    private static func context(for url: WebSocketURL, _ options: TLSOptions) throws(WebSocketError) -> TLSContext? {
        guard url.isSecure else { return nil }
        do { return try TLSContext(options) } catch { throw .tls(error) }
    }
}
