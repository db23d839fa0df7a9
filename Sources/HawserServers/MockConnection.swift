import CLibwebsockets
import Glibc
import MonotonicTime
import Transport

/// One accepted connection of a ``MockServer``, on libwebsockets' raw role, which also does TLS: HTTP/1.x requests one
/// after the other, pipelined or not, then perhaps a WebSocket session. Confined to the loop.
final class MockConnection: ServedDescriptor, LoopTimerOwner {
    /// What is going on.
    enum Phase {
        /// Before a request, or within its head.
        case head
        /// Within a request's content.
        case content
        /// An answer is due later.
        case delaying
        /// An answer is being produced.
        case streaming
        /// Bytes go to and come from a WebSocket session.
        case relaying
        /// Everything has been answered: what is unsent goes out, then FIN, and the client has a while to close too.
        case lingering
    }

    /// Output that is gathered before it is written.
    private static let batch = 64 << 10

    let routes: MockRoutes
    var phase = Phase.head
    var exchange: MockExchange?
    var output: [UInt8] = []
    var relay: SessionRelay?
    /// Whether the socket has not taken what was written; nothing more is begun then.
    private(set) var isBlocked = false
    private var reader = HTTPRequestReader()
    /// Bytes behind the request that is being answered.
    private var backlog: [UInt8] = []
    private var isReading = true
    private var isStopping = false
    private var isSecured = false
    private var hasSentEnd = false
    private var timer: LoopTimer?

    init(server: LibwebsocketsServer, routes: MockRoutes) {
        self.routes = routes
        super.init(server: server)
    }

    override var adoptionType: UInt32 { LWS_ADOPT_SOCKET.rawValue | LWS_ADOPT_ALLOW_SSL.rawValue }

    /// An idle connection ends at once, others behind their answer.
    override func serverStops() {
        isStopping = true
        switch phase {
        case .head where !reader.isInside && !isBlocked: drop()
        case .relaying: break
        default: exchange?.keepsAlive = false
        }
    }

    // MARK: What libwebsockets reports

    override func adopted() {
        settle()
    }

    override func happened(_ reason: lws_callback_reasons, _ data: UnsafeMutableRawPointer?, _ count: Int) -> Int32 {
        switch reason {
        case LWS_CALLBACK_RAW_RX:
            confirmSecured()
            receive(UnsafeRawBufferPointer(start: data, count: count))
            settle()
        case LWS_CALLBACK_RAW_WRITEABLE:
            guard let wsi, lws_partial_buffered(wsi) == 0 else { break }
            isBlocked = false
            goOn()
        case LWS_CALLBACK_RAW_CLOSE: forgetLibraryObject()
        default: break
        }
        return 0
    }

    override func destroyed() {
        timer = nil
        exchange = nil
        relay?.drop()
        relay = nil
        super.destroyed()
    }

