/// Reads a configuration file as a whole: everything wrong with it is found in one go.
///
/// Pure but for the two things handed in: the environment, and how files are read.
public struct ConfigurationLoader: Sendable {
    /// The most bytes a configuration may have.
    public static let fileLimit = 1 << 20

    /// What references are resolved against.
    public let secrets: SecretSources

    /// A loader.
    ///
    /// - Parameters:
    ///   - environment: the process's environment variables.
    ///   - files: how the configuration, and files that it refers to, are read.
    public init(environment: [String: String], files: FileAccess = .system) {
        secrets = SecretSources(environment: environment, files: files)
    }

    /// Loads the file at `path`. Blocks while it reads.
    ///
    /// - Throws: every error, with its place, and the warnings beside them.
    public func load(path: String) throws(ConfigurationErrors) -> LoadedConfiguration {
        switch secrets.files.read(path, Self.fileLimit) {
        case .success(let bytes):
            return try load(bytes: bytes, file: path)
        case .failure(let error):
            throw ConfigurationErrors(issues: [Self.issue(error, file: path)])
        }
    }

    /// Loads a text, such as a configuration that is built in.
    ///
    /// - Parameter file: what to call it in errors.
    /// - Throws: every error, with its place, and the warnings beside them.
    public func load(text: String, file: String) throws(ConfigurationErrors) -> LoadedConfiguration {
        try load(bytes: Array(text.utf8), file: file)
    }

    /// Loads the bytes of a file.
    func load(bytes: [UInt8], file: String) throws(ConfigurationErrors) -> LoadedConfiguration {
        if bytes.count > Self.fileLimit {
            throw ConfigurationErrors(issues: [Self.issue(.tooLarge(limit: Self.fileLimit), file: file)])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationErrors(issues: [Self.invalidUTF8(bytes, file: file)])
        }
        let reading = ConfigurationReading(source: SourceText(file: file, text: text), secrets: secrets)
        let root = ConfigurationDocument.parse(reading)
        // Without a tree there is nothing more to check.
        if root == nil, reading.hasErrors { throw ConfigurationErrors(issues: reading.finish()) }
        let configuration = ConfigurationReader(reading: reading).read(root)
        let issues = reading.finish()
        guard !reading.hasErrors else {
            throw ConfigurationErrors(issues: issues, suppressed: reading.suppressedErrors)
        }
        return LoadedConfiguration(
            configuration: configuration,
            file: file,
            warnings: issues,
            origins: reading.origins
        )
    }

    // MARK: Files that cannot be read

    private static func issue(_ error: FileAccessError, file: String) -> ConfigurationIssue {
        let remedy: String
        switch error {
        case .notFound: remedy = "create it, or name another one with -c FILE"
        case .isDirectory: remedy = "name a file in it, such as \(file)\(file.hasSuffix("/") ? "" : "/")hawser.yaml"
        case .notRegular: remedy = "name a regular file with -c FILE"
        case .permissionDenied: remedy = "let the user that Hawser runs as read it"
        case .tooLarge: remedy = "is this a Hawser configuration?"
        case .other: remedy = "name another one with -c FILE"
        }
        return ConfigurationIssue(
            file: file,
            problem: "cannot read the configuration: \(error.problem)",
            remedy: remedy
        )
    }

    private static func invalidUTF8(_ bytes: [UInt8], file: String) -> ConfigurationIssue {
        // Everything before the first fault is valid, so lines and columns can be counted in it.
        let length = validPrefix(of: bytes)
        let before = SourceText(file: file, text: String(decoding: bytes[..<length], as: UTF8.self))
        let hex = String(bytes[length], radix: 16, uppercase: true)
        return ConfigurationIssue(
            file: file,
            position: SourcePosition(line: before.lines.count, column: (before.lines.last?.count ?? 0) + 1),
            problem: "the byte 0x\(hex.count < 2 ? "0" : "")\(hex) is not UTF-8",
            allowed: "text in UTF-8",
            remedy: "is this a text file? save it as UTF-8"
        )
    }

    /// How many bytes at the begin of `bytes` are valid UTF-8.
    private static func validPrefix(of bytes: [UInt8]) -> Int {
        var decoder = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var length = 0
        while true {
            switch decoder.parseScalar(from: &iterator) {
            case .valid(let encoded): length += encoded.count
            case .emptyInput, .error: return min(length, bytes.count - 1)
            }
        }
    }
}

/// A configuration without errors, with what is worth a warning.
public struct LoadedConfiguration: Sendable {
    /// The configuration.
    public let configuration: Configuration
    /// The file's name as the user gave it.
    public let file: String
    /// What is worth a warning, in the order of the file.
    public let warnings: [ConfigurationIssue]
    /// Where each value came from that is not a default, by key path.
    let origins: [String: ValueOrigin]

    /// Where the file says the value at `keyPath`, as `FILE:LINE`; nil if it does not say it.
    ///
    /// What a subscription does not say itself is looked for under `defaults`.
    public func location(of keyPath: String) -> String? {
        if case .file(let line, _) = origins[keyPath] { return "\(file):\(line)" }
        let parts = keyPath.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, parts[0] == "subscriptions" else { return nil }
        guard case .file(let line, _) = origins["defaults.\(parts[2])"] else { return nil }
        return "\(file):\(line)"
    }

    /// Every effective value with its key path and where it came from.
    public var explanation: Explanation { Explanation(self) }
}
