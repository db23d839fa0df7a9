import ConnectionLifecycle
import Transport
import WebSocketProtocol

/// Frames that leave. What is sent in one turn of the loop leaves in one write at its end.
extension WebSocketConnection {
    /// A frame of at least this size is not gathered with others: copying it would cost more than a write of its own.
    private static var coalescingLimit: Int { 16 << 10 }

    /// Sends one message in one frame.
    ///
    /// - Parameters:
    ///   - kind: text or binary.
    ///   - payload: for text, valid UTF-8; this is not checked.
    /// - Returns: false if the session is not open, more than `sendQueue` bytes wait already, a rate does not allow it yet,
    ///   or a message in fragments has not ended; nothing was sent then. `webSocketDrained` says when to try again.
    @discardableResult
    public func send(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) -> Bool {
        fragmented == nil && mayBegin && sendQueued(kind, payload)
    }

    /// Sends one message in one frame, whether or not there is room.
    ///
    /// - Returns: false if the session is not open, or a message in fragments has not ended.
    func sendQueued(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) -> Bool {
        guard machine.state == .open, fragmented == nil else { return false }
        buffers.clear()
        if let compression, payload.count >= compression.threshold, compressed(payload, isFinal: true) {
            buffers.deflated.withUnsafeBytes { writeData(kind.opcode, isCompressed: true, $0) }
        } else {
            writeData(kind.opcode, payload)
        }
        pace?.sent(now: loop.now)
        return true
    }

    /// Sends one text message; as ``send(_:_:)``.
    @discardableResult
    public func send(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { send(.text, UnsafeRawBufferPointer($0)) }
    }

    /// Bytes of frames that wait for the peer to read.
    public var queuedBytes: Int { socket?.queuedBytes ?? 0 }

    /// Whether the session is open and its queue of outgoing frames takes more.
    var hasRoom: Bool {
        guard machine.state == .open, let socket else { return false }
        return socket.queuedBytes <= sendQueue
    }

    /// Whether a message may begin: there is room, and it is this connection's turn, which must then be used.
    var mayBegin: Bool {
        hasRoom && pace?.isOpen(now: loop.now) ?? true
    }

    // MARK: Messages in fragments (RFC 6455 section 5.4)

    /// Begins a message whose fragments follow.
    ///
    /// - Returns: false if the session is not open or another such message has not ended.
    func beginMessage(_ kind: MessageKind) -> Bool {
        guard machine.state == .open, fragmented == nil else { return false }
        pace?.sent(now: loop.now)
        fragmented = FragmentedMessage(kind: kind, isCompressed: compression != nil)
        return true
    }

    /// Sends the next fragment; other messages wait until the last one is sent, control frames do not.
    ///
    /// - Returns: false if there is no such message, or the session is not open.
    func continueMessage(_ payload: UnsafeRawBufferPointer, isLast: Bool) -> Bool {
        guard machine.state == .open, var message = fragmented else { return false }
        buffers.clear()
        // Only the first fragment can find no memory for the state, and then all of them go uncompressed.
        if message.isCompressed && !compressed(payload, isFinal: isLast) {
            guard !message.hasBegun else { return false }
            message.isCompressed = false
        }
        fragmented = isLast ? nil : message.begun
        if message.isCompressed {
            let marks = !message.hasBegun
            buffers.deflated.withUnsafeBytes { writeData(message.opcode, fin: isLast, isCompressed: marks, $0) }
        } else {
            writeData(message.opcode, fin: isLast, payload)
        }
        return true
    }

    /// Gives a message up. If part of it has been sent the session cannot go on: nothing else may follow that part.
    func abandonMessage() {
        guard let message = fragmented else { return }
        fragmented = nil
        guard message.hasBegun, machine.state == .open else { return }
        if failure == nil { failure = "a message was given up after a part of it had been sent" }
        close(.internal, code: .goingAway, reason: "a message was given up")
    }

    // MARK: Writing

    func sendClose(code: CloseCode?, reason: String) {
        buffers.clear()
        FrameEncoder.appendClose(code, reason: reason, maskingKey: loop.randomMask(), to: &buffers.frame)
        socket?.write(buffers.frame)
    }

    func writeControl(_ opcode: Opcode, _ payload: UnsafeRawBufferPointer) {
        buffers.clear()
        FrameEncoder.append(opcode, payload, maskingKey: loop.randomMask(), to: &buffers.frame)
        socket?.write(buffers.frame, coalescing: true)
    }

    private func writeData(
        _ opcode: Opcode,
        fin: Bool = true,
        isCompressed: Bool = false,
        _ payload: UnsafeRawBufferPointer
    ) {
        FrameEncoder.append(
            opcode,
            fin: fin,
            isCompressed: isCompressed,
            payload,
            maskingKey: loop.randomMask(),
            to: &buffers.frame
        )
        socket?.write(buffers.frame, coalescing: buffers.frame.count < Self.coalescingLimit)
    }
}

/// A message that is being sent in fragments.
struct FragmentedMessage {
    /// Text or binary.
    let kind: MessageKind
    /// Whether permessage-deflate is applied to it.
    var isCompressed: Bool
    /// Whether a frame of it has been sent.
    var hasBegun = false

    init(kind: MessageKind, isCompressed: Bool) {
        self.kind = kind
        self.isCompressed = isCompressed
    }

    /// The opcode of its next frame.
    var opcode: Opcode {
        hasBegun ? .continuation : kind.opcode
    }

    /// The message once that frame is sent.
    var begun: FragmentedMessage {
        var message = self
        message.hasBegun = true
        return message
    }
}

extension MessageKind {
    /// The opcode of its first frame.
    fileprivate var opcode: Opcode { self == .text ? .text : .binary }
}
