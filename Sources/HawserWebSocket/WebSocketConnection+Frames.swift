import ConnectionLifecycle
import Transport
import WebSocketProtocol

/// Frames that arrive.
extension WebSocketConnection {
    /// - Returns: how many bytes were taken; a partial frame is offered again with more behind it.
    func receiveFrames(_ bytes: UnsafeRawBufferPointer) -> Int {
        machine.bytesReceived(now: loop.now)
        guard let handler else { return bytes.count }
        var receiver = FrameRouter(connection: self, handler: handler)
        let consumed: Int
        do {
            consumed = try decoder.decode(bytes, to: &receiver)
            count(receiver)
            if !receiver.takesMore { socket?.yieldReading() }
        } catch {
            count(receiver)
            violated(error)
            return bytes.count
        }
        if compression != nil && decoder.takeInflateUse() { compressionUsed() }
        return consumed
    }

    /// Takes `count` bytes that were read to where the message under way is assembled.
    func receivePayload(_ count: Int) {
        machine.bytesReceived(now: loop.now)
        guard let handler else { return }
        var receiver = FrameRouter(connection: self, handler: handler)
        do {
            try decoder.receivePayload(inRoom: count, to: &receiver)
            self.count(receiver)
        } catch {
            self.count(receiver)
            violated(error)
        }
    }

    private func violated(_ violation: ProtocolViolation) {
        if failure == nil { failure = "\(violation)" }
        handle(.violated(closeCode: violation.closeCode.rawValue))
    }

    private func count(_ receiver: borrowing FrameRouter) {
        messages &+= receiver.messages
        self.bytes &+= receiver.bytes
        discarded &+= receiver.discarded
    }
}

/// Hands frames from the decoder to their connection, and counts them: for the length of one read.
struct FrameRouter: FrameReceiver {
    let connection: WebSocketConnection
    let handler: any WebSocketHandler
    var messages: UInt64 = 0
    var bytes: UInt64 = 0
    var discarded: UInt64 = 0
    /// Payload bytes received, those of discarded messages too.
    private var volume = 0
    /// Payload bytes of one read beyond which the rest waits for the next turn, or for the end of a pause: compression
    /// makes a thousand times more of a read than its buffer holds.
    private static let volumeLimit = 1 << 20

    var takesMore: Bool { volume < Self.volumeLimit }

    init(connection: WebSocketConnection, handler: any WebSocketHandler) {
        self.connection = connection
        self.handler = handler
    }

    mutating func receivedMessage(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
        volume += payload.count
        if connection.isDiscarding {
            discarded &+= 1
            return
        }
        messages &+= 1
        bytes &+= UInt64(payload.count)
        handler.webSocketReceived(kind, payload)
    }

    func receivedPing(_ payload: UnsafeRawBufferPointer) {
        connection.owedPong = Array(payload)
        connection.answerPing()
    }

    func receivedPong(_ payload: UnsafeRawBufferPointer) {
        connection.pongReceived(payload)
    }

    func receivedClose(_ code: CloseCode, _ reason: String) {
        connection.handle(.closeReceived(code: code.rawValue, reason: reason))
    }
}
