import WebSocketProtocol

/// Hands each message of a session to a closure, where it lies; everything else goes to the session's inbox.
final class DirectReceiver: WebSocketHandler {
    /// What takes a message: synchronously, on the loop's thread.
    typealias Take = (MessageKind, RawSpan) -> Void

    private let inbox: SessionInbox
    private let take: Take

    init(_ inbox: SessionInbox, _ take: @escaping Take) {
        self.inbox = inbox
        self.take = take
    }

    func webSocketOpened(_ opening: Opening) {
        inbox.webSocketOpened(opening)
    }

    func webSocketReceived(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
        take(kind, payload.bytes)
    }

    func webSocketDrained() {
        inbox.webSocketDrained()
    }

    func webSocketEnded(_ report: SessionReport) {
        inbox.webSocketEnded(report)
    }
}
