import WebSocketProtocol

/// Who asks: sent to the origin of the request only, never printed.
public enum HTTPAuthorization: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    /// User and password (RFC 7617); readable by whoever reads the connection, so for `https` only.
    case basic(user: String, password: String)
    /// A token (RFC 6750).
    case bearer(String)
    /// User and password, proved without being sent (RFC 7616): the server is asked twice.
    case digest(user: String, password: String)

    /// The value of `Authorization`; nil where it depends on the server's challenge.
    var field: String? {
        switch self {
        case .basic(let user, let password): "Basic \(Base64.encode(Array("\(user):\(password)".utf8)))"
        case .bearer(let token): "Bearer \(token)"
        case .digest: nil
        }
    }

    /// The scheme alone.
    public var description: String {
        switch self {
        case .basic: "basic"
        case .bearer: "bearer"
        case .digest: "digest"
        }
    }

    /// The scheme alone.
    public var debugDescription: String { description }
}
