/// What differs between the configuration in force and another one, by what it means: text, position and where a value
/// comes from (the file, `defaults`, built in) do not matter.
///
/// A pure comparison. References count by what is written: a value that a reference yields is read anew before each dial
/// and call, so a new one is nothing to be applied.
struct ConfigurationChange: Sendable, Equatable {
    /// Something that differs and that a running daemon cannot take over.
    struct Obstacle: Sendable, Equatable {
        /// The key, such as `sinks.archive.file.rotate`; empty if it is not known.
        let keyPath: String
        /// Why.
        let problem: String
    }

    /// A subscription is adjusted if its session may go on: what differs only matters to its next dial.
    let subscriptions: NamedChange<SubscriptionConfiguration>
    /// A request is changed if it, or the client or the fields that it shares, differ.
    let requests: NamedChange<RequestConfiguration>
    /// A sink is adjusted if only its watermarks differ, and changed if its records go to another place.
    let sinks: NamedChange<SinkConfiguration>
    /// The new limits, if they differ.
    let limits: LimitsConfiguration?
    /// The new section `http`, if it differs.
    let http: HTTPSettings?
    /// The new `shutdown.drain`, if it differs.
    let drain: Duration?
    /// The new `log.level`, if it differs.
    let logLevel: LogConfiguration.Level?
    /// What stands in the way: with any of these nothing is applied.
    private(set) var obstacles: [Obstacle] = []

    /// What subscriptions inherit, which is part of each of them by now.
    private let defaults: SessionSettings

    /// What leads from `old` to `new`.
    init(from old: Configuration, to new: Configuration) {
        let isSameMessage = old.limits.message == new.limits.message
        subscriptions = NamedChange(from: old.subscriptions, to: new.subscriptions) { old, new in
            if old == new { return isSameMessage ? .none : .adjusted }
            return old.partOfSession == new.partOfSession ? .adjusted : .changed
        }
        let isSameClient = isSameMessage && old.http.partOfClient == new.http.partOfClient
        let isSameCall = isSameClient && old.http.headers == new.http.headers
        requests = NamedChange(from: old.requests, to: new.requests) { old, new in
            old == new && isSameCall ? .none : .changed
        }
        sinks = NamedChange(from: old.sinks, to: new.sinks) { old, new in
            old == new ? .none : old.writesLike(new) ? .adjusted : .changed
        }
        limits = old.limits == new.limits ? nil : new.limits
        http = old.http == new.http ? nil : new.http
        drain = old.drain == new.drain ? nil : new.drain
        logLevel = old.log.level == new.log.level ? nil : new.log.level
        defaults = new.defaults
        obstacles = Self.fixedSettings(old, new) + Self.fixedSinks(old.sinks, sinks)
        // Whatever the comparison above does not know of is not lost in silence.
        if obstacles.isEmpty, applied(to: old) != new {
            obstacles = [Obstacle(keyPath: "", problem: "something differs that only a restart applies")]
        }
    }

    /// Whether nothing has to be done.
    var isEmpty: Bool {
        subscriptions.isEmpty && requests.isEmpty && sinks.isEmpty && settings.isEmpty && obstacles.isEmpty
    }

    /// The sections that differ beside subscriptions, requests and sinks.
    var settings: [String] {
        let all = [
            ("limits", limits != nil), ("http", http != nil), ("shutdown.drain", drain != nil),
            ("log.level", logLevel != nil),
        ]
        return all.filter { $0.1 }.map { $0.0 }
    }

    /// The new configuration, made of the old one. Only without obstacles.
    func applied(to old: Configuration) -> Configuration {
        var new = old
        new.subscriptions = subscriptions.applied(to: old.subscriptions)
        new.requests = requests.applied(to: old.requests)
        new.sinks = sinks.applied(to: old.sinks)
        new.limits = limits ?? old.limits
        new.http = http ?? old.http
        new.drain = drain ?? old.drain
        new.log.level = logLevel ?? old.log.level
        new.defaults = defaults
        return new
    }

    // MARK: What needs a restart

    private static func fixedSettings(_ old: Configuration, _ new: Configuration) -> [Obstacle] {
        let fixed = [
            ("loops", old.loops != new.loops, "event loops are made at the start"),
            ("state", old.state != new.state, "the state directory is claimed at the start"),
            ("status", old.status != new.status, "the control socket is opened at the start"),
            ("limits.sends", old.limits.sends != new.limits.sends, "open connections go by the rates of the start"),
            ("log.format", old.log.format != new.log.format, "the form of the log is chosen at the start"),
        ]
        return fixed.filter { $0.1 }.map { Obstacle(keyPath: $0.0, problem: "\($0.2): restart to change it") }
    }

    /// A file, or standard output, has one writer: it is let go only once the new sinks are open.
    private static func fixedSinks(_ old: [SinkConfiguration], _ change: NamedChange<SinkConfiguration>) -> [Obstacle] {
        let owners = Dictionary(old.map { ($0.place, $0.name) }) { first, _ in first }
        return (change.changed + change.added).compactMap { sink in
            guard let owner = owners[sink.place] else { return nil }
            guard owner == sink.name else {
                return Obstacle(
                    keyPath: "sinks.\(sink.name)",
                    problem: "the sink \"\(owner)\" has its place until Hawser ends: keep the name, or restart"
                )
            }
            return Obstacle(
                keyPath: "sinks.\(sink.name).file",
                problem: "rotation and fsync of a file that is open cannot change: restart, or name another path"
            )
        }
    }
}

extension SinkConfiguration {
    fileprivate enum Place: Hashable {
        case stdout
        case file(String)
    }

    /// What may have one writer.
    fileprivate var place: Place {
        switch target {
        case .stdout: .stdout
        case .file(let file): .file(PathReader.normalized(file.path))
        }
    }

    /// Whether what is open for one may be used for the other.
    fileprivate func writesLike(_ other: SinkConfiguration) -> Bool {
        guard place == other.place else { return false }
        guard case .file(let file) = target, case .file(let otherFile) = other.target else { return true }
        return file.rotation == otherFile.rotation && file.fsync == otherFile.fsync
    }
}

extension HTTPSettings {
    /// Without what each request brings along, or what is not the client's.
    fileprivate var partOfClient: HTTPSettings {
        var part = self
        part.call = CallSettings()
        part.headers = []
        part.dnsTTL = ConfigurationDefaults.dnsTTL
        return part
    }
}

extension SubscriptionConfiguration {
    /// What a session that is open depends on, in one of the forms that mean the same.
    fileprivate var partOfSession: SubscriptionConfiguration {
        var part = self
        part.sinks.sort()
        // The order of fields with different names has no meaning, nor have capitals in a name (RFC 9110 section 5).
        part.headers = headers.enumerated()
            .map { ($0.offset, HeaderTemplate(name: $0.element.name.lowercased(), value: $0.element.value)) }
            .sorted { ($0.1.name, $0.0) < ($1.1.name, $1.0) }.map { $0.1 }
        part.settings.reconnect = ConfigurationDefaults.reconnect
        part.settings.dispositions = .standard
        part.settings.timeouts = ConfigurationDefaults.timeouts
        part.settings.timeouts.pauseMax = settings.timeouts.pauseMax
        if !settings.compression.isEnabled {
            part.settings.compression = CompressionSettings()
            part.settings.compression.isEnabled = false
        }
        if isPlain { part.settings.tls = ConfigurationDefaults.tls }
        return part
    }

    /// Whether its URL says that there is no TLS.
    private var isPlain: Bool {
        let text = url.unresolved.lowercased()
        return text.hasPrefix("ws:") || text.hasPrefix("ws+unix:")
    }
}
