import HawserHTTP

/// Makes a client, and one property of its configuration after the other.
func withClient(
    _ configure: (inout HTTPConfiguration) -> Void = { _ in },
    _ body: (HTTPClient) async throws -> Void
) async throws {
    var configuration = HTTPConfiguration()
    configuration.timeouts.total = .seconds(60)
    configure(&configuration)
    try await withHTTPClient(configuration) { try await body($0) }
}

/// The kind of the error that `body` throws.
func failure(_ body: () async throws -> Void) async -> HTTPError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? HTTPError
    }
}
