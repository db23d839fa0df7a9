/// What can only be judged with the whole configuration in view.
struct CrossChecks {
    let root: MappingReader
    let sinks: [SinkReader.Result]
    let subscriptions: [SubscriptionReader.Result]
    let requests: [RequestReader.Result]

    private var reading: ConfigurationReading { root.reading }

    /// Records what does not fit together, and gives each subscription the sinks it writes to.
    func run(_ configuration: inout Configuration) {
        let names = configuration.sinks.map(\.name)
        configuration.subscriptions = subscriptions.map { result in
            var subscription = result.subscription
            subscription.sinks = routed(result.sinks, to: names)
            return subscription
        }
        configuration.requests = requests.map { result in
            var request = result.request
            request.sinks = routed(result.sinks, to: names)
            return request
        }
        checkUnusedSinks(configuration)
        RequestChecks(root: root, requests: requests, keeps: subscriptions.compactMap(\.keep)).run()
        checkTargets()
        checkWatermarks(configuration)
        checkThresholds(configuration)
        checkConnections(configuration)
        DialChecks(root: root, subscriptions: subscriptions).run(configuration.limits)
        checkDrain(configuration)
    }

    // MARK: Sinks

    /// Those of the sinks `names` that are `wanted`; all if nobody said which.
    private func routed(_ wanted: [(name: String, value: ConfigurationValue)]?, to names: [String]) -> [String] {
        guard let wanted else { return names }
        let known = Set(names)
        let declared = Set(root.value("sinks")?.section?.entries.map(\.key.text) ?? [])
        var sinks: [String] = []
        for (name, value) in wanted {
            if sinks.contains(name) {
                value.report(
                    problem: "the sink \(Shown.quoted(name)) is named twice",
                    seen: name,
                    remedy: "keep one of them"
                )
            } else if known.contains(name) {
                sinks.append(name)
            } else if !declared.contains(name) {
                reportUnknownSink(name, value, names: names)
            }
        }
        return sinks
    }

    private func reportUnknownSink(_ name: String, _ value: ConfigurationValue, names: [String]) {
        let text: String? = if case .scalar(let scalar) = value.node.content { scalar.text } else { nil }
        let shown = Shown.quoted(text ?? name)
        let guess = text == name ? Spelling.closest(to: name, among: names) : nil
        value.report(
            problem: "there is no sink \(shown)",
            seen: shown,
            allowed: guess == nil ? list(names) : nil,
            remedy: guess.map { "did you mean \"\($0)\"?" } ?? "define it under \"sinks\""
        )
    }

    private func list(_ names: [String]) -> String {
        names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    }

    private func checkUnusedSinks(_ configuration: Configuration) {
        // Where a subscription or a request could not be read, nobody knows what it would use.
        let declared = ["subscriptions", "requests"].reduce(0) { $0 + (root.value($1)?.section?.entries.count ?? 0) }
        let routes = configuration.subscriptions.map(\.sinks) + configuration.requests.map(\.sinks)
        guard !routes.isEmpty, routes.count == declared, let section = root.value("sinks")?.section else { return }
        // A name that is misspelt somewhere explains a sink that nobody uses; one error is enough.
        guard routes.allSatisfy({ !$0.isEmpty }) else { return }
        let used = Set(routes.joined())
        for (key, value) in section.values
        where !used.contains(key.text) && sinks.contains(where: { $0.sink.name == key.text }) {
            reading.report(
                at: key.position,
                value.path,
                problem: "nothing writes to this sink",
                seen: key.text,
                remedy: "name it under the \"sinks\" of a subscription or a request, or remove it"
            )
        }
    }

    private func checkTargets() {
        var files: [String: SinkReader.Result] = [:]
        var stdout: SinkReader.Result?
        for result in sinks {
            switch result.sink.target {
            case .stdout:
                if let stdout {
                    result.value.report(
                        problem: "the sink \"\(stdout.sink.name)\" already writes to standard output",
                        remedy: "keep one of them: a sink takes any number of subscriptions"
                    )
                } else {
                    stdout = result
                }
            case .file(let file):
                let path = PathReader.normalized(file.path)
                if let other = files[path] {
                    result.value.report(
                        problem: "the sink \"\(other.sink.name)\" already writes to this file",
                        remedy: "give each sink a file of its own, or keep one of them: "
                            + "a sink takes any number of subscriptions"
                    )
                } else {
                    files[path] = result
                }
            }
        }
    }

