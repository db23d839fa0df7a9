import Glibc

/// A system call that failed, with its error number.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call, e.g. `bind`, with what it was about where that helps.
    public let call: String
    /// The value of `errno`, or what a pthread call returned.
    public let code: Int32

    /// An error of `call` with the current `errno` unless `code` is given.
    public init(_ call: String, code: Int32 = errno) {
        self.call = call
        self.code = code
    }

    /// The call and the C library's text for the error number.
    public var description: String {
        "\(call): \(String(cString: strerror(code))) (errno \(code))"
    }
}
