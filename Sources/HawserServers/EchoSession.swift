/// Sends every message back.
final class EchoSession: ServerSession {
    private weak var connection: ServerConnection?

    func opened(_ connection: ServerConnection) {
        self.connection = connection
    }

    func received(_ message: ServerMessage) {
        let isTaken: Bool? =
            switch message {
            case .text(let text): connection?.send(text: text)
            case .binary(let payload): connection?.send(binary: payload)
            }
        if isTaken == false { connection?.close(1013, "more waits to be sent back than there is room for") }
    }

    func ended() {}
}
