/// Reads one sink.
struct SinkReader {
    let mapping: MappingReader
    /// The place of the sink's name.
    let position: SourcePosition

    /// A sink and the place of what identifies it.
    struct Result {
        var sink: SinkConfiguration
        var value: ConfigurationValue
    }

    /// Reads the sink called `name`; nil if it is none.
    func read(name: String, watermarks base: Watermarks) -> Result? {
        mapping.check(known: ["file", "stdout", "watermarks"])
        let watermarks =
            mapping.value("watermarks").flatMap { $0.mapping() }
            .map { WatermarksReader(mapping: $0).read(over: base) } ?? base
        switch (mapping.value("file"), mapping.value("stdout")) {
        case (let file?, nil):
            guard let target = readFile(file) else { return nil }
            let value = file.section?.value("path") ?? file
            return Result(
                sink: SinkConfiguration(name: name, target: .file(target), watermarks: watermarks),
                value: value
            )
        case (nil, let stdout?):
            guard let section = stdout.mapping() else { return nil }
            section.check(known: [])
            mapping.reading.recordOrigin(of: stdout.path, line: stdout.position.line)
            return Result(
                sink: SinkConfiguration(name: name, target: .stdout, watermarks: watermarks),
                value: stdout
            )
        case (_?, let stdout?):
            stdout.report(
                problem: "a sink is a file or stdout, not both",
                allowed: "file, stdout",
                remedy: "make two sinks of it"
            )
            return nil
        case (nil, nil) where mapping.entries.contains { $0.key.text != "watermarks" }:
            // The unknown key is what should say it.
            return nil
        case (nil, nil):
            mapping.reading.report(
                at: position,
                mapping.path,
                problem: "the sink does not say where its records go",
                allowed: "file, stdout",
                remedy: "add \"file: {path: /PATH}\" or \"stdout: {}\""
            )
            return nil
        }
    }

    private func readFile(_ value: ConfigurationValue) -> FileSinkConfiguration? {
        if case .scalar(let scalar) = value.node.content, !scalar.isNull {
            value.report(
                problem: "a mapping of keys to values is expected, not text",
                seen: "text",
                remedy: "write {path: \(Shown.cut(scalar.text))}"
            )
            return nil
        }
        guard let section = value.mapping() else { return nil }
        section.check(known: ["path", "rotate", "fsync"])
        let rotation = section.value("rotate").flatMap(readRotation)
        let fsync = section.value("fsync").flatMap(readFsync) ?? ConfigurationDefaults.fsync
        guard let pathValue = section.value("path") else {
            value.report(problem: "the file has no path", remedy: "add \"path: /var/lib/hawser/NAME.jsonl\"")
            return nil
        }
        guard let path = PathReader(value: pathValue).read() else { return nil }
        guard !path.hasSuffix("/") else {
            pathValue.report(
                problem: "the path ends in a slash: it names a directory",
                remedy: "add the file's name"
            )
            return nil
        }
        return FileSinkConfiguration(path: path, rotation: rotation, fsync: fsync)
    }

    private func readRotation(_ value: ConfigurationValue) -> RotationConfiguration? {
        if value.isWord("none") {
            value.reading.recordOrigin(of: value.path, line: value.position.line)
            return nil
        }
        guard let section = value.mapping(expected: "none, or a mapping of keys to values,") else { return nil }
        section.check(known: ["size", "every", "keep", "compress"])
        var rotation = RotationConfiguration()
        if let size = section.value("size"), !isNone(size) {
            rotation.size = size.size(in: ConfigurationBounds.rotateSize)
        }
        if let every = section.value("every"), !isNone(every) {
            rotation.every = every.duration(in: ConfigurationBounds.rotateEvery)
        }
        if let keep = section.value("keep")?.integer(in: ConfigurationBounds.rotateKeep) { rotation.keep = keep }
        if let compression = section.value("compress")?.choice(RotationConfiguration.Compression.self) {
            rotation.compression = compression
        }
        let isSaid = ["size", "every"].contains { key in section.value(key).map { !$0.isWord("none") } ?? false }
        guard isSaid else {
            value.report(
                problem: "the file would never be rotated",
                remedy: "add \"size: 256MiB\", \"every: 1d\" or both, or remove \"rotate\""
            )
            return nil
        }
        return rotation
    }

    private func isNone(_ value: ConfigurationValue) -> Bool {
        guard value.isWord("none") else { return false }
        value.reading.recordOrigin(of: value.path, line: value.position.line)
        return true
    }

    private func readFsync(_ value: ConfigurationValue) -> FsyncConfiguration? {
        let allowed = "never, batch, or {interval: 1s}"
        if case .mapping = value.node.content, let section = value.mapping() {
            section.check(known: ["interval"])
            guard let interval = section.value("interval") else {
                value.report(problem: "the interval is missing", allowed: allowed, remedy: "write {interval: 1s}")
                return nil
            }
            return interval.duration(in: ConfigurationBounds.fsyncInterval).map { .interval($0) }
        }
        guard let text = value.text(expected: allowed) else { return nil }
        switch text.value {
        case "never": return .never
        case "batch": return .batch
        default:
            value.unknownWord(text, ["never", "batch", "interval"], allowed: allowed)
            return nil
        }
    }
}

/// Reads watermarks over those of the whole configuration.
struct WatermarksReader {
    let mapping: MappingReader

    /// The watermarks of `mapping`; what it does not say is as in `base`.
    func read(over base: Watermarks) -> Watermarks {
        mapping.check(known: ["high", "low"])
        var watermarks = base
        if let high = mapping.value("high")?.size(in: ConfigurationBounds.watermarkHigh) { watermarks.high = high }
        if let low = mapping.value("low")?.size(in: ConfigurationBounds.watermarkLow) { watermarks.low = low }
        if watermarks.low >= watermarks.high, let value = mapping.value("low") ?? mapping.value("high") {
            value.report(
                problem: "low \(SizeText.format(watermarks.low)) is not below high \(SizeText.format(watermarks.high))",
                seen: SizeText.format(watermarks.low),
                allowed: "low below high",
                remedy: mapping.has("low") ? "lower it, or raise high" : "set low too, for example to a quarter of high"
            )
        }
        return watermarks
    }
}
