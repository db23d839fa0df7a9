import HawserHTTP
import MonotonicTime

/// One request of the configuration, ready to be made.
final class RequestPlan: Sendable {
    let configuration: RequestConfiguration
    /// The fields of all requests.
    private let common: [HeaderTemplate]
    /// Whether `call` reads files.
    private let readsFiles: Bool
    /// The requests that must have been made before it can be.
    let requestReferences: [SecretReference]

    var name: String { configuration.name }

    init(configuration: RequestConfiguration, common: [HeaderTemplate]) {
        self.configuration = configuration
        self.common = common
        readsFiles = configuration.references(with: common).contains { $0.source.isFile }
        requestReferences = configuration.requestReferences
    }

    /// Reads every reference anew. Reads files, so it may block.
    func call(using sources: SecretSources) throws(CallError) -> Call {
        try configuration.call(with: common, using: sources)
    }

    /// The same where nothing may block.
    func callWithoutBlocking(using sources: SecretSources) async throws -> Call {
        guard readsFiles else { return try call(using: sources) }
        return try await Blocking.run { try self.call(using: sources) }
    }
}
