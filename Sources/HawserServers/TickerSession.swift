import MonotonicTime
import Transport

/// Sends numbered messages at a steady pace, and may cut the connection; what the client sends is ignored.
final class TickerSession: ServerSession {
    /// When the connection is cut, without a Close frame.
    enum Cut {
        case never
        case afterMessages(Int)
        case after(Duration)
    }

    private let loop: EventLoop
    private let interval: Duration
    private let cut: Cut
    private var pace: FeedPace?
    private var timer: LoopTimer?

    init(loop: EventLoop, every interval: Duration, cut: Cut = .never) {
        self.loop = loop
        self.interval = interval
        self.cut = cut
    }

    func opened(_ connection: ServerConnection) {
        pace = FeedPace(loop: loop, every: interval) { [weak self, weak connection] index in
            guard let self, let connection else { return }
            if case .afterMessages(let count) = cut, index >= count {
                // Everything before has been given to the kernel, or else the cut waits for the next tick.
                if connection.queuedBytes == 0 { connection.drop() }
            } else {
                connection.send(text: "{\"n\":\(index + 1),\"time\":\"\(WallClock.rfc3339())\"}")
            }
        }
        guard case .after(let life) = cut else { return }
        let timer = loop.makeTimer { [weak connection] in connection?.drop() }
        timer.arm(at: loop.now + life)
        self.timer = timer
    }

    func received(_ message: ServerMessage) {}

    func ended() {
        pace = nil
        timer = nil
    }
}
