import ConnectionLifecycle
import MonotonicTime
import NameResolution
import Transport
import WebSocketProtocol

// Re-exported, so that whoever imports this module can name what its interface is made of.
@_exported import class Transport.TLSContext
@_exported import struct WebSocketProtocol.WebSocketURL

/// One session with one server, on one event loop: events go into a `SessionMachine`, its actions are performed here.
///
/// Confined to its loop's thread; nothing in it is synchronised. `start()` once; then `webSocketEnded` of the handler
/// comes exactly once, whatever happens, and every descriptor is given back. The handler is held until then.
public final class WebSocketConnection {
    /// A message in one frame up to this size is handed over where it was read, once it is whole; of a longer one no more
    /// than this is ever left with the socket. Bounds what an idle connection holds of half a frame.
    private static let longestWholeFrame = 128 << 10

    let loop: EventLoop
    /// Nil once the session is open.
    var opening: OpeningState?
    /// `WebSocketConfiguration.sendQueue`.
    let sendQueue: Int

    var handler: (any WebSocketHandler)?
    var machine: SessionMachine
    private var timer: LoopTimer?
    private var armedDeadline = Instant.distantFuture

    private var dial: Dial?
    private(set) var socket: Socket?
    var address: String?
    var timings = DialTimings()

    var decoder: FrameDecoder
    /// What all connections of the loop share.
    let buffers: LoopBuffers
    /// Nil unless the opening handshake agreed on permessage-deflate.
    var compression: ConnectionCompression?
    /// The payload of the newest Ping not yet answered; RFC 6455 section 5.5.3 allows to answer only that one.
    var owedPong: [UInt8]?
    /// The newest ping of the keep-alive.
    var lastKeepAlive: UInt64 = 0
    /// The pings that the user waits for.
    var pings: PingLedger?
    /// When messages may be sent; nil unless that is limited.
    private(set) var pace: SendPace?
    /// The message that is being sent in fragments, if one is.
    var fragmented: FragmentedMessage?
    /// Pongs written since the queue of outgoing frames was last empty.
    var queuedPongs: UInt8 = 0
    /// Set when the closing began while reading was paused: what still arrives has no place to go.
    var isDiscarding = false

    /// What went wrong, as far as it is known, for a person.
    var failure: String?
    /// Whole messages received so far.
    public internal(set) var messages: UInt64 = 0
    /// Payload bytes received so far.
    public internal(set) var bytes: UInt64 = 0
    /// Whole messages that arrived when there was no place for them any more, and were dropped.
    var discarded: UInt64 = 0

    /// A connection that has not been started; made on its loop.
    ///
    /// - Parameters:
    ///   - loop: where it lives.
    ///   - resolver: answers for the URL's host.
    ///   - url: where to.
    ///   - tls: the context for `wss`; nil for `ws` and `ws+unix`.
    ///   - configuration: what to say and how long to wait.
    ///   - handler: takes what happens, on `loop`.
    public init(
        loop: EventLoop,
        resolver: NameResolver,
        url: WebSocketURL,
        tls: TLSContext?,
        configuration: WebSocketConfiguration,
        handler: any WebSocketHandler
    ) {
        self.loop = loop
        opening = OpeningState(url: url, configuration: configuration, tls: tls, resolver: resolver)
        sendQueue = configuration.sendQueue
        self.handler = handler
        buffers = LoopBuffers.of(loop)
        machine = SessionMachine(
            buffers.plan(configuration),
            isSecure: url.isSecure,
            usesProxy: configuration.proxy != nil,
            needsResolution: url.unixPath == nil
        )
        decoder = FrameDecoder(limits: configuration.limits, window: Self.longestWholeFrame)
        pace = SendPace(configuration, host: url.unixPath ?? url.host, on: loop) { [unowned self] in
            self.handler?.webSocketDrained()
        }
    }

    /// Begins to dial.
    public func start() {
        timer = loop.makeTimer(for: self)
        handle(.started)
    }

    /// Ends the session, in whatever state it is: with the closing handshake if it is open.
    ///
    /// Idempotent. `webSocketEnded` follows within `hardClose`.
    public func close(_ outcome: Outcome, code: CloseCode = .goingAway, reason: String = "") {
        handle(.closeRequested(outcome, code: code.rawValue, reason: reason))
    }

    /// Where the session is.
    public var state: SessionMachine.State { machine.state }

    /// The round trip of the newest answered ping.
    public var pingRoundTrip: Duration? { machine.lastRoundTrip }

    /// Stops reading until `resumeReading`; what arrives waits in the kernel and slows the peer down.
    ///
    /// What has been read already is still handed over, at most 1 MiB and one message of it. In the closing handshake
    /// reading must go on, to find the peer's Close: the messages in front of it are dropped then, and counted.
    public func pauseReading() {
        if machine.state == .closing { isDiscarding = true }
        guard machine.state == .open, let socket, !socket.isReadingPaused else { return }
        socket.pauseReading()
        handle(.readingPaused)
    }

    /// Reads on.
    public func resumeReading() {
        guard let socket, socket.isReadingPaused else { return }
        socket.resumeReading()
        handle(.readingResumed)
    }

    // MARK: The runner

    /// Feeds one event to the machine and performs what it asks for.
    func handle(_ event: SessionEvent) {
        for action in machine.handle(event, now: loop.now) { perform(action) }
        armTimer()
    }

    private func perform(_ action: SessionAction) {
        switch action {
        case .dial: beginDial()
        case .sendUpgrade: sendOpeningRequest()
        case .opened: break  // Announced by `acceptOpening`, which holds what was agreed on.
        case .sendPing(let id): sendPing(id: id)
        case .resumeReading:
            isDiscarding = true
            socket?.resumeReading()
        case .sendClose(let code, let reason): sendClose(code: code.map(CloseCode.init(rawValue:)), reason: reason)
        case .abortTransport: abortTransport()
        case .ended(let end): finish(end)
        }
    }

