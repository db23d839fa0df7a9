import Glibc

/// A WebSocket client of blocking steps, for testing servers: it can also send what no good client would.
///
/// Confined to one thread; from an async test use it inside `onOwnThread { … }`.
public final class RawWebSocketClient {
    /// The socket, for whatever the steps below do not cover.
    public let stream: RawStream
    /// The head of the server's answer to `open`.
    public private(set) var response: MessageHead?
    private var nextMaskingKey: UInt32 = 0x9E37_79B9

    /// Connects over TCP, or to a Unix socket; no byte is sent yet.
    public init(to address: ListenerAddress) throws(SystemCallError) {
        stream = RawStream(descriptor: try address.connect())
    }

    /// Connects to `port` of 127.0.0.1; no byte is sent yet.
    public convenience init(port: UInt16) throws(SystemCallError) {
        try self.init(to: .ipv4(port: port))
    }

    /// Performs the opening handshake and checks the answer's status and Sec-WebSocket-Accept.
    ///
    /// - Throws: `StreamError.unexpected` for another answer; its head is in `response` then.
    public func open(
        _ target: String = "/",
        fields: [(name: String, value: String)] = []
    ) throws(StreamError) {
        let key = "dGhlIHNhbXBsZSBub25jZQ=="
        try sendRequest(
            target: target,
            fields: [
                ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", key),
            ] + fields
        )
        let head = try readResponse()
        guard head.status == 101 else { throw .unexpected("status \(head.status)") }
        guard head["Sec-WebSocket-Accept"] == acceptKey(for: key) else {
            throw .unexpected("Sec-WebSocket-Accept \(head["Sec-WebSocket-Accept"] ?? "missing")")
        }
    }

    /// Sends a request head; Host is added.
    public func sendRequest(
        method: String = "GET",
        target: String,
        fields: [(name: String, value: String)] = []
    ) throws(StreamError) {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        for field in fields { head += "\(field.name): \(field.value)\r\n" }
        try stream.send(Array((head + "\r\n").utf8))
    }

    /// Reads the head of an answer.
    @discardableResult
    public func readResponse() throws(StreamError) -> MessageHead {
        let head = try stream.readHead()
        response = head
        return head
    }

    /// Reads content of this many bytes.
    public func readContent(_ count: Int) throws(StreamError) -> [UInt8] {
        try stream.fill(count, until: ContinuousClock.now + RawStream.patience, for: "content")
        defer { stream.consume(count) }
        return Array(stream.buffered.prefix(count))
    }

    /// Sends a frame, masked unless it has no key on purpose.
    public func send(_ frame: WireFrame, masked: Bool = true) throws(StreamError) {
        var frame = frame
        if masked && frame.maskingKey == nil {
            nextMaskingKey = nextMaskingKey &* 1_664_525 &+ 1_013_904_223
            frame.maskingKey = nextMaskingKey
        }
        try stream.send(frame.bytes)
    }

    /// Reads the next frame, whatever it is.
    public func readFrame(within limit: Duration = RawStream.patience) throws(StreamError) -> WireFrame {
        try stream.readFrame(within: limit)
    }

    /// Reads the next text frame's text; Pings before it are answered.
    public func readText(within limit: Duration = RawStream.patience) throws(StreamError) -> String {
        while true {
            let frame = try readFrame(within: limit)
            switch frame.opcode {
            case 1: return frame.text
            case 9: try send(.pong(frame.payload))
            case 10: break
            default: throw .unexpected("opcode \(frame.opcode), close code \(frame.closeCode ?? 0)")
            }
        }
    }

    /// Waits until the server has ended TCP; data before it is dropped.
    public func awaitEnd(within limit: Duration = RawStream.patience) throws(StreamError) {
        let deadline = ContinuousClock.now + limit
        do {
            while true {
                stream.consume(stream.buffered.count)
                try stream.receive(until: deadline, for: "the server's end")
            }
        } catch StreamError.endedByPeer {
            return
        } catch StreamError.reset {
            return
        }
    }

    /// Closes TCP.
    public func close() {
        stream.close()
    }
}
