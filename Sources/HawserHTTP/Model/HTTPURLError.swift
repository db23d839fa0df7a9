import WebSocketProtocol

/// Why a string is not a URL that can be requested. Passwords and queries never appear in it.
public struct HTTPURLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The part that is wrong: `scheme`, `host`, `port`…
    public let part: String
    /// What is wrong with it.
    public let problem: String
    /// What was found there, shortened and made printable; empty where it may be secret or is missing.
    public let seen: String
    /// What is allowed there, or what to write instead.
    public let allowed: String

    init(_ part: String, _ problem: String, seen: String = "", allowed: String) {
        self.part = part
        self.problem = problem
        self.seen = seen
        self.allowed = allowed
    }

    init(_ error: WebSocketURLError) {
        self.init(error.part.rawValue, error.problem, seen: error.seen, allowed: error.allowed)
    }

    /// All of it in one line: `port: not a number: "80a"; allowed: 1 to 65535`.
    public var description: String {
        let found = seen.isEmpty ? "" : ": \"\(seen)\""
        return "\(part): \(problem)\(found); allowed: \(allowed)"
    }
}
