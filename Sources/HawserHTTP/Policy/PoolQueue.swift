/// Who may send now: permits, in all and for each host, first come first served.
///
/// A request whose host is full keeps its place and does not hold up those of other hosts. Every operation takes the time
/// of the hosts that have somebody waiting, not of everybody who waits.
struct PoolQueue {
    /// A request in the queue or with a permit.
    typealias ID = UInt64

    private struct Host {
        var active = 0
        /// In order; those that have left are skipped when they come to the front.
        var waiting: [ID] = []
        var cursor = 0
    }

    private let limits: HTTPPoolLimits
    private var hosts: [String: Host] = [:]
    /// The host of each that waits.
    private var waiters: [ID: String] = [:]
    /// Hosts with somebody waiting and a permit to spare, by the number of who is first.
    private(set) var active = 0

    init(_ limits: HTTPPoolLimits) {
        self.limits = limits
    }

    /// How many wait.
    var waiting: Int { waiters.count }

    /// Asks for a permit. IDs grow with the time of the call.
    ///
    /// - Returns: whether it is granted at once.
    mutating func enter(_ id: ID, host: String) -> Bool {
        var entry = hosts[host] ?? Host()
        // Somebody who waits may only wait for the host or the total: both hold for this one too, but for others' hosts.
        if active < limits.maxConnections && entry.active < limits.maxPerHost && entry.cursor == entry.waiting.count {
            entry.active += 1
            active += 1
            hosts[host] = entry
            return true
        }
        entry.waiting.append(id)
        hosts[host] = entry
        waiters[id] = host
        return false
    }

    /// Leaves the queue without a permit.
    ///
    /// - Returns: whether it was in it.
    mutating func leave(_ id: ID) -> Bool {
        guard let host = waiters.removeValue(forKey: id) else { return false }
        trim(host)
        return true
    }

    /// Gives a permit back.
    ///
    /// - Returns: who gets it.
    mutating func release(host: String) -> ID? {
        guard var entry = hosts[host], entry.active > 0 else { return nil }
        entry.active -= 1
        active -= 1
        hosts[host] = entry
        trim(host)
        return grantNext()
    }

    private mutating func grantNext() -> ID? {
        guard active < limits.maxConnections, !waiters.isEmpty else { return nil }
        var first: (id: ID, host: String)?
        for (name, entry) in hosts where entry.active < limits.maxPerHost && entry.cursor < entry.waiting.count {
            let id = entry.waiting[entry.cursor]
            if first.map({ id < $0.id }) ?? true { first = (id, name) }
        }
        guard let first else { return nil }
        waiters[first.id] = nil
        hosts[first.host]?.active += 1
        active += 1
        trim(first.host)
        return first.id
    }

    /// Brings a host's queue to who is first in it; forgets a host that has nobody.
    private mutating func trim(_ host: String) {
        guard var entry = hosts[host] else { return }
        while entry.cursor < entry.waiting.count, waiters[entry.waiting[entry.cursor]] == nil { entry.cursor += 1 }
        if entry.cursor == entry.waiting.count {
            entry.waiting.removeAll(keepingCapacity: entry.waiting.count < 64)
            entry.cursor = 0
        } else if entry.cursor >= 1024 && entry.cursor * 2 >= entry.waiting.count {
            entry.waiting.removeSubrange(0..<entry.cursor)
            entry.cursor = 0
        }
        hosts[host] = entry.active == 0 && entry.waiting.isEmpty ? nil : entry
    }
}
