@testable import HawserDaemon

/// Loads configurations without a file system: a text, an environment and named files.
struct ConfigurationFixture {
    var environment: [String: String] = [
        "TOKEN": "tok-5ecret", "PORT": "9001", "CREDENTIALS_DIRECTORY": "/run/credentials/hawser.service",
    ]
    var files: [String: Result<[UInt8], FileAccessError>] = [
        "/etc/token": .success(Array("file-5ecret\n".utf8)),
        "/run/credentials/hawser.service/feed-token": .success(Array("cred-5ecret".utf8)),
        "/etc/lines": .success(Array("one\ntwo\n".utf8)),
        "/etc/locked": .failure(.permissionDenied),
        "/etc/binary": .success([0xFF, 0xFE]),
        "/etc/big": .failure(.tooLarge(limit: SecretSources.fileLimit)),
    ]

    /// The values that must never be seen.
    static let secrets = ["tok-5ecret", "file-5ecret", "cred-5ecret", "plain-5ecret"]

    var loader: ConfigurationLoader {
        let files = files
        return ConfigurationLoader(
            environment: environment,
            files: FileAccess { path, _ in files[path] ?? .failure(.notFound) }
        )
    }

    /// Loads a text that is called `hawser.yaml`.
    func load(_ text: String) throws(ConfigurationErrors) -> LoadedConfiguration {
        try loader.load(text: text, file: "hawser.yaml")
    }

    /// The issues of a text, in order; the warnings if there is no error.
    func issues(_ text: String) -> [ConfigurationIssue] {
        do {
            return try load(text).warnings
        } catch {
            return error.issues
        }
    }

    /// The configuration of a text that must be good.
    func configuration(_ text: String) throws(ConfigurationErrors) -> Configuration {
        try load(text).configuration
    }
}
