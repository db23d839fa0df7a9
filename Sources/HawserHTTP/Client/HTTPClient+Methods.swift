import WebSocketProtocol

extension HTTPClient {
    /// GET (RFC 9110 section 9.3.1). The pairs of `query` go behind the query that the URL has.
    ///
    /// - Throws: ``HTTPError``; `CancellationError`.
    public func get(
        _ url: String,
        query: KeyValuePairs<String, String> = [:],
        headers: HTTPFields = HTTPFields()
    ) async throws -> HTTPResponse {
        try await execute(HTTPRequest(.get, url, query: query, headers: headers))
    }

    /// HEAD (RFC 9110 section 9.3.2): what GET would answer, without its content.
    ///
    /// - Throws: ``HTTPError``; `CancellationError`.
    public func head(
        _ url: String,
        query: KeyValuePairs<String, String> = [:],
        headers: HTTPFields = HTTPFields()
    ) async throws -> HTTPResponse {
        try await execute(HTTPRequest(.head, url, query: query, headers: headers))
    }

    /// OPTIONS (RFC 9110 section 9.3.7).
    ///
    /// - Throws: ``HTTPError``; `CancellationError`.
    public func options(
        _ url: String,
        query: KeyValuePairs<String, String> = [:],
        headers: HTTPFields = HTTPFields()
    ) async throws -> HTTPResponse {
        try await execute(HTTPRequest(.options, url, query: query, headers: headers))
    }

    /// DELETE (RFC 9110 section 9.3.5).
    ///
    /// - Throws: ``HTTPError``; `CancellationError`.
    public func delete(
        _ url: String,
        query: KeyValuePairs<String, String> = [:],
        headers: HTTPFields = HTTPFields(),
        content: HTTPContent = .none
    ) async throws -> HTTPResponse {
        try await execute(HTTPRequest(.delete, url, query: query, headers: headers, content: content))
    }

    /// POST (RFC 9110 section 9.3.3).
    ///
    /// - Throws: ``HTTPError``; `CancellationError`.
    public func post(
        _ url: String,
        query: KeyValuePairs<String, String> = [:],
        headers: HTTPFields = HTTPFields(),
        content: HTTPContent = .none
    ) async throws -> HTTPResponse {
        try await execute(HTTPRequest(.post, url, query: query, headers: headers, content: content))
    }

    /// POST of `json`, encoded.
    ///
    /// - Throws: ``HTTPError``; `CancellationError`; what the encoder throws.
    public func post(
        _ url: String,
        query: KeyValuePairs<String, String> = [:],
        headers: HTTPFields = HTTPFields(),
        json: some Encodable
    ) async throws -> HTTPResponse {
        try await post(url, query: query, headers: headers, content: .json(json))
    }

    /// POST of a form.
    ///
    /// - Throws: ``HTTPError``; `CancellationError`.
    public func post(
        _ url: String,
        query: KeyValuePairs<String, String> = [:],
        headers: HTTPFields = HTTPFields(),
        form: KeyValuePairs<String, String>
    ) async throws -> HTTPResponse {
        try await post(url, query: query, headers: headers, content: .form(form.map { ($0.key, $0.value) }))
    }

    /// PUT (RFC 9110 section 9.3.4).
    ///
    /// - Throws: ``HTTPError``; `CancellationError`.
    public func put(
        _ url: String,
        query: KeyValuePairs<String, String> = [:],
        headers: HTTPFields = HTTPFields(),
        content: HTTPContent
    ) async throws -> HTTPResponse {
        try await execute(HTTPRequest(.put, url, query: query, headers: headers, content: content))
    }

    /// PATCH (RFC 5789).
    ///
    /// - Throws: ``HTTPError``; `CancellationError`.
    public func patch(
        _ url: String,
        query: KeyValuePairs<String, String> = [:],
        headers: HTTPFields = HTTPFields(),
        content: HTTPContent
    ) async throws -> HTTPResponse {
        try await execute(HTTPRequest(.patch, url, query: query, headers: headers, content: content))
    }
}