    private func checkWatermarks(_ configuration: Configuration) {
        let size = configuration.limits.message.messageSize
        let limit = root.value("limits")?.section?.value("message_size")
        var isReported = false
        for sink in configuration.sinks where size > sink.watermarks.high {
            let own = root.value("sinks")?.section?.value(sink.name)?.section?.value("watermarks")
            let ownHigh = own?.section?.value("high")
            guard ownHigh != nil || !isReported else { continue }
            guard let value = ownHigh ?? root.value("watermarks")?.section?.value("high") ?? limit else { continue }
            if ownHigh == nil { isReported = true }
            let high = SizeText.format(sink.watermarks.high)
            value.report(
                problem: "one message may have \(SizeText.format(size)) (limits.message_size), "
                    + "more than a sink's high watermark \(high)",
                seen: value.path == limit?.path ? SizeText.format(size) : high,
                allowed: "limits.message_size at most watermarks.high",
                remedy: "raise the watermark, or lower limits.message_size"
            )
        }
    }

    // MARK: Limits

    /// A threshold that no message reaches is a mistake, or another way to say that nothing is to be compressed.
    private func checkThresholds(_ configuration: Configuration) {
        let size = configuration.limits.message.messageSize
        let inherited = configuration.defaults.compression.threshold
        if inherited > size { reportThreshold(inherited, root.value("defaults"), size) }
        let own = subscriptions.lazy.map(\.subscription).filter {
            $0.settings.compression.threshold > size && $0.settings.compression.threshold != inherited
        }
        guard !own.isEmpty, let section = root.value("subscriptions")?.section else { return }
        let thresholds = Dictionary(own.map { ($0.name, $0.settings.compression.threshold) }) { first, _ in first }
        for (key, value) in section.values {
            if let threshold = thresholds[key.text] { reportThreshold(threshold, value, size) }
        }
    }

    private func reportThreshold(_ threshold: Int, _ settings: ConfigurationValue?, _ size: Int) {
        let shown = SizeText.format(threshold)
        settings?.section?.value("compression")?.section?.value("threshold")?.report(
            problem: "threshold \(shown) is larger than any message: limits.message_size is \(SizeText.format(size))",
            seen: shown,
            allowed: "threshold at most limits.message_size",
            remedy: "lower it, or raise limits.message_size"
        )
    }

    private func checkConnections(_ configuration: Configuration) {
        let limits = configuration.limits
        let count = subscriptions.count
        let section = root.value("limits")?.section
        if count > limits.connections {
            let waiting = count - limits.connections
            reading.report(
                .warning,
                at: section?.value("connections")?.position ?? root.value("subscriptions")?.position,
                "limits.connections",
                problem: "\(count) subscriptions share \(limits.connections) connection"
                    + "\(limits.connections == 1 ? "" : "s"): \(waiting) will wait until a session ends",
                remedy: "raise limits.connections to \(count) to hold them all at once"
            )
        }
        guard let perHost = limits.perHost else { return }
        guard perHost <= limits.connections else {
            section?.value("per_host")?.report(
                .warning,
                problem: "per_host \(perHost) has no effect: connections \(limits.connections) is lower",
                seen: "\(perHost)",
                remedy: "lower it, or raise connections"
            )
            return
        }
        var hosts: [String: (count: Int, isConstant: Bool)] = [:]
        for result in subscriptions {
            let host = result.url.unixPath ?? result.url.host
            var entry = hosts[host] ?? (0, true)
            entry.count += 1
            entry.isConstant = entry.isConstant && result.subscription.url.isConstant
            hosts[host] = entry
        }
        for (host, entry) in hosts.sorted(by: { $0.key < $1.key }) where entry.count > perHost {
            reading.report(
                .warning,
                at: section?.value("per_host")?.position,
                "limits.per_host",
                problem: "\(entry.count) subscriptions of \(entry.isConstant ? host : "one host") share \(perHost) "
                    + "connection\(perHost == 1 ? "" : "s"): \(entry.count - perHost) will wait until a session ends",
                remedy: "raise limits.per_host to \(entry.count) to hold them all at once"
            )
        }
    }

    private func checkDrain(_ configuration: Configuration) {
        // The unit that comes with Hawser has TimeoutStopSec=20s; sessions take up to 3 s to close before the drain.
        let stop = Duration.seconds(20)
        let total = configuration.drain + ConfigurationDefaults.timeouts.hardClose
        guard total >= stop, let value = root.value("shutdown")?.section?.value("drain") else { return }
        value.report(
            .warning,
            problem: "systemd kills the service after 20s unless the unit's TimeoutStopSec= is raised",
            seen: DurationText.format(configuration.drain),
            allowed: nil,
            remedy: "set TimeoutStopSec= to more than \(DurationText.format(total)), or lower it"
        )
    }
}
