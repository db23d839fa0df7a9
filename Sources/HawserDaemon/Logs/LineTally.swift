/// How many lines were read, and what those were that are no entries: nothing is lost in silence.
public struct LineTally: Sendable, Hashable {
    /// Entries of Hawser's log.
    public var entries = 0
    /// Whole lines of something else.
    public var foreign = 0
    /// Lines of Hawser's that are torn or broken.
    public var damaged = 0
    /// Lines longer than the limit, which were skipped.
    public var tooLong = 0

    /// Nothing read yet.
    public init() {}

    /// What there is besides entries, for a person; empty if there is nothing.
    var others: String {
        let parts = [
            foreign > 0 ? "\(foreign) \(foreign == 1 ? "line is" : "lines are") not of Hawser's log" : nil,
            damaged > 0 ? "\(damaged) \(damaged == 1 ? "is" : "are") damaged" : nil,
            tooLong > 0 ? "\(tooLong) \(tooLong == 1 ? "is" : "are") longer than 1 MiB" : nil,
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}
