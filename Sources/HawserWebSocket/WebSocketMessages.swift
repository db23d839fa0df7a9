/// The messages of a session, in order, one at a time.
public struct WebSocketMessages: AsyncSequence, Sendable {
    /// A message.
    public typealias Element = WebSocketMessage

    let session: WebSocketSession

    /// Starts to receive; only one iterator of a session may be in use at a time.
    public func makeAsyncIterator() -> Iterator {
        Iterator(session: session)
    }

    /// Takes whole batches from the session and hands out their messages without a hop for each. What is left of a batch
    /// when the iterator goes away is there for whoever receives next.
    public struct Iterator: AsyncIteratorProtocol {
        private let unread: UnreadMessages

        init(session: WebSocketSession) {
            unread = UnreadMessages(of: session)
        }

        /// The next message; nil when the session was closed in an orderly way.
        ///
        /// - Throws: as ``WebSocketSession/receive()``.
        public mutating func next() async throws -> WebSocketMessage? {
            if let message = unread.batch.popFirst() { return message }
            unread.batch = try await unread.session.receive()[...]
            return unread.batch.popFirst()
        }
    }
}

/// The rest of a batch. Confined to its iterator.
private final class UnreadMessages {
    let session: WebSocketSession
    var batch: ArraySlice<WebSocketMessage> = []

    init(of session: WebSocketSession) {
        self.session = session
    }

    deinit {
        if !batch.isEmpty { session.takeBack(batch) }
    }
}
