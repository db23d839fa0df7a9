/// An HTTP/1.1 client of blocking steps, for testing servers: what it sends is written by the test.
///
/// Confined to one thread; from an async test use it inside `onOwnThread { … }`.
public final class RawHTTPClient {
    /// A whole response.
    public struct Response: Sendable {
        /// Status line and fields.
        public var head: MessageHead
        /// The content, with the chunked coding taken off.
        public var content: [UInt8]
        /// The chunks' sizes; empty if the content was not chunked.
        public var chunks: [Int] = []

        /// The status code.
        public var status: Int { head.status }
        /// The content as text, invalid bytes replaced.
        public var text: String { String(decoding: content, as: UTF8.self) }
    }

    /// The socket, for whatever the steps below do not cover.
    public let stream: RawStream

    /// Connects over TCP; no byte is sent yet.
    public init(to address: ListenerAddress) throws(SystemCallError) {
        stream = RawStream(descriptor: try address.connect())
    }

    /// Connects to `port` of 127.0.0.1; no byte is sent yet.
    public convenience init(port: UInt16) throws(SystemCallError) {
        try self.init(to: .ipv4(port: port))
    }

    /// Sends a request; Host is added, and Content-Length if there is content.
    public func send(
        _ method: String = "GET",
        _ target: String,
        fields: [(name: String, value: String)] = [],
        content: [UInt8] = []
    ) throws(StreamError) {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for field in fields { head += "\(field.name): \(field.value)\r\n" }
        if !content.isEmpty { head += "Content-Length: \(content.count)\r\n" }
        try stream.send(Array((head + "\r\n").utf8) + content)
    }

    /// Sends text as it is.
    public func send(raw text: String) throws(StreamError) {
        try stream.send(Array(text.utf8))
    }

    /// Reads a response: by its length, by its chunks, or up to the connection's end.
    ///
    /// - Parameter toHead: the answer to HEAD, which has no content.
    public func receive(toHead: Bool = false) throws(StreamError) -> Response {
        let head = try stream.readHead()
        if toHead || head.status < 200 || head.status == 204 || head.status == 304 {
            return Response(head: head, content: [])
        }
        if head["Transfer-Encoding"]?.lowercased() == "chunked" { return try receiveChunks(head) }
        guard let field = head["Content-Length"] else { return Response(head: head, content: try readToEnd()) }
        guard let count = Int(field), count >= 0 else { throw .unexpected("Content-Length \(field)") }
        return Response(head: head, content: try read(count))
    }

    /// Sends a request and reads its response.
    public func exchange(
        _ method: String = "GET",
        _ target: String,
        fields: [(name: String, value: String)] = [],
        content: [UInt8] = []
    ) throws(StreamError) -> Response {
        try send(method, target, fields: fields, content: content)
        return try receive(toHead: method == "HEAD")
    }

    /// Reads exactly `count` bytes.
    public func read(_ count: Int) throws(StreamError) -> [UInt8] {
        try stream.fill(count, until: ContinuousClock.now + RawStream.patience, for: "\(count) bytes")
        defer { stream.consume(count) }
        return Array(stream.buffered.prefix(count))
    }

    /// Reads until the server has ended its side.
    public func readToEnd() throws(StreamError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            bytes += stream.buffered
            stream.consume(stream.buffered.count)
            do throws(StreamError) {
                try stream.receive(until: ContinuousClock.now + RawStream.patience, for: "the server's end")
            } catch {
                guard error == .endedByPeer else { throw error }
                return bytes
            }
        }
    }

    private func receiveChunks(_ head: MessageHead) throws(StreamError) -> Response {
        var response = Response(head: head, content: [])
        while true {
            let line = try readLine()
            guard let size = Int(line, radix: 16) else { throw .unexpected("chunk size '\(line)'") }
            if size == 0 { break }
            response.chunks.append(size)
            response.content += try read(size)
            guard try readLine().isEmpty else { throw .unexpected("no line break behind a chunk") }
        }
        guard try readLine().isEmpty else { throw .unexpected("a trailer") }
        return response
    }

    private func readLine() throws(StreamError) -> String {
        var line: [UInt8] = []
        while line.suffix(2) != [13, 10] { line += try read(1) }
        return String(decoding: line.dropLast(2), as: UTF8.self)
    }
}
