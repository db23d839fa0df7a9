import CLibwebsockets
import Glibc
import NameResolution

/// A connected stream socket, plain or under TLS. Made by a ``Dial``; confined to its event loop's thread.
///
/// The descriptor belongs to libwebsockets from the moment it is adopted; it is never closed here. libwebsockets holds
/// the socket from its adoption until it has closed the descriptor, so a socket needs no owner to live.
///
/// None of the calls below calls the handler before it returns.
public final class Socket {
    /// The most bytes that one read brings; a handler is offered those behind what it has left, at most as many again. The
    /// more a read brings, the less the kernel has to do for each of them, as long as all stay in the cache.
    public static let window = 256 << 10

    enum State: UInt8 {
        case connecting, tunneling, securing, open, ended
    }

    /// What has come of our side of the connection.
    enum Closing: UInt8 {
        case open
        /// ``shutdownAfterFlush()`` waits for the queue to empty.
        case requested
        case done
    }

    // Proof: a loop ends its thread only after libwebsockets has destroyed every socket, and an ended socket, which its
    // owner may still hold, does not look at its loop any more.
    unowned(unsafe) let loop: EventLoop
    let descriptor: Int32
    /// The peer's address.
    public let remoteAddress: SocketAddress

    var handler: (any SocketHandler)?
    /// Who is told of the connection while it is being established; holds the handler's place until then.
    var establishment: Dial?
    /// libwebsockets' object; `nil` before the adoption and after the end.
    var wsi: OpaquePointer?
    var tls: TLSConnection?
    /// Its place among the loop's sockets; -1 if it is not there.
    var registration = -1

    var state = State.connecting
    var closing = Closing.open
    /// Why the socket ends, once that is decided.
    var end: SocketEnd?
    /// To be ended: at the return of the callback it is in, or at the end of the turn.
    var isDoomed = false
    /// Inside one of libwebsockets' callbacks, or a call that stands for one.
    var isInCallback = false
    /// The end was decided by a failed write: what the peer sent before it may say more.
    var isEndOfWriting = false
    /// OpenSSL cannot write before it has read something.
    var writesAfterReading = false
    var isOnWritableList = false
    var isOnFlushList = false
    var isOnReturnList = false
    /// The carried bytes are to be offered again even if nothing has come behind them.
    var offersCarryAgain = false
    /// The handler wants to go on in the next turn.
    var isYielding = false
    /// The carried bytes lie at the beginning of the loop's buffer, for as long as this socket reads on.
    var carriesInWindow = false
    /// Whether reading is paused.
    public internal(set) var isReadingPaused = false

    var carry: UnsafeMutableRawPointer?
    var carriedBytes = 0
    var carryCapacity = 0
    var output = OutputQueue()

    init(loop: EventLoop, descriptor: Int32, remoteAddress: SocketAddress) {
        self.loop = loop
        self.descriptor = descriptor
        self.remoteAddress = remoteAddress
    }

    deinit {
        carry?.deallocate()
    }

    /// Bytes that wait for the kernel to take them.
    public var queuedBytes: Int { output.count }

    /// The version of TLS that is spoken, such as `TLSv1.3`; `nil` for a plain socket.
    public var tlsVersion: String? { tls?.version }

    /// The cipher suite that is used, by OpenSSL's name; `nil` for a plain socket.
    public var tlsCipher: String? { tls?.cipher }

    /// Whether the TLS session was resumed from an earlier connection; `false` for a plain socket.
    public var tlsIsResumed: Bool { tls?.isResumed ?? false }

    /// Whether the socket has ended, or is about to.
    public var isEnded: Bool { isDoomed || state == .ended }

    /// Ends the socket without ceremony: what is queued is dropped, what has not been read is lost. The handler hears
    /// ``SocketEnd/aborted`` later in this turn, unless another end was decided already. Harmless when it has ended.
    public func abort() {
        fail(.aborted)
    }

    /// As ``abort()``, and the handler hears nothing any more.
    public func detach() {
        handler = nil
        establishment = nil
        fail(.aborted)
    }

    /// Decides the end, which happens when the callback returns or, outside of one, at the end of the turn.
    func fail(_ reason: SocketEnd) {
        guard !isDoomed, state != .ended else { return }
        end = reason
        isDoomed = true
        if !isInCallback { loop.sockets.wantEnd(self) }
    }

    /// The end of the turn, for a socket that was doomed outside of a callback.
    func endNow() {
        guard let wsi, state != .ended else { return }
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC)
    }

    /// libwebsockets is about to close the descriptor; it says so once or twice.
    func closed() {
        guard state != .ended else { return }
        // The library takes no more wishes for this socket, and the peer no more bytes.
        wsi = nil
        closing = .done
        isInCallback = true
        takeLastBytes()
        isInCallback = false
        let end = end ?? .aborted
        let wasEstablished = state == .open
        state = .ended
        isDoomed = true
        loop.sockets.remove(self)
        tls?.finish()
        output = OutputQueue()
        freeCarry()
        let (handler, establishment) = (handler, establishment)
        self.handler = nil
        self.establishment = nil
        if let establishment {
            establishment.attemptEnded(self, end)
        } else if wasEstablished {
            handler?.socketEnded(end)
        }
    }

    /// If the end was not our own, the kernel may still hold bytes from before it, and knows why it came.
    private func takeLastBytes() {
        guard loop.shutdownStep == .running else { return }
        if end == nil {
            // libwebsockets has seen POLLERR or POLLHUP. An alert may explain it.
            if state == .tunneling { readFromProxy() }
            if state == .securing { handshake() }
            if state == .open { readRest() }
            if end == nil { end = connectionError() }
        } else if isEndOfWriting && state == .open {
            let failure = end
            end = nil
            readRest()
            // A reset that the write has reported looks like an orderly end to the read.
            if case .reset(ECONNRESET)? = failure, case .eof? = end { end = nil }
            if end == nil { end = failure }
        }
    }

    /// What `SO_ERROR` says; `nil` if there is no error.
    func connectionError() -> SocketEnd? {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0, code != 0 else { return nil }
        return SocketEnd(errno: code)
    }

    func freeCarry() {
        carry?.deallocate()
        carry = nil
        carriedBytes = 0
        carriesInWindow = false
        carryCapacity = 0
    }
}
