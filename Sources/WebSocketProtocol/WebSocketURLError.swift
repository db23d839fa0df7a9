/// Why a string is not a WebSocket URL. Passwords and queries never appear in it.
public struct WebSocketURLError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A part of a URL (RFC 3986 section 3). The raw value is its name for a person.
    public enum Part: String, Sendable, Hashable, CaseIterable {
        /// The URL as a whole.
        case url = "URL"
        /// What stands before the first colon.
        case scheme
        /// User and password before `@`.
        case userinfo
        /// The name or address of the server.
        case host
        /// The number behind the host.
        case port
        /// From the first slash behind the authority to `?`.
        case path
        /// Behind `?`.
        case query
        /// Behind `#`.
        case fragment
        /// The path of the socket in a `ws+unix:` URL.
        case socketPath = "socket path"
    }

    /// The part that is wrong.
    public let part: Part
    /// What is wrong with it.
    public let problem: String
    /// What was found there, shortened and made printable; empty where it may be secret or is missing.
    public let seen: String
    /// What is allowed there, or what to write instead.
    public let allowed: String

    init(_ part: Part, _ problem: String, seen: String = "", allowed: String) {
        self.part = part
        self.problem = problem
        self.seen = seen
        self.allowed = allowed
    }

    /// All of it in one line: `port: not a number: "80a"; allowed: 1 to 65535`.
    public var description: String {
        let found = seen.isEmpty ? "" : ": \"\(seen)\""
        return "\(part.rawValue): \(problem)\(found); allowed: \(allowed)"
    }
}
