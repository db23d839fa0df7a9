import HawserHTTP

/// What the command line of `hawser fetch` says.
public struct FetchOptions: Sendable {
    /// Where a content goes.
    public enum Output: Sendable {
        /// Standard output.
        case standard
        /// A file.
        case file(String)
    }

    /// What the client does.
    public var configuration = HTTPConfiguration()
    /// Where the content goes.
    public var output = Output.standard
    /// Status, fields and timings as a line of JSON, instead of the content.
    public var isJSON = false
    /// Status and fields in front of the content.
    public var showsHead = false
    /// A status of 400 and more is a failure.
    public var failsOnStatus = false
    /// Requests under way at once, of many.
    public var limit = 40

    /// The defaults.
    public init() {}
}

/// Standard output takes nothing any more, or a file does not.
struct FetchOutputFailure: Error, CustomStringConvertible {
    let place: String
    let code: Int32

    var description: String { "cannot write to \(place): \(SystemError.text(code))" }
}
