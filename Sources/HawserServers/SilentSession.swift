/// Says nothing; Pings are answered all the same, by libwebsockets.
final class SilentSession: ServerSession {
    func opened(_ connection: ServerConnection) {}
    func received(_ message: ServerMessage) {}
    func ended() {}
}
