/// A request as a server saw it.
public struct ServedRequest {
    /// Its head.
    public let head: MessageHead
    /// Its content, without framing.
    public let content: [UInt8]
    /// The number of the connection, from 1 on.
    public let connection: Int
    /// The number of the request on its connection, from 1 on.
    public let index: Int

    /// The content as text.
    public var text: String { String(decoding: content, as: UTF8.self) }
}

/// A server of HTTP/1.1 that keeps connections and leaves what it answers to `handler`, which sends it itself.
public func plainServer(
    _ handler: @escaping @Sendable (ServedRequest, FaultConnection) throws -> Void
) throws -> FaultServer {
    try FaultServer { connection in
        var index = 0
        while true {
            let head = try connection.stream.readHead()
            index += 1
            let content = try connection.readContent(of: head)
            try handler(
                ServedRequest(head: head, content: content, connection: connection.number, index: index),
                connection
            )
        }
    }
}

extension FaultServer {
    /// The URL of `target` on this server.
    public func http(_ target: String = "/") -> String {
        "http://\(url(target).dropFirst("ws://".count))"
    }
}

extension FaultConnection {
    /// Answers with a whole content.
    public func answer(_ status: Int = 200, _ fields: [(String, String)] = [], _ body: String = "") throws {
        try answer(status, fields, Array(body.utf8))
    }

    /// Answers with a whole content.
    public func answer(_ status: Int = 200, _ fields: [(String, String)], _ body: [UInt8]) throws {
        var head = "HTTP/1.1 \(status) Words\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        try send(Array("\(head)Content-Length: \(body.count)\r\n\r\n".utf8) + body)
    }

    /// The content that `head` announces, without its framing.
    public func readContent(of head: MessageHead) throws -> [UInt8] {
        if head["Transfer-Encoding"] == "chunked" { return try readChunks() }
        let count = head["Content-Length"].flatMap { Int($0) } ?? 0
        return try take(count)
    }

    private func readChunks() throws -> [UInt8] {
        var content: [UInt8] = []
        while true {
            let size = Int(try readLine(), radix: 16) ?? 0
            content += try take(size)
            _ = try readLine()
            if size == 0 { return content }
        }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        try stream.fill(count, until: .now + RawStream.patience, for: "content")
        defer { stream.consume(count) }
        return Array(stream.buffered.prefix(count))
    }

    private func readLine() throws -> String {
        var line: [UInt8] = []
        while line.suffix(2) != [13, 10] { line += try take(1) }
        return String(decoding: line.dropLast(2), as: UTF8.self)
    }
}
