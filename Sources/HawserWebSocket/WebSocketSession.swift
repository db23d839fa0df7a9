import ConnectionLifecycle
import NameResolution
import Transport
import WebSocketProtocol

/// One open WebSocket, for tasks: receive, send, ping, close. Made by
/// ``WebSocketClient/connect(to:configuration:isolation:_:)-method``.
///
/// Isolated to its event loop; every method may be called from anywhere. One task at a time may receive, any number may
/// send, ping and close.
public actor WebSocketSession {
    nonisolated let loop: EventLoop
    /// The event loop.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Nil before the dial and after the end.
    var connection: WebSocketConnection?
    var inbox: SessionInbox?
    /// What takes every message, if that was said before the dial.
    let onMessage: DirectReceiver.Take?
    private var opening: Opening?
    var report: SessionReport?

    private var opener: CheckedContinuation<Void, Never>?
    private var reader = WaitingLine()
    private var senders = WaitingLine()
    private var room = WaitingLine()
    private var witnesses = WaitingLine()
    private var closers: [CheckedContinuation<SessionReport, Never>] = []
    private var lastWaiter: UInt64 = 0
    /// Whether a sender has its turn: the others wait in line.
    private var isSending = false
    /// The number of the message that is being sent in fragments, or was last.
    var lastMessage: UInt64 = 0

    init(loop: EventLoop, onMessage: sending DirectReceiver.Take? = nil) {
        self.loop = loop
        self.onMessage = onMessage
    }

    /// What the opening handshake agreed on; nil before it.
    public var agreed: Opening? { opening }

    /// How the session ended; nil while it lasts.
    public var end: SessionReport? { report }

    // MARK: The connection

    /// Dials; throws if no session comes of it.
    func open(
        _ url: WebSocketURL,
        tls: TLSContext?,
        resolver: NameResolver,
        configuration: WebSocketConfiguration
    ) async throws {
        let inbox = SessionInbox { [unowned self] edge in assumeIsolated { $0.take(edge) } }
        let connection = WebSocketConnection(
            loop: loop,
            resolver: resolver,
            url: url,
            tls: tls,
            configuration: configuration,
            handler: onMessage.map { DirectReceiver(inbox, $0) } ?? inbox
        )
        inbox.connection = connection
        self.inbox = inbox
        self.connection = connection
        await withTaskCancellationHandler {
            await withCheckedContinuation { startDial($0) }
        } onCancel: {
            loop.submit { self.assumeIsolated { $0.abandonDial() } }
        }
        if opening == nil, let report {
            try Task.checkCancellation()
            throw WebSocketError.notOpened(report)
        }
    }

    private func startDial(_ continuation: CheckedContinuation<Void, Never>) {
        // Cancelled before it began: the end has been told already.
        guard report == nil else { return continuation.resume() }
        opener = continuation
        connection?.start()
        if Task.isCancelled { abandonDial() }
    }

    private func abandonDial() {
        if opening == nil { connection?.close(.shutdown) }
    }

    private func take(_ edge: SessionInbox.Edge) {
        switch edge {
        case .opened(let opening):
            self.opening = opening
            opener?.resume()
            opener = nil
        case .received:
            reader.resumeAll()
        case .drained:
            room.resumeAll()
        case .ended(let report):
            self.report = report
            connection = nil
            opener?.resume()
            opener = nil
            reader.resumeAll()
            room.resumeAll()
            senders.resumeAll(throwing: WebSocketError.closed)
            witnesses.resumeAll()
            for closer in closers { closer.resume(returning: report) }
            closers = []
        }
    }

    // MARK: Waiting

    /// What a task waits for.
    enum Wait {
        /// Messages, or the end.
        case messages
        /// Its turn to send.
        case turn
        /// An empty queue of outgoing frames; only whoever has the turn.
        case room
        /// The same, and that the rates allow one more message.
        case begin
        /// The end.
        case end
    }

    /// Parks the task until it comes to pass, which a later look may find undone again.
    ///
    /// Other work of the actor may run between this call and the parking, which therefore looks again.
    ///
    /// - Throws: `CancellationError`; `WebSocketError.busy` for a second reader, `.closed` for a sender.
    func wait(for wait: Wait) async throws {
        let id = nextWaiter()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { park($0, id, wait) }
        } onCancel: {
            loop.submit { self.assumeIsolated { $0.cancel(id, wait) } }
        }
    }

    /// A number for a task that waits.
    func nextWaiter() -> UInt64 {
        lastWaiter &+= 1
        return lastWaiter
    }

    private func park(_ waiter: WaitingLine.Continuation, _ id: UInt64, _ wait: Wait) {
        if Task.isCancelled { return waiter.resume(throwing: CancellationError()) }
        switch wait {
        case .messages where !reader.isEmpty: waiter.resume(throwing: WebSocketError.busy)
        case .messages where report != nil || inbox?.isEmpty == false: waiter.resume()
        case .messages: reader.append(waiter, id: id)
        case .turn where !isSending:
            isSending = true
            waiter.resume()
        case .turn: senders.append(waiter, id: id)
        case .room where connection?.state != .open || connection?.hasRoom == true: waiter.resume()
        case .begin where connection?.state != .open || connection?.mayBegin == true: waiter.resume()
        case .room, .begin: room.append(waiter, id: id)
        case .end where report != nil: waiter.resume()
        case .end: witnesses.append(waiter, id: id)
        }
    }

    private func cancel(_ id: UInt64, _ wait: Wait) {
        switch wait {
        case .messages: reader.cancel(id)
        case .turn: senders.cancel(id)
        case .room, .begin: room.cancel(id)
        case .end: witnesses.cancel(id)
        }
    }

    func waitForClose() async -> SessionReport {
        await withCheckedContinuation { closer in
            if let report { closer.resume(returning: report) } else { closers.append(closer) }
        }
    }

    // MARK: The turn to send

    /// Whether a message may be sent at once: nobody is in front of it, and there is room.
    var maySendAtOnce: Bool {
        !isSending && connection?.mayBegin == true
    }

    /// Waits for the turn to send, then for room. Turns are taken in the order in which they were asked for; `endTurn`
    /// must follow, unless this throws.
    func takeTurn() async throws {
        try Task.checkCancellation()
        guard connection?.state == .open else { throw WebSocketError.closed }
        if isSending { try await wait(for: .turn) } else { isSending = true }
        do { try await waitToBegin() } catch {
            endTurn()
            throw error
        }
    }

    /// Waits until the queue of outgoing frames takes more; for whoever has the turn.
    ///
    /// - Throws: `WebSocketError.closed`, `CancellationError`.
    func waitForRoom() async throws {
        while true {
            guard let connection, connection.state == .open else { throw WebSocketError.closed }
            if connection.hasRoom { return }
            try await wait(for: .room)
        }
    }

    /// Waits until a message may begin; for whoever has the turn.
    ///
    /// - Throws: `WebSocketError.closed`, `CancellationError`.
    func waitToBegin() async throws {
        while true {
            guard let connection, connection.state == .open else { throw WebSocketError.closed }
            if connection.mayBegin { return }
            try await wait(for: .begin)
        }
    }

    /// Lets the next sender have its turn.
    func endTurn() {
        isSending = senders.resumeFirst()
    }
}

extension SessionReport {
    /// Whether the session ended with a closing handshake, or on our own request.
    public var isOrderly: Bool {
        switch end.outcome {
        case .peerClosed, .closeTimeout: true
        default: end.outcome.isRequested
        }
    }
}
