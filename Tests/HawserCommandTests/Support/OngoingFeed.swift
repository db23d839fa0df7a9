import Glibc
import Locking
import TestSupport

/// Numbered messages whose numbers go on over all connections to one target: what nobody received is missing for good.
///
/// It sends as fast as it is read, up to a last number, and answers a Close at once.
final class OngoingFeed: Sendable {
    private struct State {
        var next: [String: Int] = [:]
        var stalls = 0
    }

    private let last: Int
    private let padding: String
    private let state = OrderedMutex(State())

    /// How long a send must wait to count as a stall: long enough that no busy machine does it.
    private static let stall = Duration.milliseconds(500)
    private static let chunk = 50

    /// - Parameters:
    ///   - last: the number after which each target's feed is silent.
    ///   - padding: bytes added to each message.
    init(upTo last: Int, padding: Int = 0) {
        self.last = last
        self.padding = padding == 0 ? "" : #","pad":"\#(String(repeating: "x", count: padding))""#
    }

    /// How often a send found no room for half a second.
    var stalls: Int { state.withLock { $0.stalls } }

    /// The number that `target` sent last.
    func sent(_ target: String = "/") -> Int {
        state.withLock { ($0.next[target] ?? 1) - 1 }
    }

    /// What a `FaultServer` runs to serve it.
    var behaviour: FaultBehaviour {
        FaultBehaviour { connection in
            let target = try connection.readRequest().target
            try connection.upgrade()
            while let numbers = self.take(target) {
                guard try self.awaitRoom(connection) else { return }
                var bytes: [UInt8] = []
                for number in numbers { bytes += WireFrame.text("{\"n\":\(number)\(self.padding)}").bytes }
                try connection.send(bytes)
            }
            try connection.echoFrames()
        }
    }

    private func take(_ target: String) -> ClosedRange<Int>? {
        state.withLock { state in
            let first = state.next[target] ?? 1
            guard first <= last else { return nil }
            let end = min(last, first + Self.chunk - 1)
            state.next[target] = end + 1
            return first...end
        }
    }

    /// False if the client closed the session instead of making room.
    private func awaitRoom(_ connection: FaultConnection) throws(StreamError) -> Bool {
        let either = POLLIN | POLLOUT
        if try !Self.isReady(connection, for: either, within: Self.stall) {
            state.withLock { $0.stalls += 1 }
            try connection.stream.wait(for: either, until: .now + .seconds(120), "room after a stall")
        }
        guard try Self.isReady(connection, for: POLLIN, within: .zero) else { return true }
        let frame = try connection.readFrame()
        if frame.opcode == 9 { try connection.send(.pong(frame.payload)) }
        guard frame.opcode == 8 else { return true }
        try connection.sendClose(frame.closeCode)
        return false
    }

    private static func isReady(
        _ connection: FaultConnection,
        for events: Int32,
        within limit: Duration
    ) throws(StreamError) -> Bool {
        do {
            try connection.stream.wait(for: events, until: .now + limit, "room or a frame")
            return true
        } catch {
            guard case .timedOut = error else { throw error }
            return false
        }
    }
}
