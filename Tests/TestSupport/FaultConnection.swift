import Glibc

/// One connection of a `FaultServer`, driven by blocking steps. Confined to the thread that runs its behaviour.
public final class FaultConnection {
    /// 1 for the server's first connection, 2 for the next.
    public let number: Int
    /// The socket, for whatever the steps below do not cover.
    public let stream: RawStream
    /// The request, once it has been read.
    public private(set) var request: MessageHead?
    private let core: FaultCore

    init(number: Int, stream: RawStream, core: FaultCore) {
        self.number = number
        self.stream = stream
        self.core = core
    }

    // MARK: Opening handshake

    /// Reads the request's head, or gives it again.
    @discardableResult
    public func readRequest() throws(StreamError) -> MessageHead {
        if let request { return request }
        let head = try stream.readHead()
        request = head
        core.state.withLock { $0.requests.append(head) }
        return head
    }

    /// Answers the request with a 101 that is right, unless `accept` says otherwise.
    ///
    /// - Parameters:
    ///   - subprotocol: the one selected, if any.
    ///   - fields: more fields, sent as they are.
    ///   - accept: replaces the right Sec-WebSocket-Accept.
    ///   - followedBy: bytes sent in the same segment as the head.
    public func upgrade(
        subprotocol: String? = nil,
        fields: [(name: String, value: String)] = [],
        accept: String? = nil,
        followedBy bytes: [UInt8] = []
    ) throws(StreamError) {
        let request = try readRequest()
        guard let key = request["Sec-WebSocket-Key"] else { throw .unexpected("no Sec-WebSocket-Key") }
        var head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += "Sec-WebSocket-Accept: \(accept ?? acceptKey(for: key))\r\n"
        if let subprotocol { head += "Sec-WebSocket-Protocol: \(subprotocol)\r\n" }
        for field in fields { head += "\(field.name): \(field.value)\r\n" }
        try send(Array((head + "\r\n").utf8) + bytes)
    }

    /// Answers the request with `status`; Content-Length is added unless given.
    public func reject(
        status: Int,
        reason: String = "Refused",
        fields: [(name: String, value: String)] = [],
        body: String = ""
    ) throws(StreamError) {
        try readRequest()
        var head = "HTTP/1.1 \(status) \(reason)\r\n"
        let framed = fields.contains { ["content-length", "transfer-encoding"].contains($0.name.lowercased()) }
        for field in fields { head += "\(field.name): \(field.value)\r\n" }
        if !framed { head += "Content-Length: \(body.utf8.count)\r\n" }
        try send(Array((head + "\r\n" + body).utf8))
    }

    // MARK: Sending

    /// Sends bytes as they are.
    public func send(_ bytes: [UInt8]) throws(StreamError) {
        try stream.send(bytes)
    }

    /// Sends text as raw bytes, e.g. a response written by hand.
    public func send(_ text: String) throws(StreamError) {
        try stream.send(Array(text.utf8))
    }

    /// Sends bytes in pieces of `size`, so that each arrives in a read of its own where the kernel allows it.
    public func send(_ bytes: [UInt8], inPiecesOf size: Int) throws(StreamError) {
        for start in stride(from: 0, to: bytes.count, by: max(size, 1)) {
            try stream.send(Array(bytes[start..<min(start + size, bytes.count)]))
        }
    }

    /// Sends a frame as it is.
    public func send(_ frame: WireFrame) throws(StreamError) {
        try stream.send(frame.bytes)
    }

    /// Sends a text message in one frame.
    public func sendText(_ text: String) throws(StreamError) {
        try send(.text(text))
    }

    /// Sends a binary message in one frame.
    public func sendBinary(_ payload: [UInt8]) throws(StreamError) {
        try send(.binary(payload))
    }

    /// Sends a Ping.
    public func sendPing(_ payload: [UInt8] = []) throws(StreamError) {
        try send(.ping(payload))
    }

    /// Sends a Close; nil for one without a code.
    public func sendClose(_ code: UInt16?, _ reason: String = "") throws(StreamError) {
        try send(.close(code, reason))
    }

    // MARK: Receiving

    /// Reads the next frame, whatever it is, unmasked.
    public func readFrame(within limit: Duration = RawStream.patience) throws(StreamError) -> WireFrame {
        let frame = try stream.readFrame(within: limit)
        if frame.opcode == 8 { core.state.withLock { $0.closes.append(frame) } }
        return frame
    }

    /// Reads frames until the peer's Close and gives it back; Pings are answered, all else is dropped.
    @discardableResult
    public func expectClose(within limit: Duration = RawStream.patience) throws(StreamError) -> WireFrame {
        let deadline = ContinuousClock.now + limit
        while true {
            let frame = try readFrame(within: ContinuousClock.now.duration(to: deadline))
            switch frame.opcode {
            case 8: return frame
            case 9: try send(.pong(frame.payload))
            default: break
            }
        }
    }

    /// Ends the session as a good server does: sends Close, awaits the peer's, closes TCP first.
    public func closeProperly(_ code: UInt16? = 1000, _ reason: String = "") throws(StreamError) {
        try sendClose(code, reason)
        try expectClose()
        close()
    }

    // MARK: Ending, waiting

    /// Closes TCP with FIN, without a Close frame unless one was sent.
    public func close() {
        stream.close()
    }

    /// Closes TCP with RST.
    public func reset() {
        stream.reset()
    }

    /// Keeps the connection, neither reading nor answering, until the server stops.
    public func hold() throws(StreamError) -> Never {
        while true { try pause(.seconds(3600)) }
    }

    /// Waits this long; ends early only with the server.
    public func pause(_ duration: Duration) throws(StreamError) {
        do {
            try stream.wait(for: 0, until: ContinuousClock.now + duration, "the end of a pause")
        } catch StreamError.timedOut {
            return
        }
    }

    /// Waits until the peer has ended the connection, dropping what it sends.
    public func awaitEnd(within limit: Duration = RawStream.patience) throws(StreamError) {
        let deadline = ContinuousClock.now + limit
        while true {
            do {
                stream.consume(stream.buffered.count)
                try stream.receive(until: deadline, for: "the peer's end")
            } catch StreamError.endedByPeer {
                return
            } catch StreamError.reset {
                return
            }
        }
    }
}
