import Glibc

/// The error number of a system call.
struct SystemError: Error, Hashable {
    let errno: Int32

    /// The system's words for an error number.
    static func text(_ errno: Int32) -> String {
        strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
    }

    /// Calls `body` until it is not interrupted by a signal.
    static func retryingInterrupts<Value>(_ body: () throws(SystemError) -> Value) throws(SystemError) -> Value {
        while true {
            do throws(SystemError) {
                return try body()
            } catch {
                guard error.errno == EINTR else { throw error }
            }
        }
    }
}
