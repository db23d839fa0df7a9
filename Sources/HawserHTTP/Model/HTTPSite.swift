import Locking
import WebSocketProtocol

/// Scheme, host and port, shared by the URLs of one site.
final class HTTPSite: Sendable, Hashable {
    let isSecure: Bool
    let host: String
    let isAddressLiteral: Bool
    let port: UInt16
    let authority: String
    /// With the port, also if it is the scheme's own.
    let origin: String
    /// What the text of its URLs begins with, if it has no userinfo.
    let prefix: String

    init(_ parsed: WebSocketURL) {
        isSecure = parsed.isSecure
        host = parsed.host
        isAddressLiteral = parsed.isAddressLiteral
        port = parsed.port
        authority = parsed.hostField
        let scheme = isSecure ? "https" : "http"
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        origin = "\(scheme)://\(name):\(port)"
        prefix = "\(scheme)://\(authority)"
    }

    static func == (lhs: HTTPSite, rhs: HTTPSite) -> Bool {
        lhs === rhs || lhs.origin == rhs.origin
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(origin)
    }

    /// The site that was read last, so that its other URLs need not be read from the beginning.
    static let newest = Newest()

    /// See ``newest``.
    final class Newest: Sendable {
        private let site = OrderedMutex<HTTPSite?>(nil)

        func keep(_ site: HTTPSite) {
            self.site.withLock { $0 = site }
        }

        /// The site, if `string` begins with it and its path.
        func begins(_ string: String) -> HTTPSite? {
            let site = site.withLock { $0 }
            guard let site, string.utf8.starts(with: site.prefix.utf8),
                string.utf8.dropFirst(site.prefix.utf8.count).first == UInt8(ascii: "/")
            else { return nil }
            return site
        }
    }
}
