import WebSocketProtocol

/// The head of an answer.
public struct HTTPResponseHead: Sendable, Hashable {
    /// 200-599, as the server sent it.
    public let status: Int
    /// `1.0`, `1.1` or `2`.
    public let version: String
    let block: FieldBlock
    /// The URL that answered: the last one of a chain of redirects.
    public let url: HTTPURL
    /// How many redirects led to it.
    public let redirects: Int

    /// The field lines, in the order in which they came. Read anew by each call: keep them if you ask for many.
    public var headers: HTTPFields { block.fields }

    /// Whether the status is 200-299.
    public var isSuccess: Bool { (200...299).contains(status) }
}

/// An answer with its whole content.
public struct HTTPResponse: Sendable {
    /// Status, fields, and where it came from.
    public let head: HTTPResponseHead
    /// The content, decompressed.
    public let bytes: [UInt8]
    /// How long each part took.
    public let timings: RequestTimings
    let method: HTTPMethod

    /// The status code.
    public var status: Int { head.status }
    /// The field lines; see ``HTTPResponseHead/headers``.
    public var headers: HTTPFields { head.headers }
    /// The URL that answered.
    public var url: HTTPURL { head.url }

    /// The content as text: UTF-8, or ISO 8859-1 if `Content-Type` says so; bytes that are not text become U+FFFD.
    public func text() -> String {
        let type = headers["Content-Type"]?.lowercased() ?? ""
        guard type.contains("charset=iso-8859-1") || type.contains("charset=\"iso-8859-1\"") else {
            return String(decoding: bytes, as: UTF8.self)
        }
        var text = ""
        text.unicodeScalars.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
        return text
    }

    /// Throws unless the status is 200-299.
    ///
    /// - Returns: itself, so that `try await client.get(url).checkStatus().text()` reads well.
    /// - Throws: ``HTTPError`` with the kind ``HTTPError/Kind/status(_:content:)``.
    @discardableResult
    public func checkStatus() throws(HTTPError) -> HTTPResponse {
        guard head.isSuccess else {
            let excerpt = String(text().prefix(200))
            throw HTTPError(
                .status(status, content: excerpt),
                method: method,
                url: url,
                attempts: timings.attempts
            )
        }
        return self
    }
}
