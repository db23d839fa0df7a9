import CLibwebsockets
import Glibc

/// Why an ``EventLoop`` could not be started.
public enum EventLoopError: Error, Hashable, Sendable {
    /// A call into libuv failed with this code (`UV_E…`, a negative `errno`).
    case libuv(code: Int32)
    /// The thread could not be made; the code is an `errno`.
    case thread(code: Int32)
    /// libwebsockets made no context: no memory, no descriptor, or its libuv plug-in is not installed.
    case context
}

extension EventLoopError: CustomStringConvertible {
    /// What failed and what to do about it, for a person.
    public var description: String {
        switch self {
        case .libuv(let code): "the event loop could not be started: \(String(cString: uv_strerror(code)))"
        case .thread(let code): "the event loop's thread could not be started: \(String(cString: strerror(code)))"
        case .context:
            "libwebsockets could not be started: check that its libuv plug-in is installed"
                + " (Debian: libwebsockets-evlib-uv) and the limit of open files (ulimit -n)"
        }
    }
}
