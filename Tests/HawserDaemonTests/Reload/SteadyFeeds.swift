import Locking
import TestSupport

/// Numbered feeds, one for each request target (called by what follows its slash), that go on for as long as they are asked for: a message about every
/// millisecond to whoever connected last, the numbers going on over all connections. A Close is answered at once.
final class SteadyFeeds: Sendable {
    private struct State {
        var last: [String: Int] = [:]
        var connections: [String: Int] = [:]
    }

    /// How long a busy machine may take for what is awaited.
    static let patience = Duration.seconds(120)

    private let state = OrderedMutex(State())

    /// The last number that `target` was sent.
    func sent(_ target: String) -> Int {
        state.withLock { $0.last[target] ?? 0 }
    }

    /// How many connections `target` had.
    func connections(_ target: String) -> Int {
        state.withLock { $0.connections[target] ?? 0 }
    }

    /// What a `FaultServer` runs to serve them.
    var behaviour: FaultBehaviour {
        FaultBehaviour { connection in
            let target = String(try connection.readRequest().target.dropFirst())
            let place = self.state.withLock { state in
                state.connections[target, default: 0] += 1
                return state.connections[target]
            }
            try connection.upgrade()
            while true {
                // One that was given up and has not noticed yet takes nothing away from the next.
                let number: Int? = self.state.withLock { state in
                    guard state.connections[target] == place else { return nil }
                    state.last[target, default: 0] += 1
                    return state.last[target]
                }
                if let number { try connection.sendNumbered(number..<number + 1) }
                do {
                    var frame = try connection.readFrame(within: .milliseconds(1))
                    frame.maskingKey = nil
                    if frame.opcode == 9 { try connection.send(.pong(frame.payload)) }
                    guard frame.opcode == 8 else { continue }
                    try connection.send(frame)
                    return connection.close()
                } catch StreamError.timedOut {
                    continue
                }
            }
        }
    }
}

/// Checks that the numbers of one feed are each there once and in order, and that where one is missing there is a mark
/// that says so.
struct FeedAudit {
    private(set) var problems: [String] = []
    private(set) var gaps: [String] = []
    private(set) var last = 0

    /// - Parameter records: of one subscription, in the order of its sink.
    init(_ records: [TestRecord]) {
        var gapIsOpen = true
        var position: (session: Int, sequence: Int) = (0, 0)
        for record in records {
            if record.mark == "gap" {
                gapIsOpen = true
                gaps.append(record.cause ?? "")
            }
            guard let number = record.number, let session = record.session, let sequence = record.sequence else {
                continue
            }
            if number <= last { problems.append("\(number) after \(last)") }
            if number > last + 1, !gapIsOpen { problems.append("\(last + 1) is missing without a gap") }
            let follows = session == position.session ? sequence == position.sequence + 1 : sequence == 1
            if !follows || session < position.session {
                problems.append("\(session)/\(sequence) after \(position)")
            }
            last = number
            position = (session, sequence)
            gapIsOpen = false
        }
    }
}
