/// The program's version.
public enum HawserVersion {
    /// Semantic version of this source tree.
    public static let current = "0.1.0"
    /// What HTTP servers are told.
    public static let userAgent = "hawser/\(current)"
}
