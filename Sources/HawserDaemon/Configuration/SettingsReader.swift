import ConnectionLifecycle
import Transport

/// Reads the settings that stand under `defaults` and under each subscription: what is not said is inherited, key by
/// key.
struct SettingsReader {
    /// The keys it reads.
    static let keys = [
        "timeouts", "ping", "reconnect", "tls", "compression", "overflow", "pause_max", "decode", "follow_redirects",
        "dispositions", "send", "proxy",
    ]
    let mapping: MappingReader

    /// The settings of `mapping` over those of `base`.
    func read(over base: SessionSettings) -> SessionSettings {
        var settings = base
        readTimeouts(&settings.timeouts)
        if let value = mapping.value("pause_max"), let pauseMax = value.duration(in: ConfigurationBounds.pauseMax) {
            settings.timeouts.pauseMax = pauseMax
        }
        if let value = mapping.value("ping") { settings.ping = readPing(value, over: base.ping) }
        if let rates = mapping.value("send")?.rates() { settings.sendRates = rates }
        checkCountedPings(&settings)
        readReconnect(&settings.reconnect)
        if let section = mapping.value("tls")?.mapping() {
            settings.tls = TLSReader(mapping: section).read(over: settings.tls)
        }
        if let value = mapping.value("compression") { readCompression(value, &settings.compression) }
        if let overflow = mapping.value("overflow")?.choice(
            OverflowPolicy.self,
            later: ["drop_oldest", "drop_newest"]
        ) {
            settings.overflow = overflow
        }
        if let decode = mapping.value("decode")?.choice(PayloadDecoding.self) { settings.decode = decode }
        if let value = mapping.value("proxy") { settings.proxy = readProxy(value) }
        readRedirects()
        if let section = mapping.value("dispositions")?.mapping(expected: "a mapping of ends to what follows") {
            settings.dispositions = DispositionsReader(section: section).read(over: settings.dispositions)
        }
        return settings
    }

    private func readTimeouts(_ timeouts: inout SessionTimeouts) {
        guard let section = mapping.value("timeouts")?.mapping() else { return }
        let stages: [(key: String, field: WritableKeyPath<SessionTimeouts, Duration>)] = [
            ("dns", \.dns), ("tcp", \.tcp), ("proxy", \.proxy), ("tls", \.tls), ("upgrade", \.upgrade),
        ]
        section.check(known: stages.map(\.key) + ["dial", "close"])
        for stage in stages {
            guard let value = section.value(stage.key)?.duration(in: ConfigurationBounds.stageTimeout) else { continue }
            timeouts[keyPath: stage.field] = value
        }
        if let dial = section.value("dial")?.duration(in: ConfigurationBounds.dialTimeout) { timeouts.dial = dial }
        if let close = section.value("close")?.duration(in: ConfigurationBounds.closeTimeout) { timeouts.close = close }
        for stage in stages {
            // An inherited stage may be longer than a dial that is said here: the dial's deadline simply comes first.
            let limit = timeouts[keyPath: stage.field]
            guard let value = section.value(stage.key), limit > timeouts.dial else { continue }
            value.report(
                problem: "\(stage.key) \(DurationText.format(limit)) can never pass: the whole dial has "
                    + DurationText.format(timeouts.dial),
                seen: DurationText.format(limit),
                allowed: "at most \(DurationText.format(timeouts.dial))",
                remedy: "lower it, or raise timeouts.dial"
            )
        }
    }

    private func readPing(_ value: ConfigurationValue, over base: KeepAlive.Policy) -> KeepAlive.Policy {
        if case .scalar(let scalar) = value.node.content, !scalar.isNull {
            guard let text = value.text() else { return base }
            guard text.value == "off" else {
                let isOff = ["false", "no", "none", "never", "disabled", "0"].contains(text.value.lowercased())
                value.report(
                    problem: "unknown value \(text.shown)",
                    seen: text.shown,
                    allowed: "off, or {every: 20s, timeout: 10s}",
                    remedy: text.template.isConstant && isOff ? "write off" : nil
                )
                return base
            }
            value.report(
                .warning,
                problem: "without pings a connection that is half open is never noticed",
                seen: "off",
                remedy: "leave pings on unless the server cannot bear them"
            )
            return .off
        }
        guard let section = value.mapping(expected: "off, or {every: 20s, timeout: 10s},") else { return base }
        section.check(known: ["every", "timeout", "counted"])
        var every = ConfigurationDefaults.pingEvery
        var timeout = ConfigurationDefaults.pingTimeout
        if case .ping(let inheritedEvery, let inheritedTimeout) = base {
            (every, timeout) = (inheritedEvery, inheritedTimeout)
        }
        if let value = section.value("every")?.duration(in: ConfigurationBounds.pingEvery) { every = value }
        if let value = section.value("timeout")?.duration(in: ConfigurationBounds.pingTimeout) { timeout = value }
        if every + timeout > .seconds(600) {
            value.report(
                .warning,
                problem: "a dead peer is noticed only after \(DurationText.format(every + timeout)) (every + timeout)",
                remedy: "many proxies drop a connection that is idle for a minute: ping more often"
            )
        }
        return .ping(every: every, timeout: timeout)
    }

