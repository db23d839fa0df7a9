import ConnectionLifecycle
import Transport

/// Every effective value of a configuration and where it came from: what `check --explain` prints.
///
/// Shows no secret: headers and messages are covered, URLs have neither userinfo nor query, and a reference is shown
/// as it is written.
public struct Explanation: Sendable, CustomStringConvertible {
    /// One value.
    public struct Entry: Sendable, Hashable {
        /// The path of the key, such as `subscriptions.trades.ping.every`.
        public let keyPath: String
        /// The value as one would write it.
        public let value: String
        /// Where it came from: `default`, `FILE:LINE`, `$VARIABLE`.
        public let origin: String
    }

    /// The values in the order of the sections.
    public private(set) var entries: [Entry] = []

    private let loaded: LoadedConfiguration

    init(_ loaded: LoadedConfiguration) {
        self.loaded = loaded
        let configuration = loaded.configuration
        addProcess(configuration)
        addSettings(configuration.defaults, at: "defaults", inherits: nil)
        add(configuration.http)
        for request in configuration.requests { add(request) }
        for subscription in configuration.subscriptions { add(subscription) }
        for sink in configuration.sinks { add(sink) }
        add("shutdown.drain", DurationText.format(configuration.drain))
        let socket = configuration.status.socket ?? (configuration.status.isDefaultSocket ? "default" : "none")
        add("status.socket", path(socket, at: "status.socket"))
        add("log.level", configuration.log.level.rawValue)
        add("log.format", configuration.log.format.rawValue)
    }

    /// One line a value: `key.path: value  # origin`, the origins in one column as far as that reads well.
    public var description: String {
        entries.map { entry in
            let text = "\(entry.keyPath): \(entry.value)"
            let padding = String(repeating: " ", count: max(2, 64 - text.count))
            return "\(text)\(padding)# \(entry.origin)"
        }.joined(separator: "\n")
    }

    // MARK: Sections

    private mutating func addProcess(_ configuration: Configuration) {
        let limits = configuration.limits
        add("limits.connections", "\(limits.connections)")
        add("limits.per_host", limits.perHost.map(String.init) ?? "none")
        add("limits.message_size", SizeText.format(limits.message.messageSize))
        add("limits.fragments", "\(limits.message.fragments)")
        add("limits.dials.concurrent", "\(limits.dials.concurrent)")
        add("limits.dials.per_origin", limits.dials.perOrigin.map(String.init) ?? "none")
        add("limits.dials.per_host", RateText.format(limits.dials.perHost))
        add("limits.sends.per_host", RateText.format(limits.sends))
        add("loops", "\(configuration.loops)")
        add("state", path(configuration.state ?? "none", at: "state"))
    }

    private mutating func add(_ subscription: SubscriptionConfiguration) {
        let path = "subscriptions.\(subscription.name)"
        add("\(path).url", URLReader.redacted(subscription.url))
        for header in subscription.headers { add("\(path).headers.\(header.name)", Secret.placeholder) }
        add("\(path).subprotocols", list(subscription.subprotocols.map(\.unresolved)))
        for index in subscription.subscribe.indices { add("\(path).subscribe[\(index)]", Secret.placeholder) }
        if let keep = subscription.keep {
            add("\(path).keep.request", keep.request, covering: true)
            add("\(path).keep.every", DurationText.format(keep.every))
        } else {
            add("\(path).keep", "none")
        }
        add("\(path).sinks", list(subscription.sinks))
        addSettings(subscription.settings, at: path, inherits: "defaults")
    }

    private mutating func addSettings(_ settings: SessionSettings, at path: String, inherits base: String?) {
        func put(_ key: String, _ value: String) { add(key, value, at: path, inherits: base) }
        let timeouts = settings.timeouts
        put("timeouts.dns", DurationText.format(timeouts.dns))
        put("timeouts.tcp", DurationText.format(timeouts.tcp))
        put("timeouts.proxy", DurationText.format(timeouts.proxy))
        put("timeouts.tls", DurationText.format(timeouts.tls))
        put("timeouts.upgrade", DurationText.format(timeouts.upgrade))
        put("timeouts.dial", DurationText.format(timeouts.dial))
        put("timeouts.close", DurationText.format(timeouts.close))
        switch settings.ping {
        case .off:
            put("ping", "off")
        case .ping(let every, let timeout):
            put("ping.every", DurationText.format(every))
            put("ping.timeout", DurationText.format(timeout))
            put("ping.counted", "\(settings.countsPings)")
        }
        put("send", RateText.format(settings.sendRates))
        let reconnect = settings.reconnect
        put("reconnect.first", DurationText.format(reconnect.first))
        put("reconnect.factor", Shown.number(reconnect.factor))
        put("reconnect.max", DurationText.format(reconnect.max))
        put("reconnect.jitter", Self.text(reconnect.jitter))
        put("reconnect.floor", DurationText.format(reconnect.floor))
        put("reconnect.reset_after", DurationText.format(reconnect.resetAfter))
        addTLS(settings.tls, at: path, inherits: base)
        put("compression.enabled", "\(settings.compression.isEnabled)")
        put("compression.threshold", SizeText.format(settings.compression.threshold))
        put("compression.memory", SizeText.format(settings.compression.memory))
        put("overflow", settings.overflow.rawValue)
        put("pause_max", timeouts.pauseMax.map(DurationText.format) ?? "none")
        put("decode", settings.decode.rawValue)
        put("proxy", settings.proxy.map(URLReader.redacted) ?? "none")
        put("follow_redirects", "0")
        let rules = settings.dispositions.rules.map { ($0.text, $1.text) }
        for (key, rule) in rules.sorted(by: { $0.0 < $1.0 }) { put("dispositions.\(key)", rule) }
    }

