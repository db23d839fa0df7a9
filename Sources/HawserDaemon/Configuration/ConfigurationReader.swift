import WebSocketProtocol

/// Reads a whole configuration from the root of a document.
struct ConfigurationReader {
    /// The keys of the root.
    static let keys = [
        "limits", "loops", "state", "defaults", "subscriptions", "sinks", "watermarks", "shutdown", "log",
    ]
    /// Keys of the design that are not supported yet.
    static let laterKeys = ["http", "requests", "status"]

    let reading: ConfigurationReading

    /// The configuration; it may be used only if no error was recorded.
    func read(_ node: ConfigurationNode?) -> Configuration {
        var configuration = Configuration()
        let origin = SourcePosition(line: 1, column: 1)
        let empty = ConfigurationNode(content: .mapping([]), position: origin)
        let value = ConfigurationValue(node: node ?? empty, path: "", reading: reading)
        guard let root = value.mapping(expected: "a mapping of settings") else { return configuration }
        root.check(known: Self.keys, later: Self.laterKeys)
        readLimits(root, &configuration.limits)
        if let loops = root.value("loops")?.integer(in: ConfigurationBounds.loops) { configuration.loops = loops }
        configuration.state = readState(root)
        if let section = root.value("defaults")?.mapping() {
            section.check(known: SettingsReader.keys, later: SettingsReader.laterKeys)
            configuration.defaults = SettingsReader(mapping: section).read(over: configuration.defaults)
        }
        let watermarks =
            root.value("watermarks").flatMap { $0.mapping() }
            .map { WatermarksReader(mapping: $0).read(over: ConfigurationDefaults.watermarks) }
            ?? ConfigurationDefaults.watermarks
        let sinks = readSinks(root, watermarks: watermarks)
        let subscriptions = readSubscriptions(root, defaults: configuration.defaults)
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
        readLog(root, &configuration.log)
        CrossChecks(root: root, sinks: sinks, subscriptions: subscriptions).run(&configuration)
        return configuration
    }

    private func readLimits(_ root: MappingReader, _ limits: inout LimitsConfiguration) {
        guard let section = root.value("limits")?.mapping() else { return }
        section.check(known: ["connections", "per_host", "message_size", "fragments"], later: ["dials"])
        if let value = section.value("connections")?.integer(in: ConfigurationBounds.connections) {
            limits.connections = value
        }
        if let value = section.value("per_host") {
            if value.isWord("none") {
                reading.recordOrigin(of: value.path, line: value.position.line)
            } else {
                limits.perHost = value.integer(in: ConfigurationBounds.connections)
            }
        }
        if let value = section.value("message_size")?.size(in: ConfigurationBounds.messageSize) {
            limits.message.messageSize = value
        }
        if let value = section.value("fragments")?.integer(in: ConfigurationBounds.fragments) {
            limits.message.fragments = value
        }
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
        guard let section = root.value("subscriptions")?.mapping(expected: "a mapping of names to subscriptions")
        else { return [] }
        guard section.entries.count <= ConfigurationBounds.subscriptions else {
            root.value("subscriptions")?.report(
                problem: "\(section.entries.count) subscriptions are too many",
                seen: "\(section.entries.count)",
                allowed: "at most \(ConfigurationBounds.subscriptions)"
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
            guard let mapping = value.mapping() else { return nil }
            return SubscriptionReader(mapping: mapping, position: key.position).read(name: key.text, defaults: defaults)
        }
    }

    private func readLog(_ root: MappingReader, _ log: inout LogConfiguration) {
        guard let section = root.value("log")?.mapping() else { return }
        section.check(known: ["level", "format"])
        if let level = section.value("level")?.choice(LogConfiguration.Level.self) { log.level = level }
        if let format = section.value("format")?.choice(LogFormat.self, later: ["journald", "journal"]) {
            log.format = format
        }
    }
}
