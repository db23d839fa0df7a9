import Glibc
import NameResolution
import WebSocketProtocol

/// Why a ``Dial`` did not reach an established connection.
public enum DialFailure: Error, Sendable {
    /// One address that could not be connected to, and the `errno` it failed with.
    public struct Attempt: Hashable, Sendable {
        /// The address that was tried.
        public let address: SocketAddress
        /// What `connect(2)` came to: `ECONNREFUSED`, `ENETUNREACH`, …
        public let code: Int32

        /// An attempt on `address` that failed with the `errno` `code`.
        public init(address: SocketAddress, code: Int32) {
            self.address = address
            self.code = code
        }

        /// Whether the host answered that nothing listens there.
        public var isRefused: Bool { code == ECONNREFUSED }
    }

    /// The name has no address, or could not be looked up.
    case nameResolution(NameResolutionError)
    /// No address could be connected to: every attempt, in the order in which they failed.
    case connect([Attempt])
    /// The proxy was reached, and gave no tunnel.
    case proxy(ProxyURL, ProxyFailure)
    /// The TLS handshake failed, or the peer's certificate was not accepted.
    case tls(TLSFailure)
    /// This side has no descriptor, memory or port left, the path of the Unix socket is impossible (`EINVAL`,
    /// `ENAMETOOLONG`), or the loop is shutting down (`ECANCELED`). The code is an `errno`.
    case resources(code: Int32)
}

extension DialFailure: CustomStringConvertible {
    /// What was tried, what came of it and what to do, for a person.
    public var description: String {
        switch self {
        case .nameResolution(let error): error.description
        case .connect(let attempts): "could not connect: " + attempts.map(\.description).joined(separator: "; ")
        case .proxy(let proxy, let failure): "\(failure) (\(proxy))"
        case .tls(let failure): failure.message
        case .resources(let code):
            switch code {
            case EMFILE, ENFILE:
                "no file descriptor left for the connection: raise the limit of open files (LimitNOFILE=)"
            case ECANCELED: "not connected: the event loop is shutting down"
            default: "no connection could be made on this side: \(String(cString: strerror(code)))"
            }
        }
    }
}

extension DialFailure.Attempt: CustomStringConvertible {
    /// `127.0.0.1:80: Connection refused`.
    public var description: String { "\(address): \(String(cString: strerror(code)))" }
}
