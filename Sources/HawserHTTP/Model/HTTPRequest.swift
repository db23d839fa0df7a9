import WebSocketProtocol

// Re-exported, so that whoever imports this module can name what its interface is made of.
@_exported import struct WebSocketProtocol.HTTPFields

/// One request. What is nil is taken from the client's configuration.
public struct HTTPRequest: Sendable {
    /// What to do.
    public var method: HTTPMethod
    /// With what.
    public var url: HTTPURL
    /// Fields, on top of the client's: one of the same name replaces the client's.
    public var headers: HTTPFields
    /// The content.
    public var content: HTTPContent
    /// How long each stage may take.
    public var timeouts: HTTPTimeouts?
    /// When to try again.
    public var retry: RetryPolicy?
    /// Whether to follow redirects.
    public var redirects: RedirectPolicy?
    /// Who asks.
    public var authorization: HTTPAuthorization?
    /// The way to the server.
    public var proxy: HTTPProxy?
    /// A name of your own, by which an ``HTTPObserver`` tells requests apart. It is not sent.
    public var label: String?

    /// A request.
    public init(
        _ method: HTTPMethod = .get,
        _ url: HTTPURL,
        headers: HTTPFields = HTTPFields(),
        content: HTTPContent = .none,
        timeouts: HTTPTimeouts? = nil,
        retry: RetryPolicy? = nil,
        redirects: RedirectPolicy? = nil,
        authorization: HTTPAuthorization? = nil,
        proxy: HTTPProxy? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.content = content
        self.timeouts = timeouts
        self.retry = retry
        self.redirects = redirects
        self.authorization = authorization
        self.proxy = proxy
    }

    /// A request of a URL in text, with `query` behind the one it has.
    ///
    /// - Throws: ``HTTPError`` with the kind ``HTTPError/Kind/invalidURL(_:)``.
    public init(
        _ method: HTTPMethod = .get,
        _ url: String,
        query: KeyValuePairs<String, String> = [:],
        headers: HTTPFields = HTTPFields(),
        content: HTTPContent = .none
    ) throws(HTTPError) {
        let parsed: HTTPURL
        do { parsed = try HTTPURL(url) } catch { throw HTTPError(.invalidURL(error), method: method) }
        self.init(
            method,
            parsed.adding(query: query.map { ($0.key, $0.value) }),
            headers: headers,
            content: content
        )
    }
}

extension HTTPFields: ExpressibleByDictionaryLiteral {
    /// Fields in the order in which they are written.
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { Line(name: $0.0, value: $0.1) })
    }
}
