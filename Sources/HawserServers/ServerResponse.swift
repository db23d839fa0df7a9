/// A whole HTTP response.
package struct ServerResponse: Hashable, Sendable {
    /// The status code.
    package let status: Int
    /// The media type of the content.
    package let contentType: String
    /// The content; left out of the answer to a HEAD request.
    package let content: [UInt8]
    /// Further fields; neither names nor values are checked.
    package var fields: [Field] = []

    /// A field line.
    package struct Field: Hashable, Sendable {
        let name: String
        let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A response with this content.
    package init(status: Int, contentType: String, content: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.content = content
    }

    /// A response of one line of text.
    package static func text(_ text: String, status: Int = 200) -> ServerResponse {
        ServerResponse(status: status, contentType: "text/plain; charset=utf-8", content: Array("\(text)\n".utf8))
    }

    /// A response of JSON text.
    static func json(_ text: String, status: Int = 200) -> ServerResponse {
        ServerResponse(status: status, contentType: "application/json", content: Array(text.utf8))
    }

    func with(_ name: String, _ value: String) -> ServerResponse {
        var response = self
        response.fields.append(Field(name, value))
        return response
    }

    /// The bytes on the wire (RFC 9112 section 4), after `padding` bytes that the caller needs in front.
    func serialized(withContent: Bool, padding: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: padding)
        append(to: &bytes, withContent: withContent, connection: nil)
        return bytes
    }

    /// Appends the bytes on the wire (RFC 9112 section 4).
    ///
    /// - Parameters:
    ///   - withContent: false in the answer to HEAD.
    ///   - connection: what the Connection field says, if it is to be there.
    func append(to output: inout [UInt8], withContent: Bool, connection: String?) {
        // 204 and 304 have no content, nor a length of it (RFC 9110 section 8.6).
        let hasContent = status != 204 && status != 304
        Self.appendHead(
            status,
            hasContent ? contentType : nil,
            (hasContent ? [Field("Content-Length", String(content.count))] : []) + fields,
            connection: connection,
            to: &output
        )
        if withContent && hasContent { output += content }
    }

    /// Appends a head, its empty line included.
    static func appendHead(
        _ status: Int,
        _ contentType: String?,
        _ fields: [Field],
        connection: String?,
        to output: inout [UInt8]
    ) {
        output += "HTTP/1.1 \(status) \(reasonPhrase(status))\r\n".utf8
        if let contentType { output += "Content-Type: \(contentType)\r\n".utf8 }
        for field in fields { output += "\(field.name): \(field.value)\r\n".utf8 }
        if let connection { output += "Connection: \(connection)\r\n".utf8 }
        output += "Cache-Control: no-store\r\n\r\n".utf8
    }

    /// The phrase of RFC 9110 section 15; `Status` for a code that has none there.
    static func reasonPhrase(_ status: Int) -> String {
        phrases[status] ?? "Status"
    }

    private static let phrases: [Int: String] = [
        200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content",
        205: "Reset Content", 206: "Partial Content", 300: "Multiple Choices", 301: "Moved Permanently", 302: "Found",
        303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect",
        400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
        405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required",
        408: "Request Timeout", 409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed",
        413: "Content Too Large", 414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable",
        417: "Expectation Failed", 418: "I'm a Teapot", 421: "Misdirected Request", 422: "Unprocessable Content",
        425: "Too Early", 426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests",
        431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons", 500: "Internal Server Error",
        501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
        505: "HTTP Version Not Supported", 507: "Insufficient Storage", 511: "Network Authentication Required",
    ]
}
