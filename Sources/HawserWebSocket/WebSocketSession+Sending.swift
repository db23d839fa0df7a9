import Transport
import WebSocketProtocol

/// Sending. Senders have their turns in the order in which they asked; one waits while more than `sendQueue` bytes wait
/// for the server to read, or `sendRates` do not allow it yet. What is sent in one turn of the loop leaves in one write at its end.
extension WebSocketSession {
    /// Sends a text message.
    ///
    /// Returns when the message is queued, which does not say that the server has it.
    /// - Throws: `WebSocketError.closed` if the session is over; `CancellationError`. Nothing is sent then.
    public func send(_ text: String) async throws {
        try Task.checkCancellation()
        if maySendAtOnce { return try deliver(text) }
        try await takeTurn()
        defer { endTurn() }
        try deliver(text)
    }

    /// Sends a binary message; as ``send(_:)-(String)``.
    public func send(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        if maySendAtOnce { return try bytes.withUnsafeBytes { try deliver(.binary, $0) } }
        try await takeTurn()
        defer { endTurn() }
        try bytes.withUnsafeBytes { try deliver(.binary, $0) }
    }

    /// Sends a binary message from any collection of bytes, without a copy if they lie in one piece; as
    /// ``send(_:)-(String)``.
    public func send(_ bytes: some Collection<UInt8> & Sendable) async throws {
        try await takeTurn()
        defer { endTurn() }
        let delivered: Void? = try bytes.withContiguousStorageIfAvailable { contiguous in
            try deliver(.binary, UnsafeRawBufferPointer(contiguous))
        }
        if delivered == nil { try Array(bytes).withUnsafeBytes { try deliver(.binary, $0) } }
    }

    /// Sends a message of either kind; as ``send(_:)-(String)``.
    public func send(_ message: WebSocketMessage) async throws {
        switch message {
        case .text(let text): try await send(text)
        case .binary(let bytes): try await send(bytes)
        }
    }

    /// Sends many messages in one hop, one after the other and nothing between them; waits for room as often as it must.
    ///
    /// - Throws: `WebSocketError.closed` if the session is over, `CancellationError`; the messages before that were sent.
    public func send(contentsOf messages: some Sequence<WebSocketMessage> & Sendable) async throws {
        try await takeTurn()
        defer { endTurn() }
        for message in messages {
            try Task.checkCancellation()
            if connection?.mayBegin != true { try await waitToBegin() }
            try message.withPayload { try deliver(message.kind, $0) }
        }
    }

    /// Sends many text messages in one hop; as ``send(contentsOf:)-(SendableSequence<WebSocketMessage>)``.
    public func send(contentsOf texts: some Sequence<String> & Sendable) async throws {
        try await takeTurn()
        defer { endTurn() }
        for text in texts {
            try Task.checkCancellation()
            if connection?.mayBegin != true { try await waitToBegin() }
            try deliver(text)
        }
    }

    /// Sends a text message at once, or not at all: from inside a closure that is lent messages.
    ///
    /// On the event loop's thread only; elsewhere it traps.
    /// - Returns: false if the session is over, there is no room, or others wait for their turn.
    public nonisolated func trySend(_ text: String) -> Bool {
        assumeIsolated { session in
            session.maySendAtOnce && session.connection?.send(text) == true
        }
    }

    /// Sends a message at once, or not at all; as ``trySend(_:)``. Text must be valid UTF-8, which is not checked.
    public nonisolated func trySend(_ kind: MessageKind, _ payload: RawSpan) -> Bool {
        assumeIsolated { session in
            session.maySendAtOnce && payload.withUnsafeBytes { session.connection?.send(kind, $0) == true }
        }
    }

    // MARK: Messages in fragments

    /// Sends one text message in as many frames as `body` writes (RFC 6455 section 5.4), for text whose length is not
    /// known when it begins.
    ///
    /// Other senders wait until the message is whole; control frames go between its frames. `body` must not send
    /// otherwise on this session: it would wait for itself.
    ///
    /// A body that throws before it has written anything leaves no trace. Once a part has been sent nothing but its rest
    /// may follow, so the session is then closed with 1001, and ends with the outcome `internal`.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws; `WebSocketError.closed` if the session is over; `CancellationError`.
    @discardableResult
    public func sendText<Result>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (WebSocketTextWriter) async throws -> Result
    ) async throws -> Result {
        try await sendFragments(.text) { id in
            try await body(WebSocketTextWriter(session: self, message: id))
        }
    }

    /// Sends one binary message in as many frames as `body` writes; as ``sendText(isolation:_:)``.
    @discardableResult
    public func sendBinary<Result>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (WebSocketBinaryWriter) async throws -> Result
    ) async throws -> Result {
        try await sendFragments(.binary) { id in
            try await body(WebSocketBinaryWriter(session: self, message: id))
        }
    }

    /// Sends a part of message `id`, which has the turn.
    func write(_ text: String, to id: UInt64) async throws {
        var text = text
        try await makeRoom(for: id)
        try text.withUTF8 { try deliverFragment(UnsafeRawBufferPointer($0)) }
    }

    /// Sends a part of message `id`, which has the turn.
    func write(_ bytes: some Collection<UInt8> & Sendable, to id: UInt64) async throws {
        try await makeRoom(for: id)
        let delivered: Void? = try bytes.withContiguousStorageIfAvailable { contiguous in
            try deliverFragment(UnsafeRawBufferPointer(contiguous))
        }
        if delivered == nil { try Array(bytes).withUnsafeBytes { try deliverFragment($0) } }
    }

    private func sendFragments<Result>(
        isolation: isolated (any Actor)? = #isolation,
        _ kind: MessageKind,
        _ body: (UInt64) async throws -> Result
    ) async throws -> Result {
        let id = try await beginMessage(kind)
        do {
            let result = try await body(id)
            try await endMessage(id)
            return result
        } catch {
            await abandonMessage(id)
            throw error
        }
    }

    private func beginMessage(_ kind: MessageKind) async throws -> UInt64 {
        try await takeTurn()
        guard connection?.beginMessage(kind) == true else {
            endTurn()
            throw WebSocketError.closed
        }
        lastMessage &+= 1
        return lastMessage
    }

    private func makeRoom(for id: UInt64) async throws {
        try Task.checkCancellation()
        guard id == lastMessage else { throw WebSocketError.closed }
        if connection?.hasRoom != true { try await waitForRoom() }
        // The message may have ended while this waited.
        guard id == lastMessage else { throw WebSocketError.closed }
    }

    private func endMessage(_ id: UInt64) throws {
        guard connection?.continueMessage(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true) == true else {
            throw WebSocketError.closed
        }
        lastMessage &+= 1
        endTurn()
    }

    private func abandonMessage(_ id: UInt64) {
        connection?.abandonMessage()
        lastMessage &+= 1
        endTurn()
    }

    private func deliverFragment(_ payload: UnsafeRawBufferPointer) throws(WebSocketError) {
        guard !payload.isEmpty else { return }
        guard connection?.continueMessage(payload, isLast: false) == true else { throw .closed }
    }

    // MARK: Whole messages

    private func deliver(_ text: String) throws(WebSocketError) {
        var text = text
        let isSent = text.withUTF8 { connection?.sendQueued(.text, UnsafeRawBufferPointer($0)) }
        guard isSent == true else { throw .closed }
    }

    /// Whoever delivers has found room before; a control frame that came in between is no reason to refuse.
    private func deliver(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) throws(WebSocketError) {
        guard connection?.sendQueued(kind, payload) == true else { throw .closed }
    }
}
