import ConnectionLifecycle
import Locking
import MonotonicTime

// Re-exported, so that whoever imports this module can name what its interface is made of.
@_exported import struct ConnectionLifecycle.Rate

/// Limits on the messages that all connections to a host send together; give the same one to each of them.
///
/// From any thread.
public final class SendGate: Sendable {
    private struct State {
        var lines: [String: SendLine] = [:]
        var lastID: UInt64 = 0
    }

    /// Beyond this many hosts those are forgotten to which nothing was sent for a while.
    private static let hostLimit = 1_000

    private let rates: [Rate]
    private let state = OrderedMutex(State())

    /// A gate that lets so many messages through to each host, all of the rates at once.
    public init(_ rates: [Rate]) {
        self.rates = rates
    }

    /// A number for one connection.
    func join() -> UInt64 {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    /// Whether connection `id` may send a message to `host` now.
    func ask(_ id: UInt64, host: String, now: Instant) -> SendLine.Turn {
        withLine(host, now) { $0.ask(id, now: now) }
    }

    /// What was granted has been sent.
    func sent(host: String, now: Instant) {
        withLine(host, now) { $0.sent(now: now) }
    }

    /// A frame was sent that waits for nobody.
    func note(host: String, now: Instant) {
        withLine(host, now) { $0.note(now: now) }
    }

    /// Connection `id` has ended.
    func leave(_ id: UInt64, host: String, isGranted: Bool, now: Instant) {
        withLine(host, now) { $0.leave(id, isGranted: isGranted, now: now) }
    }

    private func withLine<Result>(_ host: String, _ now: Instant, _ body: (inout SendLine) -> Result) -> Result {
        state.withLock { state in
            if state.lines[host] == nil, state.lines.count >= Self.hostLimit {
                state.lines = state.lines.filter { !$0.value.isForgotten(at: now) }
            }
            return body(&state.lines[host, default: SendLine(rates)])
        }
    }
}
