import ConnectionLifecycle
import MonotonicTime
import Transport

/// When one connection may send its next message: its own rates, then those of its host.
///
/// Confined to its loop. Messages do not wait here: whoever sends finds no room, and is told when there is.
final class SendPace {
    private var own: SlidingWindow
    private let gate: SendGate?
    private let host: String
    private let id: UInt64
    private let countsPings: Bool
    private let timer: LoopTimer
    /// A turn of the gate that has not been used.
    private var isGranted = false

    /// - Parameter onOpen: called when a message may be sent after one could not.
    init?(_ configuration: WebSocketConfiguration, host: String, on loop: EventLoop, onOpen: @escaping () -> Void) {
        gate = configuration.sendGate
        guard !configuration.sendRates.isEmpty || gate != nil else { return nil }
        countsPings = configuration.countsPings
        own = SlidingWindow(configuration.countsPings ? configuration.ratesBesidePings : configuration.sendRates)
        self.host = host
        id = gate?.join() ?? 0
        timer = loop.makeTimer(onOpen)
    }

    /// Whether a message may be sent now. If it may, one must be, soon: the turn is taken from the others of the host.
    func isOpen(now: Instant) -> Bool {
        if isGranted { return true }
        if let free = own.nextFree, free > now { return wait(until: free) }
        guard let gate else { return true }
        switch gate.ask(id, host: host, now: now) {
        case .granted:
            isGranted = true
            return true
        case .wait(let until):
            return wait(until: until)
        }
    }

    /// A message was handed to the socket.
    func sent(now: Instant) {
        own.begin()
        own.end(at: now)
        guard let gate else { return }
        if isGranted { gate.sent(host: host, now: now) } else { gate.note(host: host, now: now) }
        isGranted = false
    }

    /// A ping of the keep-alive, which waits for nobody, was handed to the socket.
    func pinged(now: Instant) {
        if countsPings { gate?.note(host: host, now: now) }
    }

    /// The connection has ended.
    func end(now: Instant) {
        timer.cancel()
        gate?.leave(id, host: host, isGranted: isGranted, now: now)
        isGranted = false
    }

    private func wait(until instant: Instant) -> Bool {
        timer.arm(at: instant)
        return false
    }
}

extension WebSocketConfiguration {
    /// What is left of each rate for messages if the pings of the keep-alive count: no window then holds more than its
    /// count, whenever the pings fall due. At least 1.
    public var ratesBesidePings: [Rate] {
        guard case .ping(let every, _) = keepAlive else { return sendRates }
        return sendRates.map { Rate($0.count - $0.pings(every: every), per: $0.per) }
    }
}

extension Rate {
    /// The most pings that one window can hold.
    public func pings(every: Duration) -> Int {
        let interval = max(every.saturatedNanoseconds, 1)
        return Int(clamping: per.saturatedNanoseconds / interval) + 1
    }
}
