import ConnectionLifecycle
import WebSocketProtocol

/// Pings and the closing handshake.
extension WebSocketSession {
    /// Sends a Ping and waits for its Pong (RFC 6455 sections 5.5.2 and 5.5.3).
    ///
    /// It goes between the fragments of a message and in front of senders that wait, but behind what is queued already.
    /// A pong for a later ping answers it too: servers may answer only the newest. It has nothing to do with the pings
    /// of `WebSocketConfiguration.keepAlive`, and its timeout does not end the session. While nobody takes what has been
    /// received reading pauses, and no pong can arrive.
    ///
    /// - Parameters:
    ///   - payload: at most 125 bytes; by default eight random ones.
    ///   - timeout: how long to wait, from the call.
    /// - Returns: the time from sending the ping to its pong.
    /// - Throws: `WebSocketError.pingTooLong`, `.pingTimeout`, `.closed` if the session is over or ends meanwhile;
    ///   `CancellationError`.
    public func ping(_ payload: [UInt8]? = nil, timeout: Duration = .seconds(10)) async throws -> Duration {
        if let payload, payload.count > FrameEncoder.controlPayloadLimit {
            throw WebSocketError.pingTooLong(payload.count)
        }
        let id = nextWaiter()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { startPing(id, payload, timeout, $0) }
        } onCancel: {
            loop.submit { self.assumeIsolated { $0.connection?.abandonPing(id) } }
        }
        switch outcome {
        case .answered(let roundTrip): return roundTrip
        case .timedOut: throw WebSocketError.pingTimeout(timeout)
        case .abandoned:
            try Task.checkCancellation()
            throw WebSocketError.closed
        }
    }

    /// Closes the session and waits until it is over, at most three seconds. Every caller awaits the same end.
    ///
    /// Not interrupted by cancellation: when it returns, the descriptor is given back. Messages that arrive until then
    /// can still be received.
    ///
    /// - Parameters:
    ///   - code: 1000-1003, 1007-1014 or 3000-4999. Any other may not stand in a Close frame (RFC 6455 section 7.4): the
    ///     frame then has neither code nor reason, which the server reports as 1005.
    ///   - reason: cut to 123 bytes of UTF-8, between scalars (section 5.5.1).
    /// - Returns: how the session ended.
    @discardableResult
    public func close(code: CloseCode = .normal, reason: String = "") async -> SessionReport {
        connection?.close(.shutdown, code: code, reason: reason)
        return await waitForClose()
    }

    private func startPing(
        _ id: UInt64,
        _ payload: [UInt8]?,
        _ timeout: Duration,
        _ continuation: CheckedContinuation<PingLedger.Outcome, Never>
    ) {
        guard !Task.isCancelled, let connection, connection.state == .open else {
            return continuation.resume(returning: .abandoned)
        }
        connection.ping(payload, id: id, timeout: timeout) { continuation.resume(returning: $0) }
    }
}
