import ConnectionLifecycle
import HawserWebSocket
import MonotonicTime
import NameResolution
import Transport
import WebSocketProtocol

/// One connection to the fuzzing server, from its dial to its end. Confined to its loop.
///
/// As an echo it sends each message back inside the call that brings it, so that an answer leaves before anything behind
/// the message is looked at. When much waits to be sent it stops reading until that is gone.
final class Exchange: WebSocketHandler {
    /// What came of it.
    struct Result: Sendable {
        /// Why it did not run to its end; nil if it did.
        var fault: String?
        /// The server accepted the opening handshake.
        var wasOpened = false
        /// The last text message.
        var text = ""
    }

    /// Room for the suite's largest messages, of 16 MiB, and no pings of our own: no case expects them.
    static let configuration: WebSocketConfiguration = {
        var configuration = WebSocketConfiguration()
        configuration.keepAlive = .off
        configuration.limits = MessageLimits(messageSize: 64 << 20)
        configuration.sendQueue = 64 << 20
        return configuration
    }()

    /// With more than this to be sent, reading waits.
    private static let highMark = 1 << 20

    private let echoes: Bool
    private let onEnd: (Result) -> Void
    private var connection: WebSocketConnection?
    private var timer: LoopTimer?
    private var result = Result()

    init(echoes: Bool, onEnd: @escaping (Result) -> Void) {
        self.echoes = echoes
        self.onEnd = onEnd
    }

    /// Dials `url`. The exchange lives until its end, at the latest shortly after `limit`.
    func start(
        on loop: EventLoop,
        resolver: NameResolver,
        url: WebSocketURL,
        configuration: WebSocketConfiguration,
        limit: Duration
    ) {
        let connection = WebSocketConnection(
            loop: loop,
            resolver: resolver,
            url: url,
            tls: nil,
            configuration: configuration,
            handler: self
        )
        self.connection = connection
        let timer = loop.makeTimer { [weak self] in self?.giveUp("not done after \(limit.components.seconds) s") }
        timer.arm(at: loop.now + limit)
        self.timer = timer
        connection.start()
    }

    private func giveUp(_ fault: String) {
        if result.fault == nil { result.fault = fault }
        connection?.close(.shutdown)
    }

    func webSocketOpened(_ opening: Opening) {
        result.wasOpened = true
    }

    func webSocketReceived(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
        guard echoes else {
            if kind == .text { result.text = String(decoding: payload, as: UTF8.self) }
            return
        }
        guard let connection, connection.state == .open else { return }
        guard connection.send(kind, payload) else { return giveUp("the server sends and does not read") }
        if connection.queuedBytes > Self.highMark { connection.pauseReading() }
    }

    func webSocketDrained() {
        connection?.resumeReading()
    }

    func webSocketEnded(_ report: SessionReport) {
        if !result.wasOpened { result.fault = report.detail }
        timer?.cancel()
        timer = nil
        connection = nil
        onEnd(result)
    }
}
