/// The program's version.
public enum HawserVersion {
    /// Semantic version of this source tree.
    public static let current = "0.1.0"
}
