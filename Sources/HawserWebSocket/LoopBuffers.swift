import ConnectionLifecycle
import Transport
import WebSocketProtocol

/// What all connections of one event loop share, so that an idle one needs no buffers; confined to the loop.
final class LoopBuffers {
    /// A buffer beyond this much is not kept for the next message.
    private static let kept = 256 << 10

    /// Where frames are made, one write at a time.
    var frame: [UInt8] = []
    /// Where messages are compressed.
    var deflated: [UInt8] = []
    /// Where messages are inflated; made for the first connection that agreed on compression.
    private(set) lazy var inflateBuffer = InflateBuffer()
    /// Hides the numbers of keep-alive pings, so that a pong with the payload of somebody else's ping is not taken for
    /// the answer to one of them.
    let pingSalt: UInt64

    /// The newest plan: sessions of one loop mostly have the same.
    private var plan = SessionPlan()

    /// The buffers of `loop`; call it on the loop.
    static func of(_ loop: EventLoop) -> LoopBuffers {
        loop.attachment { LoopBuffers(pingSalt: loop.randomWord()) }
    }

    private init(pingSalt: UInt64) {
        self.pingSalt = pingSalt
    }

    /// The plan that `configuration` makes, shared with the connections before if theirs was the same.
    func plan(_ configuration: WebSocketConfiguration) -> SessionPlan {
        if plan.timeouts != configuration.timeouts || plan.keepAlive != configuration.keepAlive {
            plan = SessionPlan(timeouts: configuration.timeouts, keepAlive: configuration.keepAlive)
        }
        return plan
    }

    /// Empties the buffers; one large message must not hold its memory for the life of the loop.
    func clear() {
        if frame.capacity > Self.kept { frame = [] } else { frame.removeAll(keepingCapacity: true) }
        if deflated.capacity > Self.kept { deflated = [] } else { deflated.removeAll(keepingCapacity: true) }
    }
}

extension EventLoop {
    /// 64 bits that nobody can foresee. Confined to the loop.
    func randomWord() -> UInt64 {
        UInt64(randomMask()) << 32 | UInt64(randomMask())
    }
}
