import MonotonicTime
import Transport

/// The pings of one connection that its user waits for (RFC 6455 section 5.5.2); exists while there are some. Confined
/// to the loop.
///
/// Frames keep their order, and a peer may answer only the newest of several pings (section 5.5.3). So a pong answers
/// its ping and every ping that was sent before it, whoever asked for it.
final class PingLedger {
    /// What came of a ping.
    enum Outcome: Sendable {
        case answered(Duration)
        case timedOut
        /// The session is over, or the caller gave up.
        case abandoned
    }

    private struct Entry {
        let id: UInt64
        let payload: [UInt8]
        let deadline: Instant
        /// When it was sent; nil while the queue of outgoing frames is too long for it.
        var sentAt: Instant?
        /// The newest keep-alive ping that was sent before it.
        var keepAlive: UInt64 = 0
        let onEnd: (Outcome) -> Void
    }

    private var entries: [Entry] = []
    private let timer: LoopTimer

    /// A ledger whose `onDeadline` is called on the loop when `expire(now:)` is due.
    init(loop: EventLoop, onDeadline: @escaping () -> Void) {
        timer = loop.makeTimer(onDeadline)
    }

    var isEmpty: Bool { entries.isEmpty }

    /// Takes ping `id` in, not sent yet.
    func add(_ payload: [UInt8], id: UInt64, deadline: Instant, _ onEnd: @escaping (Outcome) -> Void) {
        entries.append(Entry(id: id, payload: payload, deadline: deadline, onEnd: onEnd))
        armTimer()
    }

    /// Sends what has not been sent, in order.
    func send(now: Instant, keepAlive: UInt64, _ write: ([UInt8]) -> Void) {
        for index in entries.indices where entries[index].sentAt == nil {
            entries[index].sentAt = now
            entries[index].keepAlive = keepAlive
            write(entries[index].payload)
        }
    }

    /// A pong with `payload`.
    ///
    /// - Returns: the newest keep-alive ping that it answers as well; nil if the pong answers none of these pings.
    func pongReceived(_ payload: UnsafeRawBufferPointer, now: Instant) -> UInt64? {
        guard let index = entries.firstIndex(where: { $0.sentAt != nil && payload.elementsEqual($0.payload) }) else {
            return nil
        }
        let keepAlive = entries[index].keepAlive
        let answered = Array(entries[...index])
        entries.removeSubrange(...index)
        finish(answered, now: now)
        return keepAlive
    }

    /// The keep-alive ping `id` was answered, and so was whatever was sent before it.
    func keepAliveAnswered(id: UInt64, now: Instant) {
        let answered = entries.filter { $0.sentAt != nil && $0.keepAlive < id }
        guard !answered.isEmpty else { return }
        entries.removeAll { $0.sentAt != nil && $0.keepAlive < id }
        finish(answered, now: now)
    }

    /// The caller of ping `id` waits no longer.
    func abandon(_ id: UInt64) {
        end(.abandoned) { $0.id == id }
    }

    /// The session is over.
    func abandonAll() {
        end(.abandoned) { _ in true }
    }

    /// Ends the waits whose time is up.
    func expire(now: Instant) {
        end(.timedOut) { $0.deadline <= now }
    }

    private func finish(_ answered: [Entry], now: Instant) {
        armTimer()
        for entry in answered { entry.onEnd(.answered((entry.sentAt ?? now).duration(to: now))) }
    }

    private func end(_ outcome: Outcome, _ isOver: (Entry) -> Bool) {
        let over = entries.filter(isOver)
        entries.removeAll(where: isOver)
        armTimer()
        for entry in over { entry.onEnd(outcome) }
    }

    private func armTimer() {
        timer.arm(at: entries.map(\.deadline).min())
    }
}
