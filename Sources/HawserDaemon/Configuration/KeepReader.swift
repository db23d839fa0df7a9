/// What is called while a subscription is connected, so that its credential stays good.
public struct KeepConfiguration: Sendable, Hashable {
    /// The name of the request.
    public var request: String
    /// How often, from the session's opening on; up to a tenth shorter or longer.
    public var every: Duration
}

/// Reads `keep`.
struct KeepReader {
    let value: ConfigurationValue

    /// What is to be called, and where its name stands; nil if that is wrong.
    func read() -> (keep: KeepConfiguration, name: ConfigurationValue)? {
        guard let section = value.mapping(expected: "{request: NAME, every: 30m}") else { return nil }
        section.check(known: ["request", "every"])
        for key in ["request", "every"] where !section.has(key) {
            value.report(problem: "\"\(key)\" is missing", remedy: "write {request: NAME, every: 30m}")
            return nil
        }
        let every = section.value("every")?.duration(in: ConfigurationBounds.requestEvery)
        guard let name = section.value("request"), let text = name.text(expected: "the name of a request"), let every
        else { return nil }
        return (KeepConfiguration(request: text.value, every: every), name)
    }
}
