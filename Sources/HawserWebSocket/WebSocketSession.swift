import ConnectionLifecycle
import NameResolution
import Transport
import WebSocketProtocol

/// One open WebSocket, for a task: receive, send, close. Made by `WebSocketClient.connect`.
///
/// Isolated to its event loop; every method may be called from anywhere. One task at a time may receive, any number may
/// send.
public actor WebSocketSession {
    private typealias Waiter = CheckedContinuation<Void, any Error>

    nonisolated let loop: EventLoop
    /// The event loop.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private var connection: WebSocketConnection?
    private var inbox: SessionInbox?
    private var opening: Opening?
    private var report: SessionReport?
    private var reader: Waiter?
    private var writers: [Waiter] = []
    private var closers: [CheckedContinuation<SessionReport, Never>] = []
    private var opener: CheckedContinuation<Void, Never>?

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// What the opening handshake agreed on; nil before it.
    public var agreed: Opening? { opening }

    /// How the session ended; nil while it lasts.
    public var end: SessionReport? { report }

    // MARK: Receiving

    /// The messages in order: `for try await message in session.messages { … }`.
    ///
    /// The loop ends when the session was closed in an orderly way, by either side.
    /// - Throws: `WebSocketError.ended` if it ended otherwise; `CancellationError`.
    public nonisolated var messages: WebSocketMessages { WebSocketMessages(session: self) }

    /// Waits for messages and returns all that have arrived; empty once the session is closed in an orderly way.
    ///
    /// - Throws: `WebSocketError.ended` if it ended otherwise; `WebSocketError.busy`; `CancellationError`.
    public func receive() async throws -> [WebSocketMessage] {
        while true {
            if let messages = inbox?.takeMessages(), !messages.isEmpty { return messages }
            if let report {
                guard report.isOrderly else { throw WebSocketError.ended(report) }
                return []
            }
            try await wait(as: .reader)
        }
    }

    // MARK: Sending

    /// Sends a text message; waits while more than `sendQueue` bytes wait for the server to read.
    ///
    /// - Throws: `WebSocketError.closed` if the session is over; `CancellationError`.
    public func send(_ text: String) async throws {
        try await waitForRoom()
        guard connection?.send(text) == true else { throw WebSocketError.closed }
    }

    /// Sends a binary message; waits while more than `sendQueue` bytes wait for the server to read.
    ///
    /// - Throws: `WebSocketError.closed` if the session is over; `CancellationError`.
    public func send(_ bytes: [UInt8]) async throws {
        try await waitForRoom()
        guard bytes.withUnsafeBytes({ connection?.send(.binary, $0) }) == true else { throw WebSocketError.closed }
    }

    private func waitForRoom() async throws {
        while let connection, connection.state == .open, connection.queuedBytes > connection.configuration.sendQueue {
            try await wait(as: .writer)
        }
    }

    // MARK: Closing

    /// Closes the session and waits until it is over, at most three seconds. Every caller awaits the same end.
    ///
    /// Not interrupted by cancellation: when it returns, the descriptor is given back.
    @discardableResult
    public func close(code: CloseCode = .normal, reason: String = "") async -> SessionReport {
        if let report { return report }
        connection?.close(.shutdown, code: code, reason: reason)
        if let report { return report }
        return await withCheckedContinuation { closers.append($0) }
    }

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
            handler: inbox
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
            wakeReader()
        case .drained:
            wakeWriters()
        case .ended(let report):
            self.report = report
            connection = nil
            opener?.resume()
            opener = nil
            wakeReader()
            wakeWriters()
            for closer in closers { closer.resume(returning: report) }
            closers = []
        }
    }

    private func wakeReader() {
        reader?.resume()
        reader = nil
    }

    private func wakeWriters() {
        for writer in writers { writer.resume() }
        writers = []
    }

    private enum Role {
        case reader, writer
    }

    /// Parks the task until there is something for it. Cancellation wakes all who wait; the others park again.
    private func wait(as role: Role) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { park($0, as: role) }
        } onCancel: {
            loop.submit { self.assumeIsolated { $0.wakeAll() } }
        }
        try Task.checkCancellation()
    }

    private func park(_ waiter: Waiter, as role: Role) {
        if Task.isCancelled { return waiter.resume() }
        switch role {
        case .reader where reader == nil: reader = waiter
        case .reader: waiter.resume(throwing: WebSocketError.busy)
        case .writer: writers.append(waiter)
        }
    }

    private func wakeAll() {
        wakeReader()
        wakeWriters()
    }
}

extension SessionReport {
    /// Whether the session ended with a closing handshake, or on our own request.
    public var isOrderly: Bool {
        switch end.outcome {
        case .peerClosed, .shutdown, .reloaded, .rotated, .closeTimeout: true
        default: false
        }
    }
}
