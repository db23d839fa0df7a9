import CLibwebsockets
import Glibc

extension Socket {
    /// Buffers that one socket may fill before the others have their turn.
    private static var readBudget: Int { 8 }
    /// What is read behind the handler's room: enough for heads and small messages, and little to be copied otherwise.
    private static var overflowRoom: Int { 512 }
    /// Buffers that a socket may fill when its end has been seen: more than any kernel holds for it.
    private static var lastReadBudget: Int { 1024 }

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

    /// Ends this turn's reading behind the call that the handler is in. What it leaves unconsumed is offered to it once
    /// more in the next turn: for a handler that a few bytes gave much to do.
    public func yieldReading() {
        isYielding = true
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
        defer { leaveWindow() }
        var budget = Self.readBudget
        while budget > 0 && !isReadingPaused && !isDoomed {
            let mayHaveMore = readOnce()
            if isYielding { return readLater() }
            guard mayHaveMore else { return }
            budget -= 1
        }
        // The kernel tells again what it has, level-triggered; it does not know what OpenSSL has.
        if budget == 0 && tls != nil && !isDoomed { wantReturn() }
    }

    /// The handler has enough for this turn.
    private func readLater() {
        isYielding = false
        offersCarryAgain = carriedBytes > 0
        if !isDoomed { wantReturn() }
    }

    /// The peer has gone: everything that arrived before is delivered, paused or not, and however much it is.
    func readRest() {
        isReadingPaused = false
        isDoomed = false
        defer { leaveWindow() }
        isYielding = true
        offerRest()
        var budget = Self.lastReadBudget
        while budget > 0 && !isDoomed {
            let mayHaveMore = readOnce()
            offerRest()
            guard mayHaveMore else { return }
            budget -= 1
        }
    }

    /// The last bytes are here: a handler that has had enough gets them nevertheless.
    private func offerRest() {
        offersCarryAgain = false
        var before = Int.max
        while isYielding && carriedBytes > 0 && carriedBytes < before && !isDoomed {
            isYielding = false
            before = carriedBytes
            gatherCarry()
            offer(UnsafeRawBufferPointer(start: carryStart, count: before), isDrained: false)
        }
        isYielding = false
    }

    /// Fills the loop's buffer behind the carried bytes and offers it.
    ///
    /// - Returns: whether there may be more to read.
    private func readOnce() -> Bool {
        if carriedBytes == 0, let room = handler?.socketRoom(), let start = room.baseAddress {
            return readDirectly(start, room.count)
        }
        let start = carryStart
        gatherCarry()
        if offersCarryAgain {
            // Before the kernel is asked: the end of the stream must not overtake what is here.
            offersCarryAgain = false
            offer(UnsafeRawBufferPointer(start: start, count: carriedBytes), isDrained: false)
            return true
        }
        let (count, isDrained, reason) =
            tls == nil
            ? receive(into: start + carriedBytes, min(Self.window, 2 * Self.window - carriedBytes))
            : receiveSecurely(into: start + carriedBytes, TLSReadBuffers.size)
        if count > 0 { offer(UnsafeRawBufferPointer(start: start, count: carriedBytes + count), isDrained: isDrained) }
        return finishRead(isDrained, reason)
    }

    /// - Returns: whether there may be more to read.
    private func finishRead(_ isDrained: Bool, _ reason: SocketEnd?) -> Bool {
        if reason != nil { offerRest() }
        // Kept while more is coming, so that a stream of large frames does not allocate for each.
        if isDrained && carriedBytes == 0 { freeCarry() }
        if let reason { fail(reason) }
        return !isDrained
    }

    /// Puts what was carried at the beginning of the loop's buffer.
    private func gatherCarry() {
        if carriedBytes > 0, !carriesInWindow, let carry {
            carryStart.copyMemory(from: carry, byteCount: carriedBytes)
        }
    }

