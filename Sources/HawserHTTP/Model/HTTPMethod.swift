import WebSocketProtocol

/// The method of a request (RFC 9110 section 9): any token.
public struct HTTPMethod: Sendable, Hashable, CustomStringConvertible {
    /// The name as it is sent; methods are case-sensitive.
    public let name: String

    /// A method of any name; nil unless it is a token (RFC 9110 section 5.6.2).
    public init?(_ name: String) {
        guard HTTPSyntax.isToken(name.utf8), name.utf8.count <= 64 else { return nil }
        self.name = name
    }

    private init(known name: String) {
        self.name = name
    }

    /// Asks for a resource (RFC 9110 section 9.3.1).
    public static let get = HTTPMethod(known: "GET")
    /// As GET, without the content (section 9.3.2).
    public static let head = HTTPMethod(known: "HEAD")
    /// Has a resource process content (section 9.3.3).
    public static let post = HTTPMethod(known: "POST")
    /// Replaces a resource (section 9.3.4).
    public static let put = HTTPMethod(known: "PUT")
    /// Changes a resource (RFC 5789).
    public static let patch = HTTPMethod(known: "PATCH")
    /// Removes a resource (section 9.3.5).
    public static let delete = HTTPMethod(known: "DELETE")
    /// Asks what may be done (section 9.3.7).
    public static let options = HTTPMethod(known: "OPTIONS")
    /// Sends a request back (section 9.3.8).
    public static let trace = HTTPMethod(known: "TRACE")

    /// Whether it only reads (RFC 9110 section 9.2.1).
    public var isSafe: Bool {
        ["GET", "HEAD", "OPTIONS", "TRACE"].contains(name)
    }

    /// Whether doing it twice is the same as doing it once (RFC 9110 section 9.2.2), so that it may be tried again.
    public var isIdempotent: Bool {
        isSafe || name == "PUT" || name == "DELETE"
    }

    /// The name.
    public var description: String { name }
}
