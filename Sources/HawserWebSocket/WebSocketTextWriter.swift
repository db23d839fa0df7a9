/// Writes one text message piece by piece: see ``WebSocketSession/sendText(isolation:_:)``.
public struct WebSocketTextWriter: Sendable {
    let session: WebSocketSession
    let message: UInt64

    /// Sends `text` as the next frame of the message; an empty one sends nothing. Waits for room.
    ///
    /// - Throws: `WebSocketError.closed` if the message or the session is over; `CancellationError`.
    public func write(_ text: String) async throws {
        try await session.write(text, to: message)
    }
}
