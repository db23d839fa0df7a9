import CLibwebsockets
import Glibc
import Transport

/// Carries the bytes of a WebSocket session between a ``MockConnection``, which has read the opening handshake, and a
/// ``ServerConnection`` on libwebsockets' WebSocket role, over a pair of sockets. Confined to the loop.
///
/// The library's HTTP role (4.1.6) knows seven methods, no chunked requests, and does not tell the fields that it has no
/// number for, so the mock server reads HTTP itself; and a connection that began without that role cannot take it on.
final class SessionRelay: ServedDescriptor, TurnEndHandler {
    /// Bytes that may wait in the session before the client is read no further.
    private static let highWater = 256 << 10

    private weak var connection: MockConnection?
    private weak var inner: ServerConnection?
    private var waiting: [UInt8] = []
    private var isReading = true
    private var isRegistered = false

    /// Starts a session and hands it the opening handshake. Nil for want of descriptors.
    init?(for connection: MockConnection, _ session: any ServerSession, handshake: [UInt8]) {
        self.connection = connection
        super.init(server: connection.server)
        var ends: [Int32] = [-1, -1]
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, flags, 0, &ends) == 0 else { return nil }
        guard server.serve(self, ends[0]) else {
            close(ends[1])
            return nil
        }
        let inner = ServerConnection(server: server, session: session, queueLimit: MockLimits.sessionQueue)
        inner.onDrained = { [weak self] in self?.tellConnection() }
        guard server.serve(inner, ends[1]) else {
            drop()
            return nil
        }
        self.inner = inner
        handshake.withUnsafeBytes { send($0) }
    }

    override var countsAsConnection: Bool { false }

    /// The session is told by its own connection.
    override func serverStops() {}

    /// Whether the client should be read no further for now.
    var isCongested: Bool {
        !waiting.isEmpty || (inner?.queuedBytes ?? 0) > Self.highWater
    }

    /// Passes bytes from the client on.
    func send(_ bytes: UnsafeRawBufferPointer) {
        var sent = 0
        if waiting.isEmpty, let wsi {
            sent = max(0, Glibc.send(lws_get_socket_fd(wsi), bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)))
        }
        guard sent < bytes.count else { return }
        waiting += bytes[sent...]
        askForRoom()
    }

    /// Whether bytes from the session are wanted.
    func setReading(_ isWanted: Bool) {
        guard let wsi, isWanted != isReading else { return }
        isReading = isWanted
        lws_rx_flow_control(wsi, isWanted ? 1 : 0)
    }

    override func happened(_ reason: lws_callback_reasons, _ data: UnsafeMutableRawPointer?, _ count: Int) -> Int32 {
        switch reason {
        case LWS_CALLBACK_RAW_RX_FILE: return passOn()
        case LWS_CALLBACK_RAW_WRITEABLE_FILE: sendWaiting()
        case LWS_CALLBACK_RAW_CLOSE_FILE: forgetLibraryObject()
        default: break
        }
        return 0
    }

    /// What the library is asked for inside of its callback about room, it forgets.
    func turnEnded() {
        isRegistered = false
        if let wsi, !waiting.isEmpty { lws_callback_on_writable(wsi) }
    }

    override func destroyed() {
        connection?.relayEnded()
        connection = nil
        super.destroyed()
    }

    private func askForRoom() {
        guard !isRegistered else { return }
        isRegistered = true
        server.loop.atEndOfTurn(self)
    }

    private func passOn() -> Int32 {
        guard let wsi, let connection else { return -1 }
        return withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
            let count = recv(lws_get_socket_fd(wsi), buffer.baseAddress, buffer.count, 0)
            if count < 0 { return errno == EAGAIN || errno == EINTR ? 0 : -1 }
            guard count > 0 else { return -1 }
            connection.relayed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return 0
        }
    }

    private func sendWaiting() {
        let bytes = waiting
        waiting = []
        bytes.withUnsafeBytes { send($0) }
        tellConnection()
    }

    private func tellConnection() {
        if !isCongested { connection?.relayHasRoom() }
    }
}
