import CLibwebsockets
import Glibc

extension Socket {
    /// Sends `bytes`: at once as far as the kernel takes them, the rest when it has room. Dropped if the socket has ended
    /// or its sending side is shut down. The queue has no limit of its own; watch ``queuedBytes``.
    ///
    /// - Parameter coalescing: gathers `bytes` with the other writes of this turn into one at its end.
    public func write(_ bytes: UnsafeRawBufferPointer, coalescing: Bool = false) {
        guard state == .open, !isDoomed, closing == .open, !bytes.isEmpty else { return }
        guard output.isEmpty else { return output.append(bytes) }
        if coalescing {
            output.append(bytes)
            wantFlush()
            return
        }
        let sent = push(bytes)
        guard sent < bytes.count, !isDoomed else { return }
        output.append(UnsafeRawBufferPointer(rebasing: bytes[sent...]))
        waitForRoom()
    }

    /// Sends `bytes`; see ``write(_:coalescing:)-(UnsafeRawBufferPointer,_)``.
    public func write(_ bytes: [UInt8], coalescing: Bool = false) {
        bytes.withUnsafeBytes { write($0, coalescing: coalescing) }
    }

    /// Ends our side once the queue has been sent: TLS close_notify, then FIN. Reading goes on until the peer ends its
    /// side, which brings ``SocketEnd/eof``; bound that wait with a timer and ``abort()``. Later writes are dropped.
    public func shutdownAfterFlush() {
        guard state == .open, !isDoomed, closing == .open else { return }
        closing = .requested
        if output.isEmpty { finishSending() }
    }

    private func wantFlush() {
        guard !isOnFlushList else { return }
        isOnFlushList = true
        loop.sockets.wantFlush(self)
    }

    /// The end of the turn, for a socket with coalesced output.
    func flushCoalesced() {
        isOnFlushList = false
        guard state == .open, !isDoomed else { return }
        flush()
    }

    /// Sends what is queued, as far as the kernel takes it.
    func flush() {
        guard !output.isEmpty else {
            if closing == .requested { finishSending() }
            return
        }
        output.take { push($0) }
        guard !isDoomed else { return }
        guard output.isEmpty else { return waitForRoom() }
        if closing == .requested { finishSending() }
        handler?.socketDrained()
    }

    /// Sends until the kernel takes no more.
    ///
    /// - Returns: how much it took.
    func push(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var sent = 0
        while sent < bytes.count {
            let count = pushOnce(base + sent, bytes.count - sent)
            guard count > 0 else { break }
            sent += count
        }
        return sent
    }

    func waitForRoom() {
        if !writesAfterReading { wantWritable() }
    }

    private func failWriting(_ reason: SocketEnd) {
        guard !isEnded else { return }
        isEndOfWriting = true
        fail(reason)
    }

    private func pushOnce(_ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        guard let tls else {
            while true {
                let sent = send(descriptor, bytes, count, Int32(MSG_NOSIGNAL))
                if sent >= 0 { return sent }
                if errno == EINTR { continue }
                if errno != EAGAIN { failWriting(SocketEnd(errno: errno)) }
                return 0
            }
        }
        writesAfterReading = false
        let status = tls.write(bytes, count)
        if status > 0 { return Int(status) }
        switch tls.outcome(of: status) {
        case .wantsRead: writesAfterReading = true
        case .wantsWrite: break
        case .ended(let reason): failWriting(reason)
        }
        return 0
    }

    private func finishSending() {
        if let tls {
            switch tls.sendCloseNotify() {
            case .done: break
            case .wantsWrite: return wantWritable()
            }
        }
        closing = .done
        _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
    }
}
