import MonotonicTime

/// The dial gate: who may dial when, so that a process that holds hundreds of feeds does not stampede.
///
/// It bounds the dials at once of the process and of each origin, and the dials of each host in sliding windows, and it
/// leaves a host alone for as long as its Retry-After says. Those of one host go in the order in which they came,
/// except that a full origin does not block another of the same host; hosts take turns.
///
/// A value without a clock: events and the time in, actions and the next deadline out. Its memory is bounded by those
/// that wait or dial, and for each host by the largest count of a rate.
public struct DialGovernor: Sendable {
    /// The bounds.
    public struct Limits: Sendable, Hashable {
        /// Dials at once in the process; taken as 1 if it is less.
        public var concurrent: Int
        /// Dials at once to one origin; nil: only `concurrent` counts.
        public var perOrigin: Int?
        /// Dials of one host; empty: as fast as the others allow.
        public var perHost: [Rate]

        /// The defaults of the configuration, where not said otherwise.
        public init(concurrent: Int = 20, perOrigin: Int? = 1, perHost: [Rate] = [Rate(5, per: .seconds(1))]) {
            self.concurrent = max(concurrent, 1)
            self.perOrigin = perOrigin.map { max($0, 1) }
            self.perHost = perHost
        }
    }

    private struct Host {
        /// When it is looked at again.
        enum Turn {
            /// Nobody waits.
            case none
            /// It is in the line of hosts.
            case ready
            /// It is among the deadlines.
            case later
            /// When a dial of it ends.
            case afterEnd
        }

        var window: SlidingWindow
        var origins: [String: DialLine] = [:]
        var waiting = 0
        var heldUntil: Instant?
        var isFailing = false
        var turn = Turn.none
    }

    /// What a host's turn leads to.
    private enum Next {
        case nobody
        case dial(Int, ticket: UInt64, origin: String)
        case later(Instant)
        case afterEnd
    }

    /// The bounds that hold.
    public private(set) var limits: Limits

    private var hosts: [String: Host] = [:]
    private var line = HostLine()
    private var deadlines = DeadlineHeap<String>()
    /// Where those that wait want to, and the ticket that is theirs; others of the same one are stale.
    private var waiters: [Int: (ticket: UInt64, site: DialSite)] = [:]
    private var dialing: [Int: DialSite] = [:]
    private var nextTicket: UInt64 = 0
    /// What is assumed of a host of which nothing is known: that its windows were full then.
    private var assumedFull: Instant?
    private var sweepAt = 64

    /// A gate at which nobody was yet.
    public init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    /// How many wait.
    public var waiting: Int { waiters.count }

    /// How many dial.
    public var running: Int { dialing.count }

    /// Whether `id` was released and has not ended.
    public func isReleased(_ id: Int) -> Bool { dialing[id] != nil }

    /// When to say `deadlineReached`; nil if nobody waits for a time. Whoever waits for a place is released by the end
    /// of another's dial.
    public var nextDeadline: Instant? { deadlines.next }

    /// Moves the gate by one event.
    ///
    /// - Returns: what to do, in order.
    public mutating func handle(_ event: DialEvent, now: Instant) -> [DialAction] {
        var actions: [DialAction] = []
        switch event {
        case .requested(let id, let site):
            guard waiters[id] == nil, dialing[id] == nil else { return [] }
            enqueue(id, site, now)
            actions = serve(now)
            if waiters[id] != nil { actions.append(.queued(id, wait(at: site, now))) }
        case .withdrawn(let id):
            withdraw(id)
        case .ended(let id, let end):
            guard let site = dialing.removeValue(forKey: id) else { return [] }
            if endDial(at: site, end, now) { actions.append(.hostRecovered(site.host)) }
            actions += serve(now)
        case .held(let host, let duration):
            let until = now + min(max(duration, .zero), Disposition.longestRetryAfter)
            know(host, now)
            let earlier = hosts[host]?.heldUntil ?? until
            hosts[host]?.heldUntil = max(earlier, until)
        case .deadlineReached:
            actions = serve(now)
        }
        return actions
    }

    /// Holds other bounds from now on. Lower ones end no dial: they hold as soon as enough have ended.
    ///
    /// - Returns: what to do, in order.
    public mutating func change(_ limits: Limits, now: Instant) -> [DialAction] {
        self.limits = limits
        for name in hosts.keys {
            hosts[name]?.window.change(limits.perHost)
            hosts[name]?.turn = .none
        }
        // Who waited for something may not have to any more: every host has its turn, the one that waits longest first.
        line = HostLine()
        deadlines = DeadlineHeap<String>()
        var first: [String: UInt64] = [:]
        for (ticket, site) in waiters.values { first[site.host] = min(first[site.host] ?? ticket, ticket) }
        for (host, _) in first.sorted(by: { $0.value < $1.value }) { makeReady(host) }
        return serve(now)
    }

    // MARK: Events

    private mutating func enqueue(_ id: Int, _ site: DialSite, _ now: Instant) {
        know(site.host, now)
        waiters[id] = (nextTicket, site)
        hosts[site.host]?.origins[site.origin, default: DialLine()].append(id, ticket: nextTicket)
        hosts[site.host]?.waiting += 1
        nextTicket += 1
        switch hosts[site.host]?.turn {
        // Whoever waits for the end of a dial may wait for another origin's.
        case Host.Turn.none?, .afterEnd?: makeReady(site.host)
        case .ready?, .later?, nil: break
        }
    }

    private mutating func withdraw(_ id: Int) {
        guard let (_, site) = waiters.removeValue(forKey: id) else { return }
        hosts[site.host]?.waiting -= 1
        let waiters = waiters
        hosts[site.host]?.origins[site.origin]?.leave { waiters[$0.id]?.ticket == $0.ticket }
        tidy(site)
    }

