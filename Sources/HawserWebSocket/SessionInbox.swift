import WebSocketProtocol

/// Keeps the messages of a session until its task takes them; confined to the session's loop.
///
/// Above `high` bytes reading pauses, so a slow task slows the server down instead of filling the memory.
final class SessionInbox: WebSocketHandler {
    /// What the session acts on; messages come through `takeMessages`.
    enum Edge: Sendable {
        case opened(Opening)
        case received
        case drained
        case ended(SessionReport)
    }

    private static let high = 1 << 20

    private let onEdge: (Edge) -> Void
    private var messages: [WebSocketMessage] = []
    private var byteCount = 0
    weak var connection: WebSocketConnection?
    /// Messages go past the inbox, to a closure of the session's task.
    var isLent = false

    init(onEdge: @escaping (Edge) -> Void) {
        self.onEdge = onEdge
    }

    /// Everything received since the last call; reading goes on.
    func takeMessages() -> [WebSocketMessage] {
        defer {
            messages = []
            byteCount = 0
        }
        connection?.resumeReading()
        return messages
    }

    /// Puts messages that were taken, but not used, in front of the others.
    func takeBack(_ rest: ArraySlice<WebSocketMessage>) {
        messages.insert(contentsOf: rest, at: 0)
        byteCount += rest.reduce(0) { $0 + $1.byteCount + MemoryLayout<WebSocketMessage>.stride }
        if byteCount > Self.high { connection?.pauseReading() }
        onEdge(.received)
    }

    var isEmpty: Bool { messages.isEmpty }

    func webSocketOpened(_ opening: Opening) {
        onEdge(.opened(opening))
    }

    func webSocketReceived(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
        messages.append(WebSocketMessage(kind, payload))
        byteCount += payload.count + MemoryLayout<WebSocketMessage>.stride
        if byteCount > Self.high { connection?.pauseReading() }
        if messages.count == 1 { onEdge(.received) }
    }

    func webSocketDrained() {
        onEdge(.drained)
    }

    func webSocketEnded(_ report: SessionReport) {
        onEdge(.ended(report))
    }
}
