import HawserHTTP

/// Reads the section `http`.
struct HTTPSettingsReader {
    let mapping: MappingReader

    /// The settings of the section over the defaults.
    func read() -> HTTPSettings {
        var settings = HTTPSettings()
        mapping.check(known: CallSettingsReader.keys + ["pool", "dns_ttl", "proxy", "tls", "headers"])
        settings.call = CallSettingsReader(mapping: mapping).read(over: settings.call)
        readPool(&settings.pool)
        if let value = mapping.value("dns_ttl")?.duration(in: ConfigurationBounds.dnsTTL) { settings.dnsTTL = value }
        if let value = mapping.value("proxy") { settings.proxy = readProxy(value) }
        if let section = mapping.value("tls")?.mapping() {
            settings.tls = TLSReader(mapping: section).read(over: settings.tls)
        }
        if let value = mapping.value("headers") {
            settings.headers =
                HeadersReader(
                    value: value,
                    reserved: HeaderSyntax.remedy(forReservedInRequest:),
                    takesAnswers: false
                ).read()
        }
        return settings
    }

    private func readPool(_ pool: inout HTTPPoolLimits) {
        guard let section = mapping.value("pool")?.mapping() else { return }
        let numbers: [(key: String, field: WritableKeyPath<HTTPPoolLimits, Int>, range: ClosedRange<Int>)] = [
            ("max_connections", \.maxConnections, ConfigurationBounds.poolConnections),
            ("max_per_host", \.maxPerHost, ConfigurationBounds.poolConnections),
            ("max_keepalive", \.maxKeepalive, ConfigurationBounds.poolKeepalive),
        ]
        section.check(known: numbers.map(\.key) + ["keepalive_expiry"])
        for (key, field, range) in numbers {
            if let number = section.value(key)?.integer(in: range) { pool[keyPath: field] = number }
        }
        if let expiry = section.value("keepalive_expiry")?.duration(in: ConfigurationBounds.keepaliveExpiry) {
            pool.keepaliveExpiry = expiry
        }
        for (key, number) in [("max_per_host", pool.maxPerHost), ("max_keepalive", pool.maxKeepalive)]
        where number > pool.maxConnections {
            section.value(key)?.report(
                .warning,
                problem: "\(key) \(number) has no effect: max_connections \(pool.maxConnections) is lower",
                seen: "\(number)",
                remedy: "lower it, or raise max_connections"
            )
        }
    }

    private func readProxy(_ value: ConfigurationValue) -> HTTPSettings.Proxy {
        for (word, proxy) in [("none", HTTPSettings.Proxy.none), ("environment", .environment)]
        where value.isWord(word) {
            value.reading.recordOrigin(of: value.path, line: value.position.line)
            return proxy
        }
        return URLReader(value: value).readProxy().map(HTTPSettings.Proxy.server) ?? .none
    }
}

/// Reads what stands under `http` and under each request: what is not said is inherited, key by key.
struct CallSettingsReader {
    /// The keys it reads.
    static let keys = ["timeouts", "retry", "follow_redirects"]

    let mapping: MappingReader

    /// The settings of `mapping` over those of `base`.
    func read(over base: CallSettings) -> CallSettings {
        var settings = base
        readTimeouts(&settings.timeouts)
        if let value = mapping.value("retry") { readRetry(value, &settings.retry) }
        if let limit = mapping.value("follow_redirects")?.integer(in: ConfigurationBounds.callRedirects) {
            settings.redirects = limit
        }
        return settings
    }

    private func readTimeouts(_ timeouts: inout HTTPTimeouts) {
        guard let section = mapping.value("timeouts")?.mapping() else { return }
        let stages: [(key: String, field: WritableKeyPath<HTTPTimeouts, Duration?>)] = [
            ("connect", \.connect), ("read", \.read), ("write", \.write), ("pool", \.pool), ("total", \.total),
        ]
        section.check(known: stages.map(\.key))
        for stage in stages {
            guard let value = section.value(stage.key)?.duration(in: ConfigurationBounds.callTimeout) else { continue }
            timeouts[keyPath: stage.field] = value
        }
        guard let total = timeouts.total else { return }
        for stage in stages.dropLast() {
            // An inherited stage may be longer than a total that is said here: the total simply comes first.
            guard let limit = timeouts[keyPath: stage.field], limit > total, let value = section.value(stage.key)
            else { continue }
            value.report(
                problem: "\(stage.key) \(DurationText.format(limit)) can never pass: the whole call has "
                    + DurationText.format(total),
                seen: DurationText.format(limit),
                allowed: "at most \(DurationText.format(total))",
                remedy: "lower it, or raise timeouts.total"
            )
        }
    }

    private func readRetry(_ value: ConfigurationValue, _ policy: inout RetryPolicy) {
        let shape = "off, or {attempts: 4, first: 1s, factor: 2, max: 30s, jitter: 0.25}"
        if value.isWord("off") {
            value.reading.recordOrigin(of: value.path, line: value.position.line)
            policy.attempts = 1
            return
        }
        guard let section = value.mapping(expected: "\(shape),") else { return }
        section.check(known: ["attempts", "first", "factor", "max", "jitter", "statuses", "any_method", "retry_after"])
        if let number = section.value("attempts")?.integer(in: ConfigurationBounds.attempts) {
            policy.attempts = number
        }
        if let first = section.value("first")?.duration(in: ConfigurationBounds.reconnectFirst) { policy.first = first }
        if let factor = section.value("factor")?.number(in: ConfigurationBounds.reconnectFactor) {
            policy.factor = factor
        }
        if let max = section.value("max")?.duration(in: ConfigurationBounds.reconnectMax) { policy.max = max }
        if let jitter = section.value("jitter")?.jitter() { policy.jitter = jitter }
        if let statuses = section.value("statuses").flatMap(readStatuses) { policy.statuses = statuses }
        if let isAny = section.value("any_method")?.boolean() { policy.anyMethod = isAny }
        if let longest = section.value("retry_after")?.duration(in: ConfigurationBounds.retryAfter) {
            policy.longestRetryAfter = longest
        }
        guard policy.first > policy.max, let value = section.value("first") ?? section.value("max") else { return }
        let first = DurationText.format(policy.first)
        value.report(
            problem: "first \(first) is longer than max \(DurationText.format(policy.max))",
            seen: first,
            allowed: "first at most max",
            remedy: "lower first, or raise max"
        )
    }

    private func readStatuses(_ value: ConfigurationValue) -> Set<Int>? {
        value.list(of: "statuses", limit: ConfigurationBounds.statuses.count).map { items in
            Set(items.compactMap { $0.integer(in: ConfigurationBounds.statuses) })
        }
    }
}
