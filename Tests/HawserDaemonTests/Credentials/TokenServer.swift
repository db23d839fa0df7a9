import Locking
import TestSupport

/// A token endpoint, and a WebSocket server that accepts the newest of its tokens only: what a venue has.
final class TokenServer: Sendable {
    private struct State {
        var calls = 0
        /// What is accepted; nil: whatever was given out last.
        var accepted: String?
        var seen: [String] = []
        var refused = 0
    }

    /// Held by the servers' threads too.
    private final class Ledger: Sendable {
        let state = OrderedMutex(State())
    }

    private let ledger = Ledger()
    let endpoint: FaultServer
    let feed: FaultServer

    /// - Parameters:
    ///   - answer: makes the endpoint's status and content for its n-th call.
    ///   - session: what the feed does with a session that was accepted with `token`.
    init(
        answer: @escaping @Sendable (Int) throws -> (Int, String) = { (200, TokenServer.content($0)) },
        session: @escaping @Sendable (FaultConnection, _ token: String) throws -> Void = { connection, _ in
            try connection.sendText("{\"n\":1}")
            try connection.echoFrames()
        }
    ) throws {
        endpoint = try plainServer { [ledger] _, connection in
            let number = ledger.state.withLock { state in
                state.calls += 1
                return state.calls
            }
            let (status, content) = try answer(number)
            try connection.answer(status, [("Content-Type", "application/json")], content)
        }
        feed = try FaultServer { [ledger] connection in
            let token = try connection.readRequest()["X-Token"] ?? ""
            let isGood = ledger.state.withLock { state in
                state.seen.append(token)
                let isGood = state.accepted == nil || state.accepted == token
                if !isGood { state.refused += 1 }
                return isGood
            }
            // Servers like to repeat what they were sent.
            guard isGood else { return try connection.reject(status: 401, body: "bad token \(token)") }
            try connection.upgrade()
            try session(connection, token)
        }
    }

    /// What the endpoint says at its n-th call.
    static func content(_ number: Int, more: String = "") -> String {
        "{\"data\":{\"token\":\"\(token(number))\"\(more)}}"
    }

    /// The token of the n-th call.
    static func token(_ number: Int) -> String { "t0k-5ecret-\(number)" }

    /// Accepts only the token of the n-th call from now on.
    func accept(only number: Int) {
        ledger.state.withLock { $0.accepted = Self.token(number) }
    }

    /// Calls of the endpoint so far.
    var calls: Int { ledger.state.withLock { $0.calls } }

    /// The tokens that dials came with, in order.
    var seen: [String] { ledger.state.withLock { $0.seen } }

    /// Dials that were answered with 401.
    var refused: Int { ledger.state.withLock { $0.refused } }

    func stop() {
        endpoint.stop()
        feed.stop()
    }
}
