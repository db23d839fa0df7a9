import WebSocketProtocol

/// Reads a whole configuration from the root of a document.
struct ConfigurationReader {
    /// The keys of the root.
    static let keys = [
        "limits", "loops", "state", "defaults", "http", "requests", "subscriptions", "sinks", "watermarks", "shutdown",
        "status", "log",
    ]

    let reading: ConfigurationReading

    /// The configuration; it may be used only if no error was recorded.
    func read(_ node: ConfigurationNode?) -> Configuration {
        var configuration = Configuration()
        let origin = SourcePosition(line: 1, column: 1)
        let empty = ConfigurationNode(content: .mapping([]), position: origin)
        let value = ConfigurationValue(node: node ?? empty, path: "", reading: reading)
        guard let root = value.mapping(expected: "a mapping of settings") else { return configuration }
        root.check(known: Self.keys)
        if let section = root.value("limits")?.mapping() {
            configuration.limits = LimitsReader(mapping: section).read()
        }
        if let loops = root.value("loops")?.integer(in: ConfigurationBounds.loops) { configuration.loops = loops }
        configuration.state = readState(root)
        if let section = root.value("defaults")?.mapping() {
            section.check(known: SettingsReader.keys)
            configuration.defaults = SettingsReader(mapping: section).read(over: configuration.defaults)
        }
        if let section = root.value("http")?.mapping() {
            configuration.http = HTTPSettingsReader(mapping: section).read()
        }
        let watermarks =
            root.value("watermarks").flatMap { $0.mapping() }
            .map { WatermarksReader(mapping: $0).read(over: ConfigurationDefaults.watermarks) }
            ?? ConfigurationDefaults.watermarks
        let sinks = readSinks(root, watermarks: watermarks)
        let subscriptions = readSubscriptions(root, defaults: configuration.defaults)
        let requests = readRequests(root, http: configuration.http)
        configuration.sinks = sinks.map(\.sink)
        if root.value("sinks")?.section?.entries.isEmpty ?? true {
            configuration.sinks = [
                SinkConfiguration(name: ConfigurationDefaults.sink.name, target: .stdout, watermarks: watermarks)
            ]
        }
        if let section = root.value("shutdown")?.mapping() {
            section.check(known: ["drain"])
            if let drain = section.value("drain")?.duration(in: ConfigurationBounds.drain) {
                configuration.drain = drain
            }
        }
        configuration.status = StatusReader(reading: reading).read(root.value("status")?.mapping())
        readLog(root, &configuration.log)
        CrossChecks(root: root, sinks: sinks, subscriptions: subscriptions, requests: requests).run(&configuration)
        return configuration
    }

    /// The state directory: what the file says, else what systemd provides, else the user's own.
    private func readState(_ root: MappingReader) -> String? {
        if let value = root.value("state") { return PathReader(value: value).read() }
        let environment = reading.secrets.environment
        let path = "state"
        // systemd separates several directories by colons; the first is the main one.
        if let directory = environment["STATE_DIRECTORY"]?.split(separator: ":").first {
            reading.recordOrigin(of: path, variable: "STATE_DIRECTORY")
            return String(directory)
        }
        if let home = environment["XDG_STATE_HOME"], home.hasPrefix("/") {
            reading.recordOrigin(of: path, variable: "XDG_STATE_HOME")
            return home + "/hawser"
        }
        // The default that the XDG Base Directory Specification gives for $XDG_STATE_HOME.
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        reading.recordOrigin(of: path, variable: "HOME")
        return (home == "/" ? "" : home) + "/.local/state/hawser"
    }

    private func readSinks(_ root: MappingReader, watermarks: Watermarks) -> [SinkReader.Result] {
        guard let section = root.value("sinks")?.mapping(expected: "a mapping of names to sinks") else { return [] }
        guard section.entries.count <= ConfigurationBounds.sinks else {
            root.value("sinks")?.report(
                problem: "\(section.entries.count) sinks are too many",
                seen: "\(section.entries.count)",
                allowed: "at most \(ConfigurationBounds.sinks)"
            )
            return []
        }
        return section.values.compactMap { key, value in
            guard section.checkName(key) else { return nil }
            if value.isWord("stdout") {
                value.report(
                    problem: "a mapping of keys to values is expected, not text",
                    seen: "text",
                    remedy: "write {stdout: {}}"
                )
                return nil
            }
            guard let mapping = value.mapping() else { return nil }
            return SinkReader(mapping: mapping, position: key.position).read(name: key.text, watermarks: watermarks)
        }
    }

    private func readSubscriptions(_ root: MappingReader, defaults: SessionSettings) -> [SubscriptionReader.Result] {
        named("subscriptions", in: root, limit: ConfigurationBounds.subscriptions) { name, position, mapping in
            SubscriptionReader(mapping: mapping, position: position).read(name: name, defaults: defaults)
        }
    }

    private func readRequests(_ root: MappingReader, http: HTTPSettings) -> [RequestReader.Result] {
        named("requests", in: root, limit: ConfigurationBounds.requests) { name, position, mapping in
            RequestReader(mapping: mapping, position: position).read(name: name, http: http)
        }
    }

    /// Reads each entry of the section `what` that has a name and is a mapping.
    private func named<Item>(
        _ what: String,
        in root: MappingReader,
        limit: Int,
        read: (_ name: String, _ position: SourcePosition, _ mapping: MappingReader) -> Item?
    ) -> [Item] {
        guard let section = root.value(what)?.mapping(expected: "a mapping of names to \(what)") else { return [] }
        guard section.entries.count <= limit else {
            root.value(what)?.report(
                problem: "\(section.entries.count) \(what) are too many",
                seen: "\(section.entries.count)",
                allowed: "at most \(limit)"
            )
            return []
        }
        return section.values.compactMap { key, value in
            guard section.checkName(key) else { return nil }
            if case .scalar(let scalar) = value.node.content, !scalar.isNull {
                URLReader(value: value).cover()
                value.report(
                    problem: "a mapping of keys to values is expected, not text",
                    seen: "text",
                    remedy: "put the URL under the key \"url\""
                )
                return nil
            }
            return value.mapping().flatMap { read(key.text, key.position, $0) }
        }
    }

    private func readLog(_ root: MappingReader, _ log: inout LogConfiguration) {
        guard let section = root.value("log")?.mapping() else { return }
        section.check(known: ["level", "format"])
        if let level = section.value("level")?.choice(LogConfiguration.Level.self) { log.level = level }
        if let format = section.value("format")?.choice(LogFormat.self) {
            log.format = format
        }
    }
}
