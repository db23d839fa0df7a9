import HawserWebSocket
import MonotonicTime
import WebSocketProtocol

/// Round trips of a short text, one after the other.
final class EchoLoad: WebSocketHandler {
    private static let text = String(repeating: "q", count: 128)

    private let count: Int
    private let url: WebSocketURL
    private let dialer: BenchDialer
    private let done: LoadEnd
    private var connection: WebSocketConnection?
    private var roundTrips: [Duration] = []
    private var sent = Instant.origin

    init(_ count: Int, _ url: WebSocketURL, _ dialer: BenchDialer, _ done: @escaping LoadEnd) {
        self.count = count
        self.url = url
        self.dialer = dialer
        self.done = done
        roundTrips.reserveCapacity(count)
    }

    func start() {
        let connection = dialer.makeConnection(to: url, self)
        self.connection = connection
        connection.start()
    }

    func webSocketOpened(_ opening: Opening) {
        send()
    }

    func webSocketReceived(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
        roundTrips.append(sent.duration(to: dialer.loop.now))
        if roundTrips.count < count { send() } else { connection?.close(.shutdown, code: .normal) }
    }

    func webSocketDrained() {}

    func webSocketEnded(_ report: SessionReport) {
        connection = nil
        guard roundTrips.count == count else { return done(.failure(BenchFailure(report))) }
        // The first ones meet cold caches.
        let sorted = roundTrips.dropFirst(count / 10).sorted()
        func percentile(_ thousandths: Int) -> String {
            let nanoseconds = sorted[min(sorted.count - 1, sorted.count * thousandths / 1000)] / .nanoseconds(1)
            return "\((nanoseconds / 10).rounded() / 100)"
        }
        HawserBench.report(
            "{\"n\":\(sorted.count),\"p50\":\(percentile(500)),\"p99\":\(percentile(990)),\"p999\":\(percentile(999))}"
        )
        done(.success(()))
    }

    private func send() {
        sent = dialer.loop.now
        connection?.send(Self.text)
    }
}
