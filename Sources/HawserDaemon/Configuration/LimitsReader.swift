/// Reads the section `limits`.
struct LimitsReader {
    let mapping: MappingReader

    /// The limits of the section over the defaults.
    func read() -> LimitsConfiguration {
        var limits = LimitsConfiguration()
        mapping.check(known: ["connections", "per_host", "message_size", "fragments", "dials", "sends"])
        if let value = mapping.value("connections")?.integer(in: ConfigurationBounds.connections) {
            limits.connections = value
        }
        if let value = mapping.value("per_host") { limits.perHost = number(value) }
        if let value = mapping.value("message_size")?.size(in: ConfigurationBounds.messageSize) {
            limits.message.messageSize = value
        }
        if let value = mapping.value("fragments")?.integer(in: ConfigurationBounds.fragments) {
            limits.message.fragments = value
        }
        if let section = mapping.value("dials")?.mapping() { readDials(section, &limits) }
        if let section = mapping.value("sends")?.mapping() {
            section.check(known: ["per_host"])
            if let rates = section.value("per_host")?.rates() { limits.sends = rates }
        }
        return limits
    }

    private func readDials(_ section: MappingReader, _ limits: inout LimitsConfiguration) {
        section.check(known: ["concurrent", "per_origin", "per_host"])
        if let value = section.value("concurrent")?.integer(in: ConfigurationBounds.dials) {
            limits.dials.concurrent = value
        }
        if let value = section.value("per_origin") { limits.dials.perOrigin = number(value) }
        if let rates = section.value("per_host")?.rates() { limits.dials.perHost = rates }
    }

    /// A number, or `none`.
    private func number(_ value: ConfigurationValue) -> Int? {
        guard value.isWord("none") else { return value.integer(in: ConfigurationBounds.connections) }
        value.reading.recordOrigin(of: value.path, line: value.position.line)
        return nil
    }
}
