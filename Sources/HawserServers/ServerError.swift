import Glibc

/// Why a server could not be started.
public enum ServerError: Error, Hashable, Sendable {
    /// The address could not be listened on: it is taken, reserved, or there is no descriptor left. The code is an
    /// `errno`.
    case listen(address: String, code: Int32)
    /// libwebsockets made no virtual host, or did not take the listening socket: no memory, or the loop is ending.
    case library
    /// The host to listen on is no address of the form `127.0.0.1` or `::1`.
    case notAnAddress(String)
    /// OpenSSL could not make the server's certificate.
    case certificate(detail: String)
    /// It has been started before; a server serves once.
    case startedBefore
}

extension ServerError: CustomStringConvertible {
    /// What failed and what to do about it, for a person.
    public var description: String {
        switch self {
        case .listen(let address, let code):
            "cannot listen on \(address): \(String(cString: strerror(code)))"
                + (code == EADDRINUSE ? " (another program has the port: choose another, or 0 for any)" : "")
        case .library: "libwebsockets refused to start a server: its event loop is ending, or memory is short"
        case .notAnAddress(let host): "cannot listen on '\(host)': write an address such as 127.0.0.1, ::1 or 0.0.0.0"
        case .certificate(let detail): detail
        case .startedBefore: "the server was started before; make another one"
        }
    }
}
