import ConnectionLifecycle
import MonotonicTime
import Transport
import WebSocketProtocol

/// Pings and pongs, in both directions (RFC 6455 sections 5.5.2 and 5.5.3).
extension WebSocketConnection {
    /// Pongs that may wait in the queue, until it is empty again; beyond that only the newest ping counts.
    private static var queuedPongLimit: UInt8 { 32 }

    /// Answers the ping just received, in its place among the other frames. A peer that pings and does not read gets a few
    /// pongs queued, and the rest as one when it has read.
    func answerPing() {
        guard let payload = owedPong, machine.state == .open, let socket else { return }
        if socket.queuedBytes > 0 {
            guard queuedPongs < Self.queuedPongLimit else { return }
            queuedPongs += 1
        }
        owedPong = nil
        payload.withUnsafeBytes { writeControl(.pong, $0) }
    }

    /// The keep-alive's ping.
    func sendPing(id: UInt64) {
        lastKeepAlive = id
        withUnsafeBytes(of: (id ^ buffers.pingSalt).bigEndian) { writeControl(.ping, $0) }
        pace?.pinged(now: loop.now)
    }

    func pongReceived(_ payload: UnsafeRawBufferPointer) {
        let now = loop.now
        if let keepAlive = pings?.pongReceived(payload, now: now) {
            // Whatever was sent before it has been seen as well.
            handle(.pongReceived(id: keepAlive))
        } else {
            let id = keepAliveID(payload)
            if let id { pings?.keepAliveAnswered(id: id, now: now) }
            handle(.pongReceived(id: id))
        }
        if pings?.isEmpty == true { pings = nil }
    }

    /// The number of the keep-alive ping that had `payload`; nil if none had.
    private func keepAliveID(_ payload: UnsafeRawBufferPointer) -> UInt64? {
        guard payload.count == MemoryLayout<UInt64>.size else { return nil }
        let id = UInt64(bigEndian: payload.loadUnaligned(as: UInt64.self)) ^ buffers.pingSalt
        return id > 0 && id <= lastKeepAlive ? id : nil
    }

    /// Sends a ping of the user as soon as the queue of outgoing frames is not too long for it.
    ///
    /// - Parameters:
    ///   - payload: at most 125 bytes; nil for one that cannot be mistaken for another.
    ///   - id: for `abandonPing`.
    ///   - onEnd: called once, on the loop, at the latest when the session ends.
    func ping(
        _ payload: [UInt8]?,
        id: UInt64,
        timeout: Duration,
        _ onEnd: @escaping (PingLedger.Outcome) -> Void
    ) {
        let ledger = pings ?? PingLedger(loop: loop) { [unowned self] in expirePings() }
        pings = ledger
        let payload = payload ?? withUnsafeBytes(of: loop.randomWord()) { Array($0) }
        ledger.add(payload, id: id, deadline: loop.now + timeout, onEnd)
        sendWaitingPings()
    }

    /// Sends the pings that found the queue of outgoing frames too long.
    func sendWaitingPings() {
        guard let pings, hasRoom else { return }
        pings.send(now: loop.now, keepAlive: lastKeepAlive) { payload in
            payload.withUnsafeBytes { writeControl(.ping, $0) }
        }
    }

    /// The caller of ping `id` waits no longer.
    func abandonPing(_ id: UInt64) {
        pings?.abandon(id)
        if pings?.isEmpty == true { pings = nil }
    }

    private func expirePings() {
        pings?.expire(now: loop.now)
        if pings?.isEmpty == true { pings = nil }
    }
}
