import CLibwebsockets
import Glibc

extension Socket {
    /// Buffers that one socket may fill before the others have their turn.
    private static var readBudget: Int { 16 }
    /// Buffers that a socket may fill when its end has been seen: more than any kernel holds for it.
    private static var lastReadBudget: Int { 4096 }
    /// Below this much, TLS records are not gathered any further once OpenSSL holds none.
    private static var gatherGoal: Int { 16384 }

    /// Stops reading, from the next buffer on: bytes stay in the kernel, whose window then slows the peer. A paused
    /// socket does not notice that the peer has gone, unless it writes; what it then finds unread is still delivered
    /// before its end.
    public func pauseReading() {
        guard !isReadingPaused, !isEnded else { return }
        isReadingPaused = true
        if let wsi { lws_rx_flow_control(wsi, 0) }
    }

    /// Reads again; what the handler left unconsumed is offered to it once more in the next turn.
    public func resumeReading() {
        guard isReadingPaused, !isEnded else { return }
        isReadingPaused = false
        if let wsi { lws_rx_flow_control(wsi, 1) }
        offersCarryAgain = carriedBytes > 0
        // OpenSSL may hold bytes of which the kernel knows nothing.
        if tls != nil || offersCarryAgain { wantReturn() }
    }

    private func wantReturn() {
        guard !isOnReturnList else { return }
        isOnReturnList = true
        loop.sockets.wantReturn(self)
    }

    /// The end of the turn, for a socket that has bytes which no event will announce.
    func returnToReading() {
        isOnReturnList = false
        guard state == .open, !isDoomed, !isReadingPaused else { return }
        isInCallback = true
        read()
        isInCallback = false
        // Outside of libwebsockets' callbacks nobody asks what became of it.
        if isDoomed { loop.sockets.wantEnd(self) }
    }

    /// After the handshake: the peer's first bytes may have arrived with its last message, inside OpenSSL already.
    func readSoon() {
        wantReturn()
    }

    /// Reads until the kernel has no more, the budget is spent, or the socket is paused or doomed.
    func read() {
        var budget = Self.readBudget
        while budget > 0 && !isReadingPaused && !isDoomed {
            guard readOnce() else { return }
            budget -= 1
        }
        // The kernel tells again what it has, level-triggered; it does not know what OpenSSL has.
        if budget == 0 && tls != nil && !isDoomed { wantReturn() }
    }

    /// The peer has gone: everything that arrived before is delivered, paused or not.
    func readRest() {
        isReadingPaused = false
        isDoomed = false
        var budget = Self.lastReadBudget
        while budget > 0 && !isDoomed && readOnce() { budget -= 1 }
    }

    /// Fills the loop's buffer behind the carried bytes and offers it.
    ///
    /// - Returns: whether there may be more to read.
    private func readOnce() -> Bool {
        let window = loop.window
        if carriedBytes > 0, let carry { window.copyMemory(from: carry, byteCount: carriedBytes) }
        let (count, isDrained, reason) =
            tls == nil
            ? receive(into: window + carriedBytes, Self.window - carriedBytes)
            : receiveSecurely(into: window + carriedBytes, Self.window - carriedBytes)
        if count > 0 || offersCarryAgain {
            offersCarryAgain = false
            offer(UnsafeRawBufferPointer(start: window, count: carriedBytes + count), isDrained: isDrained)
        }
        if let reason { fail(reason) }
        return !isDrained
    }

    private func receive(
        into buffer: UnsafeMutableRawPointer,
        _ room: Int
    ) -> (count: Int, isDrained: Bool, reason: SocketEnd?) {
        let count = recv(descriptor, buffer, room, 0)
        // Less than there was room for: the kernel has no more, and tells when it has.
        if count > 0 { return (count, count < room, nil) }
        if count == 0 { return (0, true, .eof) }
        let code = errno
        if code == EINTR { return (0, false, nil) }
        return (0, true, code == EAGAIN ? nil : SocketEnd(errno: code))
    }

    /// Gathers records until the buffer is full or there are none. Below the goal it stops as soon as OpenSSL holds no
    /// bytes, which spares a read that finds nothing; above it reads until OpenSSL wants more, because half a record
    /// inside OpenSSL looks the same as a whole one from outside.
    private func receiveSecurely(
        into buffer: UnsafeMutableRawPointer,
        _ room: Int
    ) -> (count: Int, isDrained: Bool, reason: SocketEnd?) {
        guard let tls else { return (0, true, nil) }
        var count = 0
        while count < room {
            let status = tls.read(into: buffer + count, room - count)
            if status > 0 {
                count += Int(status)
                if count < Self.gatherGoal && !tls.holdsBytes { return (count, true, nil) }
                continue
            }
            switch tls.outcome(of: status) {
            case .wantsRead: return (count, true, nil)
            case .wantsWrite:
                wantWritable()
                return (count, true, nil)
            case .ended(let reason): return (count, true, reason)
            }
        }
        return (count, false, nil)
    }

    private func offer(_ bytes: UnsafeRawBufferPointer, isDrained: Bool) {
        let consumed = min(max(0, handler?.socketReceived(bytes) ?? bytes.count), bytes.count)
        let left = bytes.count - consumed
        carriedBytes = left
        guard left > 0, let base = bytes.baseAddress else {
            // Kept while more is coming, so that a stream of large frames does not allocate for each.
            if isDrained { freeCarry() }
            return
        }
        if left == Self.window { return fail(.failed(code: EMSGSIZE)) }
        if left > carryCapacity {
            carry?.deallocate()
            carryCapacity = min(Self.window, (left + 1023) & ~1023)
            carry = .allocate(byteCount: carryCapacity, alignment: 16)
        }
        carry?.copyMemory(from: base + consumed, byteCount: left)
    }
}
