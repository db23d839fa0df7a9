/// Why a name has no address.
public struct NameResolutionError: Error, Hashable, Sendable {
    /// The kinds of failure that call for a different remedy.
    public enum Kind: Hashable, Sendable {
        /// The name does not exist, or has no address of a family this machine uses.
        case notFound
        /// No name server answered, or it could not answer now.
        case temporary
        /// Another failure, with the resolver's code (`EAI_…` of `getaddrinfo(3)`).
        case failed(code: Int32)
        /// The resolver was shut down.
        case shutDown
    }

    /// The name that was looked up.
    public let host: String
    /// What kind of failure it is.
    public let kind: Kind
    /// The resolver's own words.
    public let detail: String

    /// A failure to look up `host`.
    public init(host: String, kind: Kind, detail: String) {
        self.host = host
        self.kind = kind
        self.detail = detail
    }
}

extension NameResolutionError: CustomStringConvertible {
    /// What failed and what to do about it, for a person.
    public var description: String {
        switch kind {
        case .notFound: "no address for the name “\(host)” (\(detail)): check its spelling, and that it exists in DNS"
        case .temporary: "the name “\(host)” could not be looked up now (\(detail)): check the name servers"
        case .failed: "looking up the name “\(host)” failed: \(detail)"
        case .shutDown: "the name “\(host)” was not looked up: the resolver is shut down"
        }
    }
}
