import ConnectionLifecycle
import WebSocketProtocol

/// Three ways to receive: messages one at a time, in batches, or lent to a closure on the loop.
extension WebSocketSession {
    /// The messages in order: `for try await message in session.messages { … }`.
    ///
    /// The loop ends when the session was closed in an orderly way, by either side. Each message is a copy; hops between
    /// threads are made for batches, not for messages.
    /// - Throws: `WebSocketError.ended` if it ended otherwise; `WebSocketError.busy` if another task receives;
    ///   `CancellationError`.
    public nonisolated var messages: WebSocketMessages { WebSocketMessages(session: self) }

    /// The messages in order, as many at a time as have arrived: `for try await batch in session.batches { … }`.
    ///
    /// Ends and throws as ``messages``.
    public nonisolated var batches: WebSocketBatches { WebSocketBatches(session: self) }

    /// Waits for messages and returns all that have arrived; empty once the session is closed in an orderly way.
    ///
    /// Above 1 MiB of messages that nobody has taken reading pauses, which slows the server down.
    /// - Throws: `WebSocketError.ended` if it ended otherwise; `WebSocketError.busy` if another task receives;
    ///   `CancellationError`.
    public func receive() async throws -> [WebSocketMessage] {
        if inbox?.isLent == true { throw WebSocketError.busy }
        while true {
            if let messages = inbox?.takeMessages(), !messages.isEmpty { return messages }
            if try isOver() { return [] }
            try await wait(for: .messages)
            try Task.checkCancellation()
        }
    }

    /// Lends each message to `take`, until the session is over: no copy, no allocation, no task, no hop.
    ///
    /// `take` runs on the event loop's thread, inside the read, for every message in order; what it does not copy is
    /// gone when it returns. While it runs no other connection of the loop is served: it must not block, and work of
    /// more than a few microseconds belongs elsewhere. Reading goes on as fast as it returns. To answer from inside it,
    /// use ``trySend(_:)`` and ``trySend(_:_:)``.
    ///
    /// What arrived before the call comes first. To have no message copied at all, give the closure to
    /// ``WebSocketClient/connect(to:configuration:isolation:onMessage:_:)``.
    ///
    /// - Throws: `WebSocketError.ended` unless the session ended in an orderly way; `WebSocketError.busy` if another task
    ///   receives, or the session was given such a closure when it was opened; `CancellationError`, after which further messages are kept for ``receive()`` again.
    public func forEachMessage(_ take: sending @escaping (MessageKind, RawSpan) -> Void) async throws {
        try await lendMessages(to: take)
    }

    /// Folds every message into `state` on the event loop's thread, until the session is over; as
    /// ``forEachMessage(_:)``.
    ///
    /// ```swift
    /// let bytes = try await session.reduce(into: 0) { count, kind, payload in
    ///     count += payload.byteCount
    /// }
    /// ```
    ///
    /// - Returns: the state after the last message.
    public func reduce<State: Sendable>(
        into state: State,
        _ update: sending @escaping (inout State, MessageKind, RawSpan) -> Void
    ) async throws -> State {
        let fold = Fold(state)
        try await lendMessages { kind, payload in update(&fold.state, kind, payload) }
        return fold.state
    }

    /// Waits until the session is over, by whatever cause, without closing it.
    ///
    /// - Returns: how it ended.
    /// - Throws: `CancellationError`.
    @discardableResult
    public func waitForEnd() async throws -> SessionReport {
        while true {
            if let report { return report }
            try await wait(for: .end)
        }
    }

    /// Keeps `rest` of a batch for whoever receives next.
    nonisolated func takeBack(_ rest: ArraySlice<WebSocketMessage>) {
        // Whoever receives later than this call gets there later, too: on the loop at once, else in the order of hops.
        if loop.isOnLoop { return assumeIsolated { $0.inbox?.takeBack(rest) } }
        loop.submit { self.assumeIsolated { $0.inbox?.takeBack(rest) } }
    }

    private func lendMessages(to take: @escaping DirectReceiver.Take) async throws {
        guard let inbox else { return }
        guard onMessage == nil, !inbox.isLent else { throw WebSocketError.busy }
        for message in inbox.takeMessages() { message.withPayload { take(message.kind, $0.bytes) } }
        inbox.isLent = true
        connection?.handler = DirectReceiver(inbox, take)
        defer {
            inbox.isLent = false
            connection?.handler = inbox
        }
        while try !isOver() {
            try await wait(for: .messages)
            try Task.checkCancellation()
        }
    }

    /// Whether the session ended in an orderly way.
    ///
    /// - Throws: `WebSocketError.ended` if it ended otherwise.
    private func isOver() throws(WebSocketError) -> Bool {
        guard let report else { return false }
        guard report.isOrderly else { throw .ended(report) }
        return true
    }
}

/// What a fold has come to; confined to the loop.
private final class Fold<State> {
    var state: State

    init(_ state: State) {
        self.state = state
    }
}
