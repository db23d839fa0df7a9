import ConnectionLifecycle
import Transport
import WebSocketProtocol

/// The opening handshake (RFC 6455 section 4).
extension WebSocketConnection {
    func sendOpeningRequest() {
        guard let opening else { return }
        let configuration = opening.configuration
        let key = OpeningKey(nonce: (loop.randomWord(), loop.randomWord()))
        do {
            let request = try OpeningRequest(
                url: opening.url,
                key: key,
                subprotocols: configuration.subprotocols,
                fields: configuration.fields,
                deflate: configuration.compression?.offer
            )
            opening.response = OpeningResponse(to: request)
            socket?.write(request.serialized())
        } catch {
            failure = "the opening handshake cannot be sent: \(error)"
            handle(.dialFailed(.handshake))
        }
    }

    /// Reads on in the answer; `opening` is nil when it is a whole and good 101.
    ///
    /// - Returns: how many of `bytes` belong to the answer.
    func receiveOpeningResponse(_ bytes: UnsafeRawBufferPointer) -> Int {
        do {
            guard case .complete(let consumed, let answer) = try opening?.response?.decode(bytes) else {
                return bytes.count
            }
            opening?.response = nil
            take(answer)
            return consumed
        } catch {
            opening?.response = nil
            failure = "\(error)"
            handle(.dialFailed(.handshake))
            return bytes.count
        }
    }

    /// The connection ended, or time is up, in the middle of an answer that is a rejection: that is what it was.
    func takeUnfinishedRejection() -> Bool {
        guard let answer = opening?.response?.end() else { return false }
        opening?.response = nil
        take(answer)
        return true
    }

    private func take(_ answer: OpeningResponse.Answer) {
        switch answer {
        case .accepted(let subprotocol, let deflate, _): acceptOpening(subprotocol, deflate)
        case .rejected(let rejection): reject(rejection)
        }
    }

    private func acceptOpening(_ subprotocol: String?, _ deflate: DeflateAgreement?) {
        guard let opening else { return }
        timings.upgrading = opening.lap(now: loop.now)
        if let deflate, let policy = opening.configuration.compression { enableCompression(deflate, policy) }
        handle(.upgraded)
        guard machine.state == .open else { return }
        self.opening = nil
        let tls = [socket?.tlsVersion, socket?.tlsCipher].compactMap(\.self)
        handler?.webSocketOpened(
            Opening(
                subprotocol: subprotocol,
                compression: deflate,
                address: address ?? opening.url.origin,
                tls: tls.isEmpty ? nil : tls.joined(separator: " "),
                timings: timings
            )
        )
    }

    private func reject(_ rejection: OpeningResponse.Rejection) {
        failure = "the server answered \(rejection.status) \(rejection.reasonPhrase)"
        opening?.rejectionContent = rejection.contentPrefix
        let retryAfter = rejection.retryAfterField.flatMap { RetryAfter.parse($0, date: WallClock.seconds) }
        handle(.rejected(status: rejection.status, retryAfter: retryAfter))
    }
}
