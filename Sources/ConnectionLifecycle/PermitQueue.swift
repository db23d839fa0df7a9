/// The limit on concurrent sessions: a first-in-first-out queue for permits, without its waiting.
///
/// With a limit per host too, one who waits only because its host is full does not block those behind it: the order is
/// first in, first out among those who can be served.
///
/// A value; the owner tells the granted ones. Requests of one who already holds or waits change nothing, nor do
/// withdrawals and releases of strangers, so that late callbacks are harmless.
public struct PermitQueue<ID: Hashable & Sendable>: Sendable {
    private struct Waiter {
        let id: ID
        let host: String
        let ticket: UInt64
    }

    /// Permits for all hosts together; at least 1.
    public private(set) var limit: Int
    /// Permits for one host; nil: as many as there are.
    public private(set) var perHost: Int?

    private var holders: [ID: String] = [:]
    private var heldByHost: [String: Int] = [:]
    /// In order of arrival. Those who withdrew stay until they come to the head, with a ticket that is no longer valid.
    private var waiters: [Waiter] = []
    private var head = 0
    private var tickets: [ID: UInt64] = [:]
    private var nextTicket: UInt64 = 0

    /// A queue with all permits free. Limits below 1 are taken as 1.
    public init(limit: Int, perHost: Int? = nil) {
        self.limit = max(limit, 1)
        self.perHost = perHost.map { max($0, 1) }
    }

    /// How many permits are held.
    public var held: Int { holders.count }

    /// How many wait.
    public var waiting: Int { tickets.count }

    /// Whether `id` holds a permit.
    public func isHolding(_ id: ID) -> Bool {
        holders[id] != nil
    }

    /// Asks for a permit.
    ///
    /// - Returns: whether it is held now; if not, `id` waits at the tail, or where it waited already.
    public mutating func request(_ id: ID, host: String) -> Bool {
        if holders[id] != nil { return true }
        if tickets[id] != nil { return false }
        if canServe(host) {
            // Those who wait all wait for a full host, or there would be no permit free.
            grant(id, host)
            return true
        }
        tickets[id] = nextTicket
        waiters.append(Waiter(id: id, host: host, ticket: nextTicket))
        nextTicket += 1
        return false
    }

    /// Leaves the queue. A permit that is already held stays held.
    public mutating func withdraw(_ id: ID) {
        tickets[id] = nil
        compact()
    }

    /// Gives a permit back.
    ///
    /// - Returns: who got a permit because of it, in order.
    public mutating func release(_ id: ID) -> [ID] {
        guard let host = holders.removeValue(forKey: id) else { return [] }
        let remaining = (heldByHost[host] ?? 1) - 1
        heldByHost[host] = remaining > 0 ? remaining : nil
        return serve()
    }

    /// Changes the limits. Lower ones take no permit away: they hold as soon as enough came back.
    ///
    /// - Returns: who got a permit because of it, in order.
    public mutating func setLimits(limit: Int, perHost: Int?) -> [ID] {
        self.limit = max(limit, 1)
        self.perHost = perHost.map { max($0, 1) }
        return serve()
    }

    /// The place in the queue, 1 for the head; nil if `id` does not wait. Linear, for status.
    public func position(of id: ID) -> Int? {
        guard let ticket = tickets[id] else { return nil }
        return waiters[head...].reduce(into: 0) { count, waiter in
            count += waiter.ticket <= ticket && isWaiting(waiter) ? 1 : 0
        }
    }

    /// The place of each that waits, 1 for the head. Linear, for the status of all.
    public var positions: [ID: Int] {
        var positions: [ID: Int] = [:]
        for waiter in waiters[head...] where isWaiting(waiter) { positions[waiter.id] = positions.count + 1 }
        return positions
    }

    private func isWaiting(_ waiter: Waiter) -> Bool {
        tickets[waiter.id] == waiter.ticket
    }

    private func canServe(_ host: String) -> Bool {
        guard held < limit else { return false }
        guard let perHost else { return true }
        return heldByHost[host, default: 0] < perHost
    }

    private mutating func grant(_ id: ID, _ host: String) {
        holders[id] = host
        heldByHost[host, default: 0] += 1
    }

    private mutating func serve() -> [ID] {
        var granted: [ID] = []
        var index = head
        while index < waiters.count, held < limit {
            let waiter = waiters[index]
            if isWaiting(waiter), canServe(waiter.host) {
                tickets[waiter.id] = nil
                grant(waiter.id, waiter.host)
                granted.append(waiter.id)
            }
            index += 1
        }
        compact()
        return granted
    }

    /// Drops the waiters at the head that left, and the space of the dropped when it is half of all.
    private mutating func compact() {
        while head < waiters.count, !isWaiting(waiters[head]) { head += 1 }
        if head == waiters.count || waiters.count - head > 2 * tickets.count + 16 || head > waiters.count / 2 {
            waiters = waiters[head...].filter(isWaiting)
            head = 0
        }
    }
}
