import ConnectionLifecycle
import Locking

/// The limit on concurrent sessions: an asynchronous first-in-first-out semaphore.
///
/// Nobody blocks in it: who waits is called when its turn comes. Usable from any thread.
public final class ConnectionSemaphore: Sendable {
    /// Called when a permit is granted, on the thread of whoever released it; must not block.
    public typealias Grant = @Sendable () -> Void

    private struct State {
        var queue: PermitQueue<Int>
        var grants: [Int: Grant] = [:]
        var isClosed = false
    }

    private let state: OrderedMutex<State>

    /// A semaphore with all `limit` permits free, at most `perHost` of them for one host.
    public init(limit: Int, perHost: Int?) {
        state = OrderedMutex(State(queue: PermitQueue(limit: limit, perHost: perHost)))
    }

    /// Asks for a permit for `id`; `grant` is called once it is held, which may be inside this call.
    ///
    /// - Returns: the place in the queue, from 1; nil if the permit was free or is held already.
    @discardableResult
    public func request(_ id: Int, host: String, grant: @escaping Grant) -> Int? {
        let (isGranted, position): (Bool, Int?) = state.withLock { state in
            if state.isClosed { return (false, nil) }
            // Granted before it was withdrawn: that grant is on its way, and a second one could come too late.
            if state.queue.isHolding(id) { return (false, nil) }
            if state.queue.request(id, host: host) { return (true, nil) }
            state.grants[id] = grant
            return (false, state.queue.position(of: id))
        }
        if isGranted { grant() }
        return position
    }

    /// Leaves the queue. A grant that is already on its way still comes.
    public func withdraw(_ id: Int) {
        state.withLock { state in
            state.queue.withdraw(id)
            state.grants[id] = nil
        }
    }

    /// Gives a permit back, and so grants others theirs.
    public func release(_ id: Int) {
        serve { $0.release(id) }
    }

    /// Holds other limits from now on. Lower ones take no permit away: they hold as soon as enough came back.
    public func setLimits(_ limit: Int, perHost: Int?) {
        serve { $0.setLimits(limit: limit, perHost: perHost) }
    }

    /// Tells those who got a permit because of `change`.
    private func serve(_ change: (inout PermitQueue<Int>) -> [Int]) {
        let grants = state.withLock { state in
            let granted = change(&state.queue)
            return state.isClosed ? [] : granted.compactMap { state.grants.removeValue(forKey: $0) }
        }
        for grant in grants { grant() }
    }

    /// Grants nothing any more: at the end nobody is to dial because another has closed.
    public func close() {
        state.withLock { state in
            state.isClosed = true
            state.grants = [:]
        }
    }

    /// The place of each that waits, from 1.
    var positions: [Int: Int] {
        state.withLock { $0.queue.positions }
    }

    /// Permits held and requests waiting.
    public var census: (held: Int, waiting: Int) {
        state.withLock { ($0.queue.held, $0.queue.waiting) }
    }
}
