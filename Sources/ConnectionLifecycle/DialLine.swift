/// Those that wait to dial one origin, in the order in which they came, and how many of it dial.
struct DialLine: Sendable {
    struct Waiter {
        let id: Int
        let ticket: UInt64
    }

    /// Dials of the origin at this moment.
    var running = 0
    private var waiters: [Waiter] = []
    private var head = 0
    private var count = 0

    /// Whether nobody waits or dials.
    var isEmpty: Bool { running == 0 && count == 0 }

    mutating func append(_ id: Int, ticket: UInt64) {
        waiters.append(Waiter(id: id, ticket: ticket))
        count += 1
    }

    /// The first of those that still wait.
    func first(where isWaiting: (Waiter) -> Bool) -> Waiter? {
        waiters[head...].first(where: isWaiting)
    }

    /// The first of those that still wait, the one with `ticket`, begins to dial; those before it had left.
    mutating func release(_ ticket: UInt64) {
        guard let index = waiters[head...].firstIndex(where: { $0.ticket == ticket }) else { return }
        head = index + 1
        running += 1
        count -= 1
        if head > waiters.count / 2 {
            waiters.removeFirst(head)
            head = 0
        }
    }

    /// One of those that wait has left. Its place stays until half of all places are such.
    mutating func leave(remaining isWaiting: (Waiter) -> Bool) {
        count -= 1
        guard waiters.count - head > 2 * count + 16 else { return }
        waiters = waiters[head...].filter(isWaiting)
        head = 0
    }
}

/// The hosts whose turn it is, first come, first served.
struct HostLine: Sendable {
    private var hosts: [String] = []
    private var head = 0

    mutating func append(_ host: String) {
        hosts.append(host)
    }

    mutating func popFirst() -> String? {
        guard head < hosts.count else { return nil }
        defer {
            head += 1
            if head > 32, head > hosts.count / 2 {
                hosts.removeFirst(head)
                head = 0
            }
        }
        return hosts[head]
    }
}
