import ConnectionLifecycle
import HawserWebSocket
import WebSocketProtocol

/// Writes down what one session receives: each message becomes a record, synchronously, on the loop.
///
/// Confined to its loop; what concerns the life of the session goes to `onEdge`.
final class SessionRecorder: WebSocketHandler, PausableFeed {
    /// What its subscription acts on.
    enum Edge: Sendable {
        case opened(Opening)
        case ended(SessionReport, Silence?)
        case paused([String])
        case resumed
        /// More can be sent.
        case drained
    }

    private let outlet: RecordOutlet
    private let subscription: UInt32
    private let session: UInt32
    private let textKind: RecordKind
    private let onEdge: (Edge) -> Void
    private var sequence: UInt64 = 0
    private var silence: SilenceMeter?
    /// Set by the subscription once it is made; the connection holds this recorder until it ends.
    weak var connection: WebSocketConnection?

    /// When the newest message came, in nanoseconds since 1970-01-01 UTC; nil before the first.
    var lastMessage: Int64? { sequence > 0 ? silence?.lastMessage : nil }

    init(
        outlet: RecordOutlet,
        subscription: UInt32,
        session: UInt32,
        decodesJSON: Bool,
        onEdge: @escaping (Edge) -> Void
    ) {
        self.outlet = outlet
        self.subscription = subscription
        self.session = session
        textKind = decodesJSON ? .json : .text
        self.onEdge = onEdge
    }

    func webSocketOpened(_ opening: Opening) {
        silence = SilenceMeter(openedAt: WallClock.nanoseconds)
        onEdge(.opened(opening))
        outlet.attach(self, subscription: subscription)
    }

    func webSocketReceived(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
        sequence &+= 1
        let now = outlet.append(
            subscription: subscription,
            session: session,
            sequence: sequence,
            kind: kind == .text ? textKind : .binary,
            payload: payload
        )
        silence?.noteMessage(at: now)
    }

    func webSocketDrained() {
        onEdge(.drained)
    }

    func webSocketEnded(_ report: SessionReport) {
        outlet.detach(subscription: subscription)
        onEdge(.ended(report, silence?.silence(at: WallClock.nanoseconds)))
    }

    func pause(for sinks: [String]) {
        connection?.pauseReading()
        onEdge(.paused(sinks))
    }

    func resume() {
        connection?.resumeReading()
        onEdge(.resumed)
    }
}