    /// - Returns: whether the host has recovered.
    private mutating func endDial(at site: DialSite, _ end: DialEvent.End, _ now: Instant) -> Bool {
        hosts[site.host]?.window.end(at: now)
        hosts[site.host]?.origins[site.origin]?.running -= 1
        tidy(site)
        if case .afterEnd? = hosts[site.host]?.turn { makeReady(site.host) }
        switch end {
        case .abandoned:
            return false
        case .failed:
            hosts[site.host]?.isFailing = true
            return false
        case .opened:
            let wasFailing = hosts[site.host]?.isFailing ?? false
            hosts[site.host]?.isFailing = false
            return wasFailing
        }
    }

    // MARK: Turns

    private mutating func serve(_ now: Instant) -> [DialAction] {
        while let host = deadlines.popDue(at: now) { makeReady(host) }
        var actions: [DialAction] = []
        while dialing.count < limits.concurrent, let name = line.popFirst() {
            hosts[name]?.turn = .none
            guard let host = hosts[name] else { continue }
            switch next(of: host, now) {
            case .nobody:
                break
            case .later(let instant):
                hosts[name]?.turn = .later
                deadlines.insert(name, at: instant)
            case .afterEnd:
                hosts[name]?.turn = .afterEnd
            case .dial(let id, let ticket, let origin):
                waiters[id] = nil
                dialing[id] = DialSite(host: name, origin: origin)
                hosts[name]?.origins[origin]?.release(ticket)
                hosts[name]?.waiting -= 1
                hosts[name]?.window.begin()
                actions.append(.release(id))
                makeReady(name)
            }
        }
        return actions
    }

    private func next(of host: Host, _ now: Instant) -> Next {
        guard host.waiting > 0 else { return .nobody }
        var first: (id: Int, ticket: UInt64, origin: String)?
        for (origin, line) in host.origins where line.running < limits.perOrigin ?? .max {
            guard let waiter = line.first(where: { waiters[$0.id]?.ticket == $0.ticket }) else { continue }
            if waiter.ticket < first?.ticket ?? .max { first = (waiter.id, waiter.ticket, origin) }
        }
        guard let first, let free = host.window.nextFree else { return .afterEnd }
        let instant = max(free, host.heldUntil ?? free)
        return instant > now ? .later(instant) : .dial(first.id, ticket: first.ticket, origin: first.origin)
    }

    private mutating func makeReady(_ host: String) {
        hosts[host]?.turn = .ready
        line.append(host)
    }

    private func wait(at site: DialSite, _ now: Instant) -> DialWait {
        guard let host = hosts[site.host] else { return DialWait(reason: .process, position: 1, delay: nil) }
        let rated = host.window.estimate(after: host.waiting - 1, now: now)
        if let until = host.heldUntil, until > now {
            let delay = now.duration(to: max(until, rated?.begin ?? until))
            return DialWait(reason: .retryAfter, position: host.waiting, delay: delay)
        }
        if let rated {
            let delay = now.duration(to: rated.begin)
            return DialWait(reason: .rate(rated.rate), position: host.waiting, delay: delay)
        }
        let isFull = host.origins[site.origin].map { $0.running >= limits.perOrigin ?? .max } ?? false
        return DialWait(reason: isFull ? .origin : .process, position: host.waiting, delay: nil)
    }

    // MARK: Hosts

    private mutating func know(_ name: String, _ now: Instant) {
        guard hosts[name] == nil else { return }
        if hosts.count >= sweepAt {
            hosts = hosts.filter { !isForgettable($1, now) }
            sweepAt = 2 * hosts.count + 64
        }
        var host = Host(window: SlidingWindow(limits.perHost))
        if let assumedFull { host.window.fill(at: assumedFull) }
        hosts[name] = host
    }

    private func isForgettable(_ host: Host, _ now: Instant) -> Bool {
        guard case .none = host.turn, host.origins.isEmpty, !host.isFailing else { return false }
        return host.window.isForgotten(at: now) && host.heldUntil ?? now <= now
    }

    private mutating func tidy(_ site: DialSite) {
        if hosts[site.host]?.origins[site.origin]?.isEmpty ?? false { hosts[site.host]?.origins[site.origin] = nil }
    }
}

// MARK: - Memory

extension DialGovernor {
    /// What has to be remembered for the limits to hold after a restart.
    public func memory(at now: Instant) -> DialMemory {
        let longest = limits.perHost.map(\.per).max() ?? .zero
        return DialMemory(
            hosts: hosts.compactMap { name, host in
                let until = host.heldUntil.flatMap { $0 > now ? $0 : nil }
                let ends = host.window.remembered(at: now)
                let running = host.window.rates.isEmpty ? 0 : host.window.running
                guard until != nil || running > 0 || !ends.isEmpty else { return nil }
                return DialMemory.Host(name: name, ends: ends, running: running, heldUntil: until)
            },
            assumedFull: assumedFull.flatMap { $0 + longest >= now ? $0 : nil }
        )
    }

    /// Takes over what an earlier process remembered; before the first event.
    ///
    /// Nothing in it can hold a host for longer than its windows, or than a Retry-After may be: instants of the future
    /// count as now. Dials that were running count as ended now, because nobody knows when they did.
    public mutating func restore(_ memory: DialMemory, now: Instant) {
        assumedFull = memory.assumedFull.map { min($0, now) }
        for remembered in memory.hosts {
            know(remembered.name, now)
            hosts[remembered.name]?.window.restore(remembered.ends, running: remembered.running, now: now)
            guard let until = remembered.heldUntil, until > now else { continue }
            hosts[remembered.name]?.heldUntil = min(until, now + Disposition.longestRetryAfter)
        }
    }

}
