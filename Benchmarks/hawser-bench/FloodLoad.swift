import HawserWebSocket
import WebSocketProtocol

/// Counts what a server sends, to its Close.
final class FloodLoad: WebSocketHandler {
    private let url: WebSocketURL
    private let dialer: BenchDialer
    private let done: LoadEnd
    private var connection: WebSocketConnection?
    private var messages = 0
    private var bytes = 0

    init(_ url: WebSocketURL, _ dialer: BenchDialer, _ done: @escaping LoadEnd) {
        self.url = url
        self.dialer = dialer
        self.done = done
    }

    func start() {
        let connection = dialer.makeConnection(to: url, self)
        self.connection = connection
        connection.start()
    }

    func webSocketOpened(_ opening: Opening) {}

    func webSocketReceived(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
        messages += 1
        bytes += payload.count
    }

    func webSocketDrained() {}

    func webSocketEnded(_ report: SessionReport) {
        connection = nil
        guard case .peerClosed = report.end.outcome else { return done(.failure(BenchFailure(report))) }
        HawserBench.report("{\"msgs\":\(messages),\"bytes\":\(bytes)}")
        done(.success(()))
    }
}