    /// Re-arms only for an earlier deadline: one that moved on, as with each read, costs nothing until it fires.
    private func armTimer() {
        guard let timer, let deadline = machine.nextDeadline else { return }
        if armedDeadline <= deadline { return }
        armedDeadline = deadline
        timer.arm(at: deadline)
    }

    fileprivate func deadlineReached() {
        armedDeadline = .distantFuture
        // The timer is early where the deadline has moved on: only one that has come ends an opening handshake.
        let isDue = machine.nextDeadline.map { $0 <= loop.now } ?? false
        if isDue, takeUnfinishedRejection() { return }
        handle(.deadlineReached)
    }

    private func beginDial() {
        guard let opening else { return }
        opening.stageStarted = loop.now
        let url = opening.url
        // Never a plain connection where a secure one was asked for.
        guard opening.tls != nil || !url.isSecure else {
            failure = "a wss URL needs a TLS context"
            return handle(.dialFailed(.tls))
        }
        guard url.unixPath == nil || opening.configuration.proxy == nil else {
            failure = "a Unix socket is not reached through a proxy"
            return handle(.dialFailed(.proxyRefused))
        }
        let endpoint: Endpoint = url.unixPath.map(Endpoint.unix) ?? .host(url.host, port: url.port)
        let dial = Dial(
            loop: loop,
            to: endpoint,
            through: opening.configuration.proxy,
            tls: opening.tls.map { ($0, serverName: url.host) },
            resolver: opening.resolver,
            handler: self,
            socketHandler: self
        )
        self.dial = dial
        dial.start()
    }

    private func abortTransport() {
        if let dial {
            self.dial = nil
            dial.cancel()
            handle(.transportEnded(.aborted))
        } else if let socket {
            socket.abort()
        } else {
            handle(.transportEnded(.aborted))
        }
    }

    private func finish(_ end: SessionEnd) {
        timer?.cancel()
        timer = nil
        dial = nil
        socket = nil
        pings?.abandonAll()
        pings = nil
        pace?.end(now: loop.now)
        pace = nil
        compression = nil
        guard let handler else { return }
        self.handler = nil
        var end = end
        end.delivered = messages > 0
        handler.webSocketEnded(
            SessionReport(
                end: end,
                detail: EndDescription.text(
                    for: end,
                    failure: failure,
                    plan: machine.plan,
                    stageLasted: opening?.stageStarted.duration(to: loop.now) ?? .zero
                ),
                address: address,
                timings: timings,
                rejectionContent: opening?.rejectionContent ?? [],
                messages: messages,
                bytes: bytes,
                discarded: discarded,
                pingRoundTrip: machine.lastRoundTrip
            )
        )
    }

    private func lap() -> Duration? {
        opening?.lap(now: loop.now)
    }
}

extension WebSocketConnection: LoopTimerOwner {
    package func timerFired() {
        deadlineReached()
    }
}

extension WebSocketConnection: DialHandler {
    /// The name's addresses are known.
    public func dialResolved(_ addresses: [SocketAddress]) {
        timings.resolving = lap()
        handle(.resolved)
    }

    /// Connected; TLS follows if there is to be any.
    public func dialConnected(_ address: SocketAddress) {
        timings.connecting = lap()
        self.address = address.description
        handle(.connected)
    }

    /// The proxy gave a tunnel; TLS follows if there is to be any.
    public func dialTunneled() {
        timings.proxying = lap()
        handle(.tunneled)
    }

    /// Ready for the opening handshake.
    public func dialEstablished(_ socket: Socket) {
        if opening?.tls != nil { timings.securing = lap() }
        dial = nil
        self.socket = socket
        handle(.established)
    }

    /// Nothing came of the dial.
    public func dialFailed(_ failure: DialFailure) {
        dial = nil
        self.failure = failure.description
        handle(.dialFailed(DialFault(failure)))
    }
}

extension WebSocketConnection: SocketHandler {
    /// Takes what was read: the answer to the opening handshake first, then frames.
    public func socketReceived(_ bytes: UnsafeRawBufferPointer) -> Int {
        var consumed = 0
        if opening != nil {
            consumed = receiveOpeningResponse(bytes)
            // The answer is not whole yet, or a rejection, behind which there are no frames.
            guard opening == nil else { return bytes.count }
        }
        guard consumed < bytes.count else { return consumed }
        return consumed + receiveFrames(UnsafeRawBufferPointer(rebasing: bytes[consumed...]))
    }

    /// Where the payload of a long frame belongs.
    public func socketRoom() -> UnsafeMutableRawBufferPointer? {
        decoder.payloadRoom()
    }

    /// Takes payload of a long frame.
    public func socketReceived(inRoom count: Int) {
        receivePayload(count)
    }

    /// Everything queued was sent.
    public func socketDrained() {
        queuedPongs = 0
        if owedPong != nil { answerPing() }
        sendWaitingPings()
        handler?.webSocketDrained()
    }

    /// The transport is gone.
    public func socketEnded(_ end: SocketEnd) {
        socket = nil
        if takeUnfinishedRejection() { return }
        if failure == nil { failure = EndDescription.text(for: end, in: machine.state) }
        // A server with TLS 1.3 refuses our certificate only after its handshake: no answer, but an alert.
        if machine.state == .upgrading, case .tls(let fault) = end, fault.isCertificate {
            return handle(.dialFailed(DialFault(fault.kind)))
        }
        handle(.transportEnded(TransportEnd(end)))
    }
}
