/// Why an opening handshake cannot be built from what was configured. Values and subprotocols never
/// appear in it: they may be secret.
public struct HeaderError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with the request.
    public enum Problem: String, Sendable, Hashable, CaseIterable {
        /// The name is not a token (RFC 9110 section 5.1).
        case nameNotToken = "the name is empty or has a character that is not allowed in it"
        /// The value has a line break, a zero or another control character (RFC 9110 section 5.5).
        case controlCharacter = "the value has a line break or another control character"
        /// The opening handshake sets the field itself (RFC 6455 section 4.1), or has no content to describe.
        case reservedName = "the field belongs to the opening handshake itself"
        /// A second `Host` or `Authorization`.
        case repeatedField = "the field must not be repeated"
        /// A subprotocol that is not a token (RFC 6455 section 4.1, item 10).
        case subprotocolNotToken = "it is empty or has a character that is not allowed in it"
        /// The same subprotocol twice (RFC 6455 section 4.1, item 10).
        case repeatedSubprotocol = "it is named twice"
        /// A user name with a colon, or control characters in either part (RFC 7617 section 2).
        case userinfoNotBasic = "user or password cannot be sent as Basic credentials (a colon or control character)"
        /// The request head is over `OpeningRequest.sizeLimit`.
        case tooLong = "the request is too long"
    }

    /// What is wrong.
    public let problem: Problem
    /// The field concerned, shortened and made printable, or the number of the subprotocol.
    public let name: String

    init(_ problem: Problem, name: String) {
        self.problem = problem
        self.name = Excerpt.of(name.utf8)
    }

    /// Both in one line: `X-Token: the value has a line break or another control character`.
    public var description: String {
        "\(name): \(problem.rawValue)"
    }
}
