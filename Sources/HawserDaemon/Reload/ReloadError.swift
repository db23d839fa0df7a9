/// Why a reload changed nothing: the configuration of before is in force, whole. Tells no secret.
public struct ReloadError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of reason.
    public enum Reason: String, Sendable, Hashable {
        /// The file cannot be read in time, or has errors.
        case configuration
        /// It has changes that only a restart applies.
        case restart
        /// A new sink cannot be opened.
        case sink
        /// The machine lacks something that it needs.
        case resources
        /// The daemon ends.
        case stopping
    }

    /// What kind of reason.
    public var reason: Reason
    /// What is in the way, at least one and about a hundred at most: a line for each, with its place in the file where it
    /// has one, as `hawser check` says it.
    public var problems: [String]

    init(_ reason: Reason, _ problems: [String]) {
        self.reason = reason
        self.problems = problems
    }

    init(_ reason: Reason, _ text: String) {
        self.init(reason, [text])
    }

    static let stopping = ReloadError(.stopping, "the daemon ends")

    /// One line: the first problem, and how many more there are.
    public var description: String {
        let more = problems.count > 1 ? " (and \(problems.count - 1) more)" : ""
        return (problems.first ?? reason.rawValue) + more
    }
}