    /// Fills the handler's own room, and the beginning of the loop's buffer with what follows: the end of one message and
    /// the head of the next in one go.
    ///
    /// - Returns: whether there may be more to read.
    private func readDirectly(_ room: UnsafeMutableRawPointer, _ size: Int) -> Bool {
        let (count, isDrained, reason) = tls == nil ? receiveDirectly(room, size) : receiveSecurely(into: room, size)
        let direct = min(count, size)
        if direct > 0 { handler?.socketReceived(inRoom: direct) }
        if count > direct {
            offer(UnsafeRawBufferPointer(start: loop.window, count: count - direct), isDrained: isDrained)
        }
        return finishRead(isDrained, reason)
    }

    private func receiveDirectly(
        _ room: UnsafeMutableRawPointer,
        _ size: Int
    ) -> (count: Int, isDrained: Bool, reason: SocketEnd?) {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { parts in
            parts[0] = iovec(iov_base: room, iov_len: size)
            parts[1] = iovec(iov_base: loop.window, iov_len: Self.overflowRoom)
            return received(readv(descriptor, parts.baseAddress, 2), of: size + Self.overflowRoom)
        }
    }

    private func receive(
        into buffer: UnsafeMutableRawPointer,
        _ room: Int
    ) -> (count: Int, isDrained: Bool, reason: SocketEnd?) {
        received(recv(descriptor, buffer, room, 0), of: room)
    }

    /// What a read of at most `room` bytes has brought.
    private func received(_ count: Int, of room: Int) -> (count: Int, isDrained: Bool, reason: SocketEnd?) {
        // Less than there was room for: the kernel has no more, and tells when it has. After much it is asked all the same:
        // more has come meanwhile, most likely, and a wait costs more than a question.
        if count > 0 { return (count, count < min(room, Self.window / 2), nil) }
        if count == 0 { return (0, true, .eof) }
        let code = errno
        if code == EINTR { return (0, false, nil) }
        return (0, true, code == EAGAIN ? nil : SocketEnd(errno: code))
    }

    /// Gathers records until the buffer is full or nothing is left to decrypt, which spares a read that finds nothing.
    private func receiveSecurely(
        into buffer: UnsafeMutableRawPointer,
        _ room: Int
    ) -> (count: Int, isDrained: Bool, reason: SocketEnd?) {
        guard let tls else { return (0, true, nil) }
        tls.wake()
        var count = 0
        while count < room {
            let status = tls.read(into: buffer + count, room - count)
            if status > 0 {
                count += Int(status)
                guard tls.isExhausted else { continue }
                tls.releaseEmptyBuffers()
                return (count, true, nil)
            }
            switch tls.outcome(of: status) {
            case .wantsRead:
                tls.releaseEmptyBuffers()
                return (count, true, nil)
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
        carriesInWindow = false
        guard left > 0, let base = bytes.baseAddress else { return }
        if left >= Self.window && consumed == 0 && !isYielding { return fail(.failed(code: EMSGSIZE)) }
        // Where the next read of this turn continues, if there is one: most often that is the case, and spares a copy.
        carriesInWindow = !isDrained
        if isDrained { keep(base + consumed) } else { carryStart.copyMemory(from: base + consumed, byteCount: left) }
    }

    /// Where the carried bytes lie in the loop's buffer: in front of its second half, so that a read behind them has as
    /// much room as any other, at an aligned place.
    private var carryStart: UnsafeMutableRawPointer {
        loop.window + max(0, Self.window - carriedBytes)
    }

    /// Before another socket uses the loop's buffer.
    private func leaveWindow() {
        guard carriesInWindow else { return }
        carriesInWindow = false
        if carriedBytes > 0 { keep(carryStart) }
    }

    private func keep(_ start: UnsafeRawPointer) {
        if carriedBytes > carryCapacity {
            carry?.deallocate()
            carryCapacity = min(2 * Self.window, (carriedBytes + 1023) & ~1023)
            carry = .allocate(byteCount: carryCapacity, alignment: 16)
        }
        carry?.copyMemory(from: start, byteCount: carriedBytes)
    }
}
