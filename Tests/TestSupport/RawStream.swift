import Glibc

/// How a blocking read or write of a test peer ended instead of succeeding.
public enum StreamError: Error, Hashable, Sendable {
    /// The peer sent FIN and nothing is left to read.
    case endedByPeer
    /// The peer, or the kernel for it, sent RST.
    case reset
    /// Nothing happened within the time given; `what` says what was waited for.
    case timedOut(_ what: String)
    /// The server that owns the connection is being stopped.
    case stopped
    /// This side has closed the stream already.
    case closed
    /// Any other failure, with its error number.
    case failed(Int32)
    /// The peer sent something that this step of the script does not accept.
    case unexpected(String)
}

/// A connected stream socket with blocking reads and writes, each with a deadline. Confined to one thread.
///
/// Reads go through a buffer, so that what arrives in one segment can be consumed in pieces.
public final class RawStream {
    /// How long a step waits unless told otherwise: generous, as it only matters when a test fails.
    public static let patience: Duration = .seconds(20)

    private var descriptor: Int32
    private let stop: StopSignal?
    private let onClose: () -> Void
    private var buffer: [UInt8] = []
    private var start = 0
    /// What recv(2) writes to: made once, as tests are built without optimisation.
    private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)

    /// Takes over the connected `descriptor`, which is made non-blocking and closed with this object.
    ///
    /// - Parameters:
    ///   - stop: interrupts each wait with `StreamError.stopped`.
    ///   - onClose: called once, just before the descriptor is closed.
    public init(descriptor: Int32, stop: StopSignal? = nil, onClose: @escaping () -> Void = {}) {
        self.descriptor = descriptor
        self.stop = stop
        self.onClose = onClose
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit {
        close()
        chunk.deallocate()
    }

    /// Whether this side has closed the stream.
    public var isClosed: Bool {
        descriptor < 0
    }

    /// The bytes that were read from the socket and not consumed yet.
    public var buffered: ArraySlice<UInt8> {
        buffer[start...]
    }

    /// Consumes `count` of the buffered bytes.
    public func consume(_ count: Int) {
        start = min(start + count, buffer.count)
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            start = 0
        }
    }

    /// Waits until at least `count` bytes are buffered.
    public func fill(_ count: Int, until deadline: ContinuousClock.Instant, for what: String) throws(StreamError) {
        while buffer.count - start < count { try receive(until: deadline, for: what) }
    }

    /// Waits for more bytes and puts them behind those that are buffered.
    public func receive(until deadline: ContinuousClock.Instant, for what: String) throws(StreamError) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        try wait(for: POLLIN, until: deadline, what)
        let received = recv(descriptor, chunk.baseAddress, chunk.count, 0)
        let code = errno
        if received > 0 { buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: chunk[..<received])) }
        if received == 0 { throw .endedByPeer }
        if received < 0 && code != EAGAIN && code != EINTR { throw StreamError(code) }
    }

    /// Sends all of `bytes`, waiting for room as often as needed.
    public func send(_ bytes: [UInt8], within limit: Duration = RawStream.patience) throws(StreamError) {
        let deadline = ContinuousClock.now + limit
        var done = 0
        while done < bytes.count {
            guard descriptor >= 0 else { throw .closed }
            let sent = bytes.withUnsafeBytes { bytes in
                Glibc.send(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            if sent > 0 {
                done += sent
            } else if errno == EAGAIN {
                try wait(for: POLLOUT, until: deadline, "room to send")
            } else if errno != EINTR {
                throw StreamError(errno)
            }
        }
    }

    /// Blocks until the socket has one of `events`; without events, until the time is over.
    public func wait(
        for events: Int32,
        until deadline: ContinuousClock.Instant,
        _ what: String
    ) throws(StreamError) {
        guard descriptor >= 0 else { throw .closed }
        var watched = [
            pollfd(fd: events == 0 ? -1 : descriptor, events: Int16(events), revents: 0),
            pollfd(fd: stop?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let result = poll(&watched, 2, pollTimeout(until: deadline))
            if result > 0 {
                if watched[1].revents != 0 { throw .stopped }
                return
            }
            if result == 0 && ContinuousClock.now >= deadline { throw .timedOut(what) }
        }
    }

    /// Sends FIN; the other direction stays open.
    public func shutdownWriting() {
        if descriptor >= 0 { shutdown(descriptor, Int32(SHUT_WR)) }
    }

    /// Limits the socket's receive buffer, so that a peer that never reads is felt after few bytes.
    public func limitReceiveBuffer(_ bytes: Int32) {
        var bytes = bytes
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Closes the stream with RST instead of FIN (SO_LINGER of zero seconds).
    public func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// Closes the stream. Idempotent.
    public func close() {
        guard descriptor >= 0 else { return }
        onClose()
        Glibc.close(descriptor)
        descriptor = -1
    }
}

extension StreamError {
    fileprivate init(_ code: Int32) {
        self = code == ECONNRESET || code == EPIPE ? .reset : .failed(code)
    }
}

/// Proxies.
extension RawStream {
    /// A stream to `port` on loopback, whose waits end with those of `other`.
    public convenience init(connectedTo port: UInt16, stop other: RawStream) throws(SystemCallError) {
        self.init(descriptor: try ListenerAddress.ipv4(port: port).connect(), stop: other.stop)
    }

    /// Copies bytes both ways until either side ends.
    public func relay(with other: RawStream) throws(StreamError) {
        var watched = [descriptor, other.descriptor, stop?.descriptor ?? -1].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        while true {
            guard poll(&watched, 3, -1) > 0 else { continue }
            if watched[2].revents != 0 { throw .stopped }
            if watched[0].revents != 0 { try forward(to: other) }
            if watched[1].revents != 0 { try other.forward(to: self) }
        }
    }

    private func forward(to other: RawStream) throws(StreamError) {
        try receive(until: .now + Self.patience, for: "bytes to forward")
        try other.send(Array(buffered))
        consume(buffered.count)
    }
}
