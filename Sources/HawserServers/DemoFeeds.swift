import MonotonicTime
import Transport

/// The demo's routes. Confined to the loop.
final class DemoFeeds: ServerHandler {
    private let loop: EventLoop
    private let timing: DemoTiming
    private let start: Instant
    private var random: SplitMix

    init(loop: EventLoop, seed: UInt64, timing: DemoTiming) {
        self.loop = loop
        self.timing = timing
        start = loop.now
        random = SplitMix(seed: seed)
    }

    func response(to request: ServerRequest) -> ServerResponse {
        guard request.path == "/" else { return Self.notFound }
        return .text("Hawser's demo feeds: WebSocket at /ticker, /flaky and /quiet")
    }

    func upgrade(_ request: ServerRequest) -> UpgradeDecision {
        switch request.path {
        case "/ticker":
            return .accept(TickerFeed(loop: loop, tick: timing.tick, random: SplitMix(seed: random.next())))
        case "/flaky":
            let life = random.duration(in: timing.flakyLife)
            return .accept(FlakyFeed(loop: loop, start: start, tick: timing.flakyTick, life: life))
        case "/quiet":
            return .accept(QuietFeed(loop: loop, patience: timing.quietPatience))
        default:
            return .reject(Self.notFound)
        }
    }

    private static var notFound: ServerResponse {
        .text("there is nothing here; the feeds are /ticker, /flaky and /quiet", status: 404)
    }
}

/// Numbered prices at a steady pace, a random walk of cents.
private final class TickerFeed: ServerSession {
    private let loop: EventLoop
    private let tick: Duration
    private var random: SplitMix
    private var pace: FeedPace?
    private var cents = 10_000

    init(loop: EventLoop, tick: Duration, random: SplitMix) {
        self.loop = loop
        self.tick = tick
        self.random = random
    }

    func opened(_ connection: ServerConnection) {
        pace = FeedPace(loop: loop, every: tick) { [weak self, weak connection] index in
            guard let self, let connection else { return }
            cents = max(1, cents + Int(random.next() % 21) - 10)
            let fraction = cents % 100
            let price = "\(cents / 100).\(fraction < 10 ? "0" : "")\(fraction)"
            connection.send(text: "{\"n\":\(index + 1),\"price\":\(price),\"time\":\"\(WallClock.rfc3339())\"}")
        }
    }

    func received(_ message: ServerMessage) {}

    func ended() {
        pace = nil
    }
}

/// Messages numbered by the feed's own time, on a connection that is cut after a while without a Close.
private final class FlakyFeed: ServerSession {
    private let loop: EventLoop
    private let start: Instant
    private let tick: Duration
    private let life: Duration
    private var pace: FeedPace?
    private var cut: LoopTimer?

    init(loop: EventLoop, start: Instant, tick: Duration, life: Duration) {
        self.loop = loop
        self.start = start
        self.tick = tick
        self.life = life
    }

    func opened(_ connection: ServerConnection) {
        pace = FeedPace(loop: loop, origin: start, every: tick) { [weak connection] index in
            connection?.send(text: "{\"n\":\(index + 1),\"feed\":\"flaky\"}")
        }
        let cut = loop.makeTimer { [weak connection] in connection?.drop() }
        cut.arm(at: loop.now + life)
        self.cut = cut
    }

    func received(_ message: ServerMessage) {}

    func ended() {
        pace = nil
        cut = nil
    }
}

/// One hello, then nothing, and an end for clients that are silent too.
private final class QuietFeed: ServerSession {
    private let loop: EventLoop
    private let patience: Duration
    private var check: LoopTimer?

    init(loop: EventLoop, patience: Duration) {
        self.loop = loop
        self.patience = patience
    }

    func opened(_ connection: ServerConnection) {
        connection.send(text: "{\"hello\":\"this feed is quiet, and closes after \(patience) without a ping\"}")
        check = loop.makeTimer { [weak self, weak connection] in
            guard let self, let connection else { return }
            let left = patience - connection.silence
            if left > .zero {
                check?.arm(at: loop.now + left)
            } else {
                connection.close(1000, "no ping for \(patience)")
            }
        }
        check?.arm(at: loop.now + patience)
    }

    func received(_ message: ServerMessage) {}

    func ended() {
        check = nil
    }
}
