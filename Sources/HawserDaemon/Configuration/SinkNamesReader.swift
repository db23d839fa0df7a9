/// Reads the key `sinks` of a subscription or a request: the names of those that it writes to.
struct SinkNamesReader {
    let value: ConfigurationValue?

    /// The names and their places; nil if the key is not there.
    ///
    /// - Parameter what: what would go nowhere without a sink.
    func read(what: String) -> [(name: String, value: ConfigurationValue)]? {
        guard let value else { return nil }
        guard let items = value.list(of: "names of sinks", limit: ConfigurationBounds.sinks) else { return [] }
        if items.isEmpty {
            value.report(
                problem: "no sink is named: the \(what) would go nowhere",
                seen: "[]",
                remedy: "name one, or leave \"sinks\" out to write to every sink"
            )
        }
        return items.compactMap { item in item.text().map { ($0.value, item) } }
    }
}
