/// The messages of a session, in order, one at a time.
public struct WebSocketMessages: AsyncSequence, Sendable {
    /// A message.
    public typealias Element = WebSocketMessage

    let session: WebSocketSession

    /// Starts to receive; only one iterator of a session may be in use at a time.
    public func makeAsyncIterator() -> Iterator {
        Iterator(session: session)
    }

    /// Takes whole batches from the session and hands out their messages without a hop for each.
    public struct Iterator: AsyncIteratorProtocol {
        let session: WebSocketSession
        private var batch: ArraySlice<WebSocketMessage> = []

        init(session: WebSocketSession) {
            self.session = session
        }

        /// The next message; nil when the session was closed in an orderly way.
        public mutating func next() async throws -> WebSocketMessage? {
            if let message = batch.popFirst() { return message }
            batch = try await session.receive()[...]
            return batch.popFirst()
        }
    }
}
