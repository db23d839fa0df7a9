import HawserWebSocket
import WebSocketProtocol

/// Opens many connections and holds them.
final class HeldConnections: WebSocketHandler {
    /// As many as the daemon dials at once.
    private static let dialsAtOnce = 20

    private let count: Int
    private let url: WebSocketURL
    private let dialer: BenchDialer
    private let done: LoadEnd
    private let ready: (HeldConnections) -> Void
    private var connections: [WebSocketConnection] = []
    private var opened = 0
    private var ended = 0
    private var isClosing = false
    private var isDone = false

    init(
        _ count: Int,
        _ url: WebSocketURL,
        _ dialer: BenchDialer,
        done: @escaping LoadEnd,
        ready: @escaping (HeldConnections) -> Void
    ) {
        self.count = count
        self.url = url
        self.dialer = dialer
        self.done = done
        self.ready = ready
    }

    func start() {
        while connections.count < min(count, Self.dialsAtOnce) { dialNext() }
    }

    /// Closes them in order; the load is done when all have ended.
    func closeAll() {
        isClosing = true
        for connection in connections { connection.close(.shutdown, code: .normal) }
    }

    /// Ends the load without waiting for the connections.
    func finish(_ result: Result<Void, any Error>) {
        guard !isDone else { return }
        isDone = true
        connections = []
        done(result)
    }

    private func dialNext() {
        let connection = dialer.makeConnection(to: url, self)
        connections.append(connection)
        connection.start()
    }

    func webSocketOpened(_ opening: Opening) {
        opened += 1
        if connections.count < count { dialNext() }
        if opened == count { ready(self) }
    }

    func webSocketReceived(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {}

    func webSocketDrained() {}

    func webSocketEnded(_ report: SessionReport) {
        guard !isDone else { return }
        guard isClosing else { return finish(.failure(BenchFailure(report))) }
        ended += 1
        if ended == count { finish(.success(())) }
    }
}
