/// A whole HTTP response.
package struct ServerResponse: Hashable, Sendable {
    /// The status code.
    package let status: Int
    /// The media type of the content.
    package let contentType: String
    /// The content; left out of the answer to a HEAD request.
    package let content: [UInt8]

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

    /// The bytes on the wire (RFC 9112 section 4), after `padding` bytes that the caller needs in front.
    func serialized(withContent: Bool, padding: Int) -> [UInt8] {
        let head =
            "HTTP/1.1 \(status) \(reasonPhrase)\r\nContent-Type: \(contentType)\r\n"
            + "Content-Length: \(content.count)\r\nCache-Control: no-store\r\n\r\n"
        return [UInt8](repeating: 0, count: padding) + head.utf8 + (withContent ? content : [])
    }

    private var reasonPhrase: String {
        switch status {
        case 200: "OK"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 426: "Upgrade Required"
        case 503: "Service Unavailable"
        default: "Status"
        }
    }
}
