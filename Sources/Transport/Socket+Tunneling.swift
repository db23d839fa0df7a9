import Glibc

/// The handshake with a proxy, between the connect and TLS.
extension Socket {
    /// More than a proxy says in one go.
    private static var proxyWindow: Int { 4096 }

    /// Begins the handshake with the proxy that the socket is connected to; the establishment reads the answer.
    func tunnel(beginningWith bytes: [UInt8]) {
        state = .tunneling
        sendToProxy(bytes)
    }

    /// The proxy let us through: what follows on the connection is the target's.
    func tunneled() {
        if state == .tunneling { state = .connecting }
    }

    /// Queues `bytes` for the proxy and sends them as far as the kernel takes them.
    func sendToProxy(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { output.append($0) }
        writeToProxy()
    }

    /// Sends what is queued for the proxy.
    func writeToProxy() {
        guard !output.isEmpty else { return }
        output.take { push($0) }
        if !output.isEmpty && !isDoomed { waitForRoom() }
    }

    /// Reads the proxy's answer, and not one byte of what comes behind it: that is left in the kernel for TLS, or for
    /// the handler.
    func readFromProxy() {
        withUnsafeTemporaryAllocation(byteCount: Self.proxyWindow, alignment: 1) { buffer in
            guard let start = buffer.baseAddress else { return }
            while state == .tunneling && !isDoomed, let establishment {
                let count = recv(descriptor, start, buffer.count, Int32(MSG_PEEK))
                guard count > 0 else { return endOfProxy(count) }
                let answer = UnsafeRawBufferPointer(start: start, count: count)
                let (consumed, step) = establishment.takeProxyAnswer(answer)
                // Nothing else reads this socket: as much as was peeked at is there.
                if consumed > 0 { _ = recv(descriptor, start, consumed, 0) }
                establishment.perform(step, on: self)
            }
        }
    }

    private func endOfProxy(_ count: Int) {
        if count == 0 { return fail(.eof) }
        // A signal between two bytes: the loop says again that there is something to read.
        if errno != EAGAIN && errno != EINTR { fail(SocketEnd(errno: errno)) }
    }
}
