import ConnectionLifecycle

/// What of the limits on dials has no effect, or takes surprisingly long.
struct DialChecks {
    /// A start that takes longer is worth a warning.
    private static let longStart = Duration.seconds(300)

    let root: MappingReader
    let subscriptions: [SubscriptionReader.Result]

    private var section: MappingReader? { root.value("limits")?.section?.value("dials")?.section }

    /// Records what is worth a warning.
    func run(_ limits: LimitsConfiguration) {
        checkPlaces(limits)
        checkRates(limits.dials.perHost)
        checkStart(limits.dials.perHost)
    }

    private func checkPlaces(_ limits: LimitsConfiguration) {
        let dials = limits.dials
        if dials.concurrent > limits.connections, let value = section?.value("concurrent") {
            value.report(
                .warning,
                problem: "concurrent \(dials.concurrent) has no effect: limits.connections \(limits.connections) is "
                    + "lower, and a dial is a connection",
                seen: "\(dials.concurrent)",
                remedy: "lower it, or raise limits.connections"
            )
        }
        guard let perOrigin = dials.perOrigin, perOrigin > dials.concurrent else { return }
        section?.value("per_origin")?.report(
            .warning,
            problem: "per_origin \(perOrigin) has no effect: concurrent \(dials.concurrent) is lower",
            seen: "\(perOrigin)",
            remedy: "lower it, or raise concurrent"
        )
    }

    private func checkRates(_ rates: [Rate]) {
        for rate in rates {
            guard let other = rates.first(where: { $0 != rate && Self.implies($0, rate) }) else { continue }
            section?.value("per_host")?.report(
                .warning,
                problem: "\(RateText.format(rate)) has no effect: \(RateText.format(other)) is stricter",
                seen: RateText.format(rates),
                remedy: "remove it, or lower it"
            )
        }
    }

    /// Whether whoever keeps to `strict` keeps to `loose` too.
    private static func implies(_ strict: Rate, _ loose: Rate) -> Bool {
        let windows = (loose.per.saturatedNanoseconds - 1) / max(strict.per.saturatedNanoseconds, 1) + 1
        let (most, overflow) = strict.count.multipliedReportingOverflow(by: Int(windows))
        return !overflow && most <= loose.count
    }

    /// Whether the feeds of a host, started together, take long to be dialled.
    private func checkStart(_ rates: [Rate]) {
        var hosts: [String: (count: Int, isConstant: Bool)] = [:]
        for result in subscriptions {
            let host = result.url.unixPath ?? result.url.host
            var entry = hosts[host] ?? (0, true)
            entry = (entry.count + 1, entry.isConstant && result.subscription.url.isConstant)
            hosts[host] = entry
        }
        for (host, entry) in hosts.sorted(by: { $0.key < $1.key }) {
            let slowest = rates.map { ($0, time: $0.per * ((entry.count - 1) / $0.count)) }.max { $0.time < $1.time }
            guard let slowest, slowest.time > Self.longStart else { continue }
            let position = section?.value("per_host")?.position ?? root.value("subscriptions")?.position
            root.reading.report(
                .warning,
                at: position,
                "limits.dials.per_host",
                problem: "\(entry.count) subscriptions of \(entry.isConstant ? host : "one host") take at least "
                    + "\(DurationText.format(slowest.time)) to be dialled: \(RateText.format(slowest.0))",
                remedy: "raise the rate if the server allows it"
            )
        }
    }
}
