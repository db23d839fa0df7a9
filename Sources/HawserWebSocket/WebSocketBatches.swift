/// The messages of a session, in order, as many at a time as have arrived: see ``WebSocketSession/batches``.
public struct WebSocketBatches: AsyncSequence, Sendable {
    /// One or more messages.
    public typealias Element = [WebSocketMessage]

    let session: WebSocketSession

    /// Starts to receive; only one iterator of a session may be in use at a time.
    public func makeAsyncIterator() -> Iterator {
        Iterator(session: session)
    }

    /// Takes whole batches from the session.
    public struct Iterator: AsyncIteratorProtocol {
        let session: WebSocketSession

        /// The next batch, never empty; nil when the session was closed in an orderly way.
        ///
        /// - Throws: as ``WebSocketSession/receive()``.
        public mutating func next() async throws -> [WebSocketMessage]? {
            let batch = try await session.receive()
            return batch.isEmpty ? nil : batch
        }
    }
}