    mutating func addTLS(_ tls: TLSOptions, at path: String, inherits base: String?) {
        func put(_ key: String, _ value: String) { add(key, value, at: path, inherits: base) }
        put("tls.ca", tlsPath(Self.text(tls.certificateAuthority), "tls.ca", path, base))
        put("tls.cert", tlsPath(tls.clientCertificate ?? "none", "tls.cert", path, base))
        put("tls.key", tlsPath(tls.clientKey ?? "none", "tls.key", path, base))
        put("tls.verify", "\(tls.verify)")
        put("tls.minimum", "\"\(tls.minimumVersion.rawValue)\"")
    }

    private mutating func add(_ sink: SinkConfiguration) {
        let path = "sinks.\(sink.name)"
        switch sink.target {
        case .stdout:
            add("\(path).stdout", "{}")
        case .file(let file):
            add("\(path).file.path", self.path(file.path, at: "\(path).file.path"))
            if let rotation = file.rotation {
                add("\(path).file.rotate.size", rotation.size.map(SizeText.format) ?? "none")
                add("\(path).file.rotate.every", rotation.every.map(DurationText.format) ?? "none")
                add("\(path).file.rotate.keep", "\(rotation.keep)")
                add("\(path).file.rotate.compress", rotation.compression.rawValue)
            } else {
                add("\(path).file.rotate", "none")
            }
            switch file.fsync {
            case .never: add("\(path).file.fsync", "never")
            case .batch: add("\(path).file.fsync", "batch")
            case .interval(let interval): add("\(path).file.fsync.interval", DurationText.format(interval))
            }
        }
        for (key, bytes) in [("high", sink.watermarks.high), ("low", sink.watermarks.low)] {
            let own = origin(of: "\(path).watermarks.\(key)")
            entries.append(
                Entry(
                    keyPath: "\(path).watermarks.\(key)",
                    value: SizeText.format(bytes),
                    origin: own ?? origin(of: "watermarks.\(key)") ?? "default"
                )
            )
        }
    }

    // MARK: Values and origins

    /// The value of `key` below `path`, or below `base` if it is not said there.
    mutating func add(_ key: String, _ value: String, at path: String, inherits base: String?) {
        let inherited = base.flatMap { origin(of: "\($0).\(key)") }
        let source = origin(of: "\(path).\(key)") ?? inherited ?? "default"
        entries.append(Entry(keyPath: "\(path).\(key)", value: value, origin: source))
    }

    mutating func add(_ keyPath: String, _ value: String, covering: Bool = false) {
        let isReferenced = covering && !references(of: keyPath).isEmpty
        let shown = isReferenced ? Secret.placeholder : value
        entries.append(Entry(keyPath: keyPath, value: shown, origin: origin(of: keyPath) ?? "default"))
    }

    private func origin(of keyPath: String) -> String? {
        switch loaded.origins[keyPath] {
        case nil, .builtIn: return nil
        case .environment(let variable): return "$\(variable)"
        case .file(let line, let references):
            return (["\(loaded.file):\(line)"] + references.map(\.description)).joined(separator: ", ")
        }
    }

    private func references(of keyPath: String) -> [SecretReference] {
        if case .file(_, let references) = loaded.origins[keyPath] { references } else { [] }
    }

    /// A path that refers to something is covered, like everything that does.
    private func path(_ path: String, at keyPath: String) -> String {
        references(of: keyPath).isEmpty ? path : Secret.placeholder
    }

    private func tlsPath(_ value: String, _ key: String, _ path: String, _ base: String?) -> String {
        let own = "\(path).\(key)"
        if loaded.origins[own] != nil { return self.path(value, at: own) }
        return base.map { self.path(value, at: "\($0).\(key)") } ?? value
    }

    func list(_ items: [String]) -> String { "[\(items.joined(separator: ", "))]" }

    static func text(_ jitter: Jitter) -> String {
        switch jitter {
        case .full: "full"
        case .none: "none"
        case .fraction(let fraction): "\(fraction)"
        }
    }

    private static func text(_ authority: TLSOptions.CertificateAuthority) -> String {
        switch authority {
        case .system: "system"
        case .file(let path): path
        case .pem: "PEM text"
        }
    }
}
