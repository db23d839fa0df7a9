/// An answer whose content comes piece by piece.
public struct HTTPStreamResponse: Sendable {
    /// Status, fields, and where it came from.
    public let head: HTTPResponseHead
    /// The content, decompressed.
    public let body: HTTPBody

    /// The status code.
    public var status: Int { head.status }
    /// The field lines.
    public var headers: HTTPFields { head.headers }

    /// Throws unless the status is 200-299; up to 200 characters of the content are in the error.
    ///
    /// - Returns: itself.
    /// - Throws: ``HTTPError`` with the kind ``HTTPError/Kind/status(_:content:)``; what keeps the content from being read.
    @discardableResult
    public func checkStatus() async throws -> HTTPStreamResponse {
        guard !head.isSuccess else { return self }
        var start: [UInt8] = []
        for try await chunk in body {
            start += chunk.prefix(1024)
            if start.count >= 1024 { break }
        }
        let excerpt = String(String(decoding: start, as: UTF8.self).prefix(200))
        throw HTTPError(
            .status(status, content: excerpt),
            method: body.request.method,
            url: head.url,
            attempts: body.attempts
        )
    }
}

/// The content of an answer as chunks, as large as what has come since the last one. At most about 128 KiB wait for their
/// reader; then the server is stopped. For one reader, once.
///
/// Iterating throws ``HTTPError`` if the content does not come whole, and `CancellationError`.
public struct HTTPBody: AsyncSequence, Sendable {
    let pipe: BodyPipe
    let request: HTTPRequest
    let url: HTTPURL
    let attempts: Int

    /// Reads the chunks.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let body: HTTPBody

        /// The next chunk; nil at the end of the content.
        public mutating func next() async throws -> [UInt8]? {
            do {
                return try await body.pipe.next()
            } catch let failure as ExchangeFailure {
                throw HTTPError(failure.kind, method: body.request.method, url: body.url, attempts: body.attempts)
            }
        }
    }

    /// A reader.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: self)
    }

    /// The whole content, unless it has more than `limit` bytes.
    ///
    /// - Throws: ``HTTPError``, with the kind ``HTTPError/Kind/tooLarge(limit:)`` for more; `CancellationError`.
    public func collect(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in self {
            guard chunk.count <= limit - bytes.count else {
                throw HTTPError(.tooLarge(limit: limit), method: request.method, url: url, attempts: attempts)
            }
            bytes += chunk
        }
        return bytes
    }
}

extension HTTPClient {
    /// Sends a request and hands the answer to `body` as soon as its head is here; the content follows.
    ///
    /// When `body` ends, so does the exchange: what of the content is left is not waited for, and its connection closed.
    /// ```swift
    /// try await client.withStream(request) { response in
    ///     for try await chunk in response.body { try file.write(chunk) }
    /// }
    /// ```
    /// - Throws: ``HTTPError``, `CancellationError`, or what `body` throws.
    public func withStream<Result>(
        _ request: HTTPRequest,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (HTTPStreamResponse) async throws -> Result
    ) async throws -> Result {
        let (call, head, exchange) = try await openStream(request)
        let response = HTTPStreamResponse(
            head: head,
            body: HTTPBody(pipe: exchange.body, request: request, url: head.url, attempts: call.attempts)
        )
        do {
            let result = try await body(response)
            await close(exchange, of: call, request, .success(head))
            return result
        } catch {
            await close(exchange, of: call, request, .failure(error))
            throw error
        }
    }

    private func openStream(_ request: HTTPRequest) async throws -> (HTTPCall, HTTPResponseHead, OpenExchange) {
        let call = try HTTPCall(request, self)
        do {
            let (head, exchange) = try await call.run { request in
                let exchange = try await self.engine.open(request)
                return (exchange.head, RequestTimings(), exchange)
            }
            return (call, head, exchange)
        } catch {
            throw call.failed(error)
        }
    }

    private func close(
        _ exchange: OpenExchange,
        of call: HTTPCall,
        _ request: HTTPRequest,
        _ outcome: Result<HTTPResponseHead, any Error>
    ) async {
        var timings = await exchange.close()
        call.complete(&timings)
        configuration.observer?.requestEnded(request, outcome, timings)
    }

    /// Writes the content of an answer to a file while it comes. A file that exists is emptied first; one that could not
    /// be written whole is left as far as it came.
    ///
    /// - Parameters:
    ///   - request: what to ask for.
    ///   - path: the file.
    ///   - checksStatus: whether a status other than 200-299 is an error, and the file then left as it is.
    ///   - progress: is told after each piece how many bytes there are, and how many are expected if that is known.
    /// - Returns: the head.
    /// - Throws: ``HTTPError``, `CancellationError`, ``FileFailure``.
    @discardableResult
    public func download(
        _ request: HTTPRequest,
        to path: String,
        checksStatus: Bool = false,
        progress: (@Sendable (_ received: Int64, _ expected: Int64?) -> Void)? = nil
    ) async throws -> HTTPResponseHead {
        try await withStream(request) { response in
            if checksStatus { try await response.checkStatus() }
            let file = OpenFile(path)
            try await Blocking.run { try file.create() }
            let isEncoded = response.headers["Content-Encoding"] != nil
            let expected = isEncoded ? nil : response.headers["Content-Length"].flatMap { Int64($0) }
            var received: Int64 = 0
            for try await chunk in response.body {
                try await Blocking.run { try file.write(chunk) }
                received += Int64(chunk.count)
                progress?(received, expected)
            }
            try await Blocking.run { try file.finish() }
            return response.head
        }
    }
}
