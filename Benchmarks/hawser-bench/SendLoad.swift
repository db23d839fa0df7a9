import HawserWebSocket
import WebSocketProtocol

/// Sends texts as fast as the connection takes them, then closes.
final class SendLoad: WebSocketHandler {
    private let count: Int
    private let payload: [UInt8]
    private let url: WebSocketURL
    private let dialer: BenchDialer
    private let done: LoadEnd
    private var connection: WebSocketConnection?
    private var sent = 0

    init(_ count: Int, _ size: Int, _ url: WebSocketURL, _ dialer: BenchDialer, _ done: @escaping LoadEnd) {
        self.count = count
        payload = Array(repeating: UInt8(ascii: "x"), count: size)
        self.url = url
        self.dialer = dialer
        self.done = done
    }

    func start() {
        let connection = dialer.makeConnection(to: url, self)
        self.connection = connection
        connection.start()
    }

    func webSocketOpened(_ opening: Opening) {
        sendMore()
    }

    func webSocketReceived(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {}

    func webSocketDrained() {
        sendMore()
    }

    func webSocketEnded(_ report: SessionReport) {
        connection = nil
        guard sent == count, case .shutdown = report.end.outcome else { return done(.failure(BenchFailure(report))) }
        HawserBench.report("{\"msgs\":\(sent),\"bytes\":\(sent * payload.count)}")
        done(.success(()))
    }

    /// Until the queue is full: then `webSocketDrained` says when there is room.
    private func sendMore() {
        guard let connection else { return }
        payload.withUnsafeBytes { bytes in
            while sent < count, connection.send(.text, bytes) { sent += 1 }
        }
        if sent == count { connection.close(.shutdown, code: .normal) }
    }
}