    /// The library leaves the time limit of the TLS handshake in force behind it (4.1.6).
    private func confirmSecured() {
        guard let wsi, !isSecured else { return }
        isSecured = true
        lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0)
    }

    // MARK: Input

    private var mayProcess: Bool {
        guard wsi != nil, !isBlocked else { return false }
        switch phase {
        case .head, .content: return true
        case .delaying, .streaming, .relaying, .lingering: return false
        }
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) {
        switch phase {
        case .lingering: break
        case .relaying: relay?.send(bytes)
        case _ where backlog.isEmpty:
            let used = process(bytes)
            keep(UnsafeRawBufferPointer(rebasing: bytes[used...]))
        default: backlog += bytes
        }
    }

    private func keep(_ rest: UnsafeRawBufferPointer) {
        if phase == .relaying { relay?.send(rest) } else if phase != .lingering { backlog += rest }
    }

    /// Answers what is in `bytes` until an answer has to wait; returns how many were used.
    private func process(_ bytes: UnsafeRawBufferPointer) -> Int {
        var position = 0
        do {
            while mayProcess, let event = try reader.next(bytes, &position) {
                switch event {
                case .head(let head):
                    phase = .content
                    begin(head)
                case .content(let range):
                    takeContent(UnsafeRawBufferPointer(rebasing: bytes[range]))
                case .end: answer()
                }
                if output.count >= Self.batch { flush() }
            }
        } catch {
            refuse(error)
        }
        return position
    }

    /// Whatever waited may go on: the socket has room, or an answer is out.
    func goOn() {
        switch phase {
        case .streaming: produce()
        case .relaying: relay?.setReading(true)
        case .head, .content, .delaying, .lingering: break
        }
        if mayProcess, !backlog.isEmpty {
            let bytes = backlog
            backlog = []
            let used = bytes.withUnsafeBytes { process($0) }
            bytes.withUnsafeBytes { keep(UnsafeRawBufferPointer(rebasing: $0[used...])) }
        }
        settle()
    }

    // MARK: Output

    /// Writes what has been gathered; what the socket does not take the library keeps and sends later.
    func flush() {
        guard let wsi, !output.isEmpty else { return }
        let result = output.withUnsafeMutableBufferPointer { buffer in
            // The raw role writes the bytes as they are, whatever they are said to be.
            buffer.baseAddress.map { lws_write(wsi, $0, buffer.count, LWS_WRITE_HTTP) } ?? 0
        }
        output.removeAll(keepingCapacity: output.capacity <= 2 * Self.batch)
        guard result >= 0 else { return drop() }
        isBlocked = lws_partial_buffered(wsi) != 0
    }

    /// An answer that is cut short ends with a reset, also where the kernel has taken all that there was of it.
    override var hasUnsentOutput: Bool { isBlocked || phase == .streaming }

    /// The exchange is over, and the next may begin unless the connection ends with it.
    func finishExchange() {
        let keepsAlive = exchange?.keepsAlive ?? false
        exchange = nil
        phase = keepsAlive && !isStopping ? .head : .lingering
    }

    /// What is due at the end of each event: output, the end, reading or not, the deadline.
    func settle() {
        flush()
        guard let wsi else { return }
        if phase == .lingering, !isBlocked { sendEnd(wsi) }
        // The library does not read while it has something to send, and is called for what it does not read, again and
        // again (4.1.6).
        let isWanted = !isBlocked && backlog.count < MockLimits.backlog && relay?.isCongested != true
        if isWanted != isReading {
            isReading = isWanted
            lws_rx_flow_control(wsi, isWanted ? 1 : 0)
        }
        arm()
    }

    private func sendEnd(_ wsi: OpaquePointer) {
        guard !hasSentEnd else { return }
        hasSentEnd = true
        if let ssl = lws_get_ssl(wsi) {
            ERR_clear_error()
            SSL_shutdown(ssl)
        }
        shutdown(lws_get_socket_fd(wsi), Int32(SHUT_WR))
    }

    // MARK: The relay's part

    /// Bytes of the WebSocket session for the client.
    func relayed(_ bytes: UnsafeRawBufferPointer) {
        output += bytes
        settle()
        if isBlocked { relay?.setReading(false) }
    }

    func relayHasRoom() {
        settle()
    }

    func relayEnded() {
        relay = nil
        guard phase == .relaying else { return }
        phase = .lingering
        settle()
    }

    // MARK: Deadlines

    private func arm() {
        let now = server.loop.now
        let deadline: Instant?
        if isBlocked {
            deadline = now + routes.limits.patience
        } else {
            switch phase {
            case .head, .content: deadline = now + routes.limits.patience
            case .delaying: deadline = exchange?.due
            case .streaming: deadline = exchange?.due ?? now + routes.limits.patience
            case .relaying: deadline = nil
            case .lingering: deadline = now + routes.limits.lingering
            }
        }
        if timer == nil { timer = server.loop.makeTimer(for: self) }
        timer?.arm(at: deadline)
    }

    func timerFired() {
        guard !isBlocked else { return drop() }
        switch phase {
        case .delaying:
            respondWithDelayed()
            goOn()
        case .streaming where exchange?.due != nil: goOn()
        case .head where reader.isInside, .content:
            refuse(HTTPRequestFault(408, "the request did not come to its end in time"))
            settle()
        case .head, .lingering, .streaming: drop()
        case .relaying: break
        }
    }
}
