/// Limits on dials that let everyone through, for tests of something else.
public enum FreeDials {
    /// The value of `limits.dials` beside so many `limits.connections`.
    public static func yaml(_ connections: Int = 100) -> String {
        "{concurrent: \(connections), per_origin: none, per_host: none}"
    }

    /// `configuration` with these limits, unless it has a section `limits` of its own.
    public static func added(to configuration: String) -> String {
        configuration.contains("limits:") ? configuration : configuration + "\nlimits: {dials: \(yaml())}\n"
    }
}
