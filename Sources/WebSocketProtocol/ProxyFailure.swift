/// Why a proxy gave no tunnel.
public enum ProxyFailure: Error, Hashable, Sendable {
    /// An HTTP proxy answered CONNECT with another status than 2xx. 407: it does not accept our credentials, or wants
    /// some.
    case refused(status: Int, reasonPhrase: String)
    /// A SOCKS proxy answered the request with this code other than 0 (RFC 1928 section 6).
    case refusedBySOCKS(code: UInt8)
    /// A SOCKS proxy wants credentials of a kind that we do not have.
    case credentialsWanted
    /// A SOCKS proxy did not accept user and password (RFC 1929 section 2).
    case credentialsRefused
    /// What it answered is neither HTTP nor SOCKS as it is asked; the text says what is wrong.
    case malformed(String)
    /// The connection to it ended in the middle of the handshake; the text says how.
    case ended(String)

    /// Whether the proxy wants other credentials than it was given.
    public var isAboutCredentials: Bool {
        switch self {
        case .refused(let status, _): status == 407
        case .credentialsWanted, .credentialsRefused: true
        case .refusedBySOCKS, .malformed, .ended: false
        }
    }

    /// Whether the proxy may well give a tunnel later: it could not, rather than would not.
    public var isTransient: Bool {
        switch self {
        case .refused(let status, _): status == 429 || (500...599).contains(status)
        // 2: not allowed by its rules. 7 and 8: it does not know CONNECT, or the kind of address.
        case .refusedBySOCKS(let code): ![2, 7, 8].contains(code)
        case .ended: true
        case .credentialsWanted, .credentialsRefused, .malformed: false
        }
    }
}

extension ProxyFailure: CustomStringConvertible {
    /// What happened, for a person; no credentials in it.
    public var description: String {
        switch self {
        case .refused(407, _): "the proxy did not accept our credentials, or wants some: it answered 407"
        case .refused(let status, let phrase):
            "the proxy refused the tunnel: it answered \(status)" + (phrase.isEmpty ? "" : " \(phrase)")
        case .refusedBySOCKS(let code): "the proxy refused the tunnel: \(Self.words(forSOCKS: code))"
        case .credentialsWanted: "the proxy accepts none of the ways to log in that we have"
        case .credentialsRefused: "the proxy did not accept user and password"
        case .malformed(let what): "the proxy's answer is malformed: \(what)"
        case .ended(let how): "the connection to the proxy ended before it gave a tunnel: \(how)"
        }
    }

    /// RFC 1928 section 6.
    private static func words(forSOCKS code: UInt8) -> String {
        switch code {
        case 1: "general failure (SOCKS 1)"
        case 2: "not allowed by its rules (SOCKS 2)"
        case 3: "network unreachable (SOCKS 3)"
        case 4: "host unreachable (SOCKS 4)"
        case 5: "connection refused by the target (SOCKS 5)"
        case 6: "the time to live expired (SOCKS 6)"
        case 7: "it does not know CONNECT (SOCKS 7)"
        case 8: "it does not know this kind of address (SOCKS 8)"
        default: "unknown code (SOCKS \(code))"
        }
    }
}
