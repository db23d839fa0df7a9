/// What a ``Dial`` connects to.
public enum Endpoint: Hashable, Sendable {
    /// A name or an IP literal (no brackets) and a TCP port.
    case host(String, port: UInt16)
    /// A Unix socket.
    case unix(path: String)
}

extension Endpoint: CustomStringConvertible {
    /// `feed.example:443`, `[::1]:80`, or the path.
    public var description: String {
        switch self {
        case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}
