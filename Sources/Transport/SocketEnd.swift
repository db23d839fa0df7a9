import Glibc

/// How a ``Socket`` ended.
public enum SocketEnd: Sendable {
    /// The peer has closed its side: FIN, or TLS close_notify.
    case eof
    /// The connection was torn down under us; the code is an `errno` such as `ECONNRESET` or `EPIPE`.
    case reset(code: Int32)
    /// TLS failed: a broken record, or an alert such as TLS 1.3's late “certificate required”.
    // Boxed: every socket has room for its end, and hardly one ends so.
    indirect case tls(TLSFailure)
    /// Another failure of the system; the code is an `errno` such as `ETIMEDOUT`.
    case failed(code: Int32)
    /// We ended it: ``Socket/abort()``, or the event loop's shutdown.
    case aborted

    /// The `errno` of the end, if it has one.
    public var code: Int32? {
        switch self {
        case .reset(let code), .failed(let code): code
        case .eof, .tls, .aborted: nil
        }
    }

    /// The end that a failed system call on a connected socket means.
    init(errno code: Int32) {
        self = code == ECONNRESET || code == EPIPE ? .reset(code: code) : .failed(code: code)
    }
}

extension SocketEnd: CustomStringConvertible {
    /// What happened, for a person.
    public var description: String {
        switch self {
        case .eof: "the peer closed the connection"
        case .reset(let code): "the connection was reset: \(String(cString: strerror(code)))"
        case .tls(let failure): failure.message
        case .failed(let code): "the connection failed: \(String(cString: strerror(code)))"
        case .aborted: "the connection was aborted on this side"
        }
    }
}
