import ConnectionLifecycle
import Transport
import WebSocketProtocol

/// The opening handshake (RFC 6455 section 4).
extension WebSocketConnection {
    func sendOpeningRequest() {
        let key = OpeningKey(nonce: (randomWord(), randomWord()))
        do {
            let request = try OpeningRequest(
                url: url,
                key: key,
                subprotocols: configuration.subprotocols,
                fields: configuration.fields
            )
            openingResponse = OpeningResponse(to: request)
            socket?.write(request.serialized())
        } catch {
            failure = "the opening handshake cannot be sent: \(error)"
            handle(.dialFailed(.handshake))
        }
    }

    private func randomWord() -> UInt64 {
        UInt64(loop.randomMask()) << 32 | UInt64(loop.randomMask())
    }

    /// Reads on in the answer; `openingResponse` is nil when it is complete.
    ///
    /// - Returns: how many of `bytes` belong to the answer.
    func receiveOpeningResponse(_ bytes: UnsafeRawBufferPointer) -> Int {
        do {
            guard case .complete(let consumed, let answer) = try openingResponse?.decode(bytes) else {
                return bytes.count
            }
            openingResponse = nil
            take(answer)
            return consumed
        } catch {
            openingResponse = nil
            failure = "\(error)"
            handle(.dialFailed(.handshake))
            return bytes.count
        }
    }

    /// The connection ended, or time is up, in the middle of an answer that is a rejection: that is what it was.
    func takeUnfinishedRejection() -> Bool {
        guard let answer = openingResponse?.end() else { return false }
        openingResponse = nil
        take(answer)
        return true
    }

    private func take(_ answer: OpeningResponse.Answer) {
        switch answer {
        case .accepted(let subprotocol, _): acceptOpening(subprotocol)
        case .rejected(let rejection): reject(rejection)
        }
    }

    private func acceptOpening(_ subprotocol: String?) {
        timings.upgrading = lap()
        isUpgraded = true
        handle(.upgraded)
        guard machine.state == .open else { return }
        let tls = [socket?.tlsVersion, socket?.tlsCipher].compactMap(\.self)
        handler?.webSocketOpened(
            Opening(
                subprotocol: subprotocol,
                address: address ?? url.origin,
                tls: tls.isEmpty ? nil : tls.joined(separator: " "),
                timings: timings
            )
        )
    }

    private func reject(_ rejection: OpeningResponse.Rejection) {
        failure = "the server answered \(rejection.status) \(rejection.reasonPhrase)"
        rejectionContent = rejection.contentPrefix
        let retryAfter = rejection.retryAfterField.flatMap { RetryAfter.parse($0, date: WallClock.seconds) }
        handle(.rejected(status: rejection.status, retryAfter: retryAfter))
    }
}
