/// Writes one binary message piece by piece: see ``WebSocketSession/sendBinary(isolation:_:)``.
public struct WebSocketBinaryWriter: Sendable {
    let session: WebSocketSession
    let message: UInt64

    /// Sends `bytes` as the next frame of the message; an empty collection sends nothing. Waits for room.
    ///
    /// - Throws: `WebSocketError.closed` if the message or the session is over; `CancellationError`.
    public func write(_ bytes: some Collection<UInt8> & Sendable) async throws {
        try await session.write(bytes, to: message)
    }
}
