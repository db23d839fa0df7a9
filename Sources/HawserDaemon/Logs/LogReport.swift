import ConnectionLifecycle

/// What a summary came to.
struct LogReport: Sendable {
    /// The stretch of time, in nanoseconds since 1970-01-01 UTC; nil if there is no line.
    var from: Int64?
    var to: Int64?
    /// The subscriptions, by name.
    var rows: [SubscriptionSummary]
    /// The process, its sinks and the log.
    var totals: LogTotals
    /// Lines of subscriptions beyond the limit, which are not in `rows`.
    var leftOut: Int
    /// Subscriptions that are not in `rows` because only the worst were asked for.
    var hidden = 0
    /// All subscriptions together, also those that are not shown.
    let all: SubscriptionSummary

    /// - Parameter untoldDials: dials of all subscriptions together that are in none of `rows`.
    init(
        from: Int64?,
        to: Int64?,
        rows: [SubscriptionSummary],
        totals: LogTotals,
        leftOut: Int,
        untoldDials: Int = 0
    ) {
        self.from = from
        self.to = to
        self.rows = rows.sorted { $0.name < $1.name }
        self.totals = totals
        self.leftOut = leftOut
        var all = SubscriptionSummary(name: "", session: nil)
        for row in rows { all.merge(row) }
        all.unloggedDials += untoldDials
        self.all = all
    }

    /// Keeps the `count` subscriptions that were up the least.
    mutating func keepWorst(_ count: Int) {
        guard rows.count > count else { return }
        hidden = rows.count - count
        let worst = rows.sorted { ($0.upShare ?? 2, $0.name) < ($1.upShare ?? 2, $1.name) }.prefix(count)
        rows = worst.sorted { $0.name < $1.name }
    }

    /// How often each was at fault for the end of a session, the end of the process not counted.
    static func causes(of ends: SubscriptionSummary.Outcomes) -> [GapCause: Int] {
        var causes: [GapCause: Int] = [:]
        for (outcome, count) in ends {
            guard let outcome, outcome != .shutdown else { continue }
            causes[GapCause(outcome), default: 0] += count
        }
        return causes
    }
}

extension SubscriptionSummary {
    /// Adds the numbers of another subscription.
    mutating func merge(_ other: SubscriptionSummary) {
        sessions += other.sessions
        reconnects += other.reconnects
        observed += other.observed
        open += other.open
        waiting += other.waiting
        outages.merge(other.outages)
        delays.merge(other.delays)
        if let silence = other.longestSilence { longestSilence = max(longestSilence ?? 0, silence) }
        messages.add(Int64(clamping: other.messages))
        bytes.add(Int64(clamping: other.bytes))
        ends.merge(other.ends, uniquingKeysWith: +)
        for (code, count) in other.closeCodes { closeCodes[code, default: 0] += count }
        failedDials.merge(other.failedDials, uniquingKeysWith: +)
        unloggedDials += other.unloggedDials
    }
}
