import CLibwebsockets
import Glibc
import Transport

/// One accepted connection: HTTP requests, then perhaps a WebSocket session, both spoken by libwebsockets' server roles.
/// Confined to the loop.
package final class ServerConnection: ServedDescriptor, TurnEndHandler {
    /// The largest message taken from a client; a larger one ends the session with 1009.
    package static let messageLimit = 1 << 20
    /// Bytes that may wait to be sent before `send` refuses more.
    package static let queueLimit = 1 << 20

    /// Bytes that may wait to be sent here before `send` refuses more.
    private let queueLimit: Int
    /// Accepted in advance, whatever the handshake asks for.
    private let isPromised: Bool
    private var session: (any ServerSession)?
    private var isOpen = false
    private var queue: [QueuedFrame] = []
    /// Bytes that wait to be sent.
    private(set) var queuedBytes = 0
    /// Called when fewer bytes wait than before.
    var onDrained: (() -> Void)?
    private var pendingClose: (code: UInt16, reason: String)?
    private var partial: [UInt8] = []

    /// A frame behind the room that libwebsockets needs in front of it.
    private struct QueuedFrame {
        var bytes: [UInt8]
        let type: lws_write_protocol
    }

    /// A connection whose requests the server's handler answers.
    override init(server: LibwebsocketsServer) {
        queueLimit = Self.queueLimit
        isPromised = false
        super.init(server: server)
    }

    /// A connection whose opening handshake leads to `session`.
    init(server: LibwebsocketsServer, session: any ServerSession, queueLimit: Int) {
        self.queueLimit = queueLimit
        isPromised = true
        self.session = session
        super.init(server: server)
    }

    override var adoptionType: UInt32 { LWS_ADOPT_SOCKET.rawValue | LWS_ADOPT_HTTP.rawValue }
    override var countsAsConnection: Bool { !isPromised }

    override func serverStops() {
        if isSession { close(1001, "the server stops") } else { drop() }
    }

    /// Whether this is a WebSocket session that may still send.
    package var isSession: Bool {
        isOpen && pendingClose == nil
    }

    // MARK: Sending

    /// Queues a text message. False if the session is over or the queue is full; the message is dropped then.
    @discardableResult
    package func send(text: String) -> Bool {
        queue(Array(text.utf8), as: LWS_WRITE_TEXT)
    }

    /// Queues a binary message. False if the session is over or the queue is full; the message is dropped then.
    @discardableResult
    package func send(binary: [UInt8]) -> Bool {
        queue(binary, as: LWS_WRITE_BINARY)
    }

    /// Begins the closing handshake behind what is queued; libwebsockets waits five seconds for the client's part.
    package func close(_ code: UInt16, _ reason: String = "") {
        guard isSession else { return }
        pendingClose = (code, reason)
        if queue.isEmpty { server.loop.atEndOfTurn(self) }
    }

    /// What libwebsockets closes from within a callback it closes twice under libuv, and the second time without a
    /// Close frame (4.1.6). So the closing handshake begins between two turns.
    package func turnEnded() {
        guard let wsi, let (code, reason) = pendingClose else { return }
        var text = Array(reason.utf8)
        lws_close_reason(wsi, lws_close_status(UInt32(code)), &text, text.count)
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, Int32(LWS_TO_KILL_SYNC))
    }

    /// How long the client has sent nothing at all; its Pings, which libwebsockets answers by itself, count as well.
    package var silence: Duration {
        guard let wsi else { return .zero }
        var info = tcp_info()
        var length = socklen_t(MemoryLayout<tcp_info>.size)
        guard getsockopt(lws_get_socket_fd(wsi), Int32(IPPROTO_TCP), TCP_INFO, &info, &length) == 0 else {
            return .zero
        }
        return .milliseconds(Int64(info.tcpi_last_data_recv))
    }

    private func queue(_ payload: [UInt8], as type: lws_write_protocol) -> Bool {
        guard isSession, let wsi, queuedBytes + payload.count <= queueLimit else { return false }
        queue.append(QueuedFrame(bytes: [UInt8](repeating: 0, count: hawser_lws_pre()) + payload, type: type))
        queuedBytes += payload.count
        lws_callback_on_writable(wsi)
        return true
    }

    // MARK: What libwebsockets reports

    override func happened(
        _ reason: lws_callback_reasons,
        _ data: UnsafeMutableRawPointer?,
        _ count: Int
    ) -> Int32 {
        switch reason {
        case LWS_CALLBACK_HTTP: return answerRequest()
        case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return decideUpgrade()
        case LWS_CALLBACK_ESTABLISHED:
            isOpen = true
            session?.opened(self)
        case LWS_CALLBACK_SERVER_WRITEABLE: return writeNext()
        case LWS_CALLBACK_RECEIVE: return receive(UnsafeRawBufferPointer(start: data, count: count))
        case LWS_CALLBACK_CLOSED, LWS_CALLBACK_CLOSED_HTTP:
            forgetLibraryObject()
            endSession()
        default: break
        }
        return 0
    }

    override var hasUnsentOutput: Bool { !queue.isEmpty }

    override func destroyed() {
        endSession()
        onDrained = nil
        super.destroyed()
    }

    private func endSession() {
        queue = []
        partial = []
        let session = session
        self.session = nil
        if isOpen { session?.ended() }
        isOpen = false
    }

    private func answerRequest() -> Int32 {
        guard let wsi, let handler = server.handler, let request = ServerRequest(wsi) else { return -1 }
        let response =
            request.method == .other
            ? .text("only GET and HEAD are answered here", status: 405) : handler.response(to: request)
        guard write(response, to: request) else { return -1 }
        return lws_http_transaction_completed(wsi) == 0 ? 0 : -1
    }

    /// Positive: answered, and the library completes the transaction.
    private func decideUpgrade() -> Int32 {
        if isPromised { return 0 }
        guard let wsi, let handler = server.handler, let request = ServerRequest(wsi) else { return -1 }
        switch handler.upgrade(request) {
        case .accept(let session):
            self.session = session
            return 0
        case .reject(let response):
            return write(response, to: request) ? 1 : -1
        }
    }

    private func write(_ response: ServerResponse, to request: ServerRequest) -> Bool {
        let padding = hawser_lws_pre()
        var bytes = response.serialized(withContent: request.method != .head, padding: padding)
        // What the socket does not take at once the library keeps and sends later.
        return write(&bytes, padding, LWS_WRITE_HTTP_HEADERS)
    }

    private func writeNext() -> Int32 {
        guard let wsi, !queue.isEmpty else { return 0 }
        var frame = queue.removeFirst()
        let padding = hawser_lws_pre()
        queuedBytes -= frame.bytes.count - padding
        guard write(&frame.bytes, padding, frame.type) else { return -1 }
        onDrained?()
        if !queue.isEmpty {
            lws_callback_on_writable(wsi)
        } else if pendingClose != nil {
            server.loop.atEndOfTurn(self)
        }
        return 0
    }

    private func write(_ bytes: inout [UInt8], _ padding: Int, _ type: lws_write_protocol) -> Bool {
        guard let wsi else { return false }
        let count = bytes.count - padding
        return bytes.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return false }
            return lws_write(wsi, base + padding, count, type) >= 0
        }
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        guard let wsi else { return -1 }
        guard isSession else { return 0 }
        guard partial.count + bytes.count <= Self.messageLimit else {
            partial = []
            close(1009, "larger than \(Self.messageLimit) bytes")
            return 0
        }
        partial.append(contentsOf: bytes)
        guard lws_is_final_fragment(wsi) != 0, lws_remaining_packet_payload(wsi) == 0 else { return 0 }
        let payload = partial
        partial = []
        if lws_frame_is_binary(wsi) != 0 {
            session?.received(.binary(payload))
        } else if let text = String(validating: payload, as: UTF8.self) {
            session?.received(.text(text))
        } else {
            // The library checks text only if the whole context is told to.
            close(1007, "text that is not UTF-8")
        }
        return 0
    }
}

extension ServerRequest {
    /// The request that `wsi` has just parsed; nil if libwebsockets finds no target in it.
    fileprivate init?(_ wsi: OpaquePointer) {
        var start: UnsafeMutablePointer<CChar>?
        var count: Int32 = 0
        // The index into libwebsockets' table of methods, which begins with GET; HEAD is looked up by its token.
        let index = lws_http_get_uri_and_method(wsi, &start, &count)
        guard index >= 0, let start, count >= 0 else { return nil }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(count))
        let isHead = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0
        let isGet = lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0
        self.init(method: isHead ? .head : isGet ? .get : .other, path: String(decoding: bytes, as: UTF8.self))
    }
}
