import ConnectionLifecycle
import Transport
import WebSocketProtocol

/// Data and control frames, in both directions.
extension WebSocketConnection {
    /// Sends one message in one frame.
    ///
    /// - Returns: false if the session is not open, or more than `sendQueue` bytes wait already; nothing was sent then.
    @discardableResult
    public func send(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) -> Bool {
        guard machine.state == .open, let socket, socket.queuedBytes <= configuration.sendQueue else { return false }
        write(kind == .text ? .text : .binary, payload)
        return true
    }

    /// Sends one text message.
    @discardableResult
    public func send(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { send(.text, UnsafeRawBufferPointer($0)) }
    }

    /// Bytes of frames that wait for the peer to read.
    public var queuedBytes: Int { socket?.queuedBytes ?? 0 }

    func sendPing(id: UInt64) {
        withUnsafeBytes(of: id.bigEndian) { write(.ping, $0) }
    }

    func sendClose(code: CloseCode?, reason: String) {
        scratch.removeAll(keepingCapacity: true)
        FrameEncoder.appendClose(code, reason: reason, maskingKey: loop.randomMask(), to: &scratch)
        socket?.write(scratch)
    }

    /// - Returns: how many bytes were taken; a partial frame is offered again with more behind it.
    func receiveFrames(_ bytes: UnsafeRawBufferPointer) -> Int {
        machine.bytesReceived(now: loop.now)
        var receiver = FrameRouter(connection: self)
        let consumed: Int
        do {
            consumed = try decoder.decode(bytes, to: &receiver)
        } catch {
            if failure == nil { failure = "\(error)" }
            handle(.violated(closeCode: error.closeCode.rawValue))
            return bytes.count
        }
        if let pong = owedPong { answerPing(pong) }
        return consumed
    }

    /// A peer that pings and does not read gets no second pong queued behind the first.
    private func answerPing(_ payload: [UInt8]) {
        owedPong = nil
        guard machine.state == .open, let socket, socket.queuedBytes <= configuration.sendQueue else { return }
        payload.withUnsafeBytes { write(.pong, $0) }
    }

    private func write(_ opcode: Opcode, _ payload: UnsafeRawBufferPointer) {
        scratch.removeAll(keepingCapacity: true)
        FrameEncoder.append(opcode, payload, maskingKey: loop.randomMask(), to: &scratch)
        socket?.write(scratch)
        // One large message must not hold its memory for the life of the connection.
        if scratch.capacity > Socket.window { scratch = [] }
    }
}

/// Hands frames from the decoder to their connection.
struct FrameRouter: FrameReceiver {
    let connection: WebSocketConnection

    func receivedMessage(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
        guard let handler = connection.handler else { return }
        if connection.isDiscarding {
            connection.discarded &+= 1
            return
        }
        connection.messages &+= 1
        connection.bytes &+= UInt64(payload.count)
        handler.webSocketReceived(kind, payload)
    }

    func receivedPing(_ payload: UnsafeRawBufferPointer) {
        connection.owedPong = Array(payload)
    }

    func receivedPong(_ payload: UnsafeRawBufferPointer) {
        let id = payload.count == 8 ? UInt64(bigEndian: payload.loadUnaligned(as: UInt64.self)) : nil
        connection.handle(.pongReceived(id: id))
    }

    func receivedClose(_ code: CloseCode, _ reason: String) {
        connection.handle(.closeReceived(code: code.rawValue, reason: reason))
    }
}
