import Locking
import MonotonicTime
import NameResolution
import Synchronization
import WebSocketProtocol

/// Plain HTTP: one client for the whole application, with one pool of connections, used by any number of tasks at once.
///
/// ```swift
/// try await withHTTPClient { client in
///     let book = try await client.get("https://api.example/v1/book", query: ["symbol": "BTC"])
///     print(book.status, try book.json(as: Book.self))
/// }
/// ```
///
/// A client has a thread of its own, so no request blocks an event loop or a task. It must be shut down before it is
/// dropped; ``withHTTPClient(_:isolation:_:)`` does that on every exit.
public final class HTTPClient: Sendable {
    /// What it does for each request.
    public let configuration: HTTPConfiguration
    let engine: any HTTPEngine
    /// The configuration's, checked.
    let commonFields: [HTTPFields.Line]
    private let ownResolver: NameResolver?
    private let isShutDown = Atomic<Bool>(false)

    /// A client; end it with ``shutdown()``.
    ///
    /// - Throws: ``HTTPError`` with the kind ``HTTPError/Kind/engine(_:)`` if this machine lacks a thread, memory or
    ///   descriptors, ``HTTPError/Kind/invalidRequest(_:)`` for fields that cannot be sent.
    public init(_ configuration: HTTPConfiguration = HTTPConfiguration()) throws(HTTPError) {
        if let problem = HTTPCall.problem(of: configuration.headers.lines) {
            throw HTTPError(.invalidRequest(problem))
        }
        self.configuration = configuration
        let asksForCoding = configuration.decompresses && configuration.headers["Accept-Encoding"] == nil
        let accepted = HTTPFields.Line(name: "Accept-Encoding", value: ContentCoding.accepted)
        commonFields = configuration.headers.lines + (asksForCoding ? [accepted] : [])
        let own = configuration.resolver == nil ? NameResolver() : nil
        ownResolver = own
        do throws(ExchangeFailure) {
            engine = try CurlEngine(
                CurlEngine.Settings(
                    pool: configuration.pool,
                    tls: configuration.tls,
                    version: configuration.version,
                    cookies: configuration.cookies,
                    decompresses: configuration.decompresses,
                    headLimit: configuration.headLimit
                ),
                resolver: configuration.resolver ?? own ?? NameResolver()
            )
        } catch {
            throw HTTPError(error.kind)
        }
    }

    deinit {
        let wasShutDown = isShutDown.load(ordering: .acquiring)
        assert(wasShutDown, "an HTTPClient was dropped without shutdown()")
        if !wasShutDown { engine.stop() }
    }

    /// Ends what is under way, with ``HTTPError/Kind/shutDown``, closes every connection and ends the thread.
    /// Idempotent: every caller returns when it is done.
    public func shutdown() async {
        isShutDown.store(true, ordering: .releasing)
        ownResolver?.shutdown()
        await engine.shutdown()
    }

    /// Sends a request and returns the answer with its whole content, whatever its status.
    ///
    /// Redirects are followed and attempts repeated as the request or the configuration say.
    /// - Throws: ``HTTPError``; `CancellationError` if the task is cancelled, which ends the transfer at once.
    public func execute(_ request: HTTPRequest) async throws -> HTTPResponse {
        let call = try HTTPCall(request, self)
        do {
            let (head, answer) = try await call.run { exchange in
                let answer = try await self.engine.exchange(exchange)
                return (answer.head, answer.timings, answer)
            }
            var timings = answer.timings
            call.complete(&timings)
            configuration.observer?.requestEnded(request, .success(head), timings)
            return HTTPResponse(head: head, bytes: answer.bytes, timings: timings, method: call.method)
        } catch {
            throw call.failed(error)
        }
    }
}

/// Makes a client, hands it to `body`, and shuts it down before it returns, however `body` ends.
///
/// - Throws: ``HTTPError``, or what `body` throws.
public func withHTTPClient<Result>(
    _ configuration: HTTPConfiguration = HTTPConfiguration(),
    isolation: isolated (any Actor)? = #isolation,
    _ body: (HTTPClient) async throws -> Result
) async throws -> Result {
    let client = try HTTPClient(configuration)
    do {
        let result = try await body(client)
        await client.shutdown()
        return result
    } catch {
        await client.shutdown()
        throw error
    }
}