    /// Pings that count take their share of each window of `send`: something must be left of it.
    private func checkCountedPings(_ settings: inout SessionSettings) {
        if let counted = mapping.value("ping")?.section?.value("counted")?.boolean() { settings.countsPings = counted }
        guard settings.countsPings, case .ping(let every, _) = settings.ping else { return }
        for rate in settings.sendRates where rate.count <= rate.pings(every: every) {
            // Said once, at what was written here; a clash that was inherited has been reported above.
            guard let value = mapping.value("send") ?? mapping.value("ping") else { return }
            value.report(
                problem: "\(RateText.format(rate)) leaves no message beside counted pings: one window may hold "
                    + "\(rate.pings(every: every)) of them",
                seen: RateText.format(settings.sendRates),
                remedy: "raise the rate, ping less often, or do not count pings"
            )
            return
        }
    }

    private func readReconnect(_ policy: inout Backoff.Policy) {
        guard let section = mapping.value("reconnect")?.mapping() else { return }
        section.check(known: ["first", "factor", "max", "jitter", "floor", "reset_after"])
        if let value = section.value("first")?.duration(in: ConfigurationBounds.reconnectFirst) { policy.first = value }
        if let value = section.value("factor")?.number(in: ConfigurationBounds.reconnectFactor) {
            policy.factor = value
        }
        if let value = section.value("max")?.duration(in: ConfigurationBounds.reconnectMax) { policy.max = value }
        if let jitter = section.value("jitter")?.jitter() { policy.jitter = jitter }
        if let value = section.value("floor")?.duration(in: ConfigurationBounds.reconnectFloor) { policy.floor = value }
        if let value = section.value("reset_after")?.duration(in: ConfigurationBounds.resetAfter) {
            policy.resetAfter = value
        }
        for (key, limit) in [("first", policy.first), ("floor", policy.floor)] where limit > policy.max {
            // Said once, at what was written here; a clash that was inherited has been reported above.
            guard let value = section.value(key) ?? section.value("max") else { continue }
            value.report(
                problem: "\(key) \(DurationText.format(limit)) is longer than max \(DurationText.format(policy.max))",
                seen: DurationText.format(limit),
                allowed: "\(key) at most max",
                remedy: "lower \(key), or raise max"
            )
        }
    }

    private func readCompression(_ value: ConfigurationValue, _ compression: inout CompressionSettings) {
        let shape = "{enabled: true, threshold: 256B, memory: 64KiB}"
        if case .scalar(let scalar) = value.node.content, !scalar.isNull {
            let isOff = ["off", "false", "no", "none"].contains(scalar.text.lowercased())
            value.report(
                problem: "a mapping of keys to values is expected, not text",
                seen: "text",
                allowed: shape,
                remedy: isOff ? "write {enabled: false}" : nil
            )
            return
        }
        guard let section = value.mapping() else { return }
        section.check(known: ["enabled", "threshold", "memory"])
        if let enabled = section.value("enabled")?.boolean() { compression.isEnabled = enabled }
        if let threshold = section.value("threshold")?.size(in: ConfigurationBounds.compressionThreshold) {
            compression.threshold = threshold
        }
        if let memory = section.value("memory")?.size(in: ConfigurationBounds.compressionMemory) {
            compression.memory = memory
        }
    }

    private func readProxy(_ value: ConfigurationValue) -> SecretTemplate? {
        guard !value.isWord("none") else {
            value.reading.recordOrigin(of: value.path, line: value.position.line)
            return nil
        }
        return URLReader(value: value).readProxyOfWebSocket()
    }

    private func readRedirects() {
        guard let value = mapping.value("follow_redirects"), let text = value.text(expected: "0") else { return }
        guard text.value != "0" else { return }
        value.report(
            problem: "following redirects is not supported yet",
            seen: text.shown,
            allowed: "0",
            remedy: "remove it"
        )
    }
}
