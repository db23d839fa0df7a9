/// Why a request was not done, for a program and for a person.
struct ControlError: Error, Sendable, Hashable {
    /// The closed list of reasons, documented in `docs/control.md`.
    enum Code: String, Sendable, CaseIterable {
        /// The line is no JSON object, or a member is missing or of the wrong type.
        case malformed
        /// The line is longer than a request may be.
        case tooLong = "too_long"
        /// A protocol version that is not spoken here.
        case unsupportedVersion = "unsupported_version"
        /// No request has this name.
        case unknownRequest = "unknown_request"
        /// No subscription has this name.
        case unknownSubscription = "unknown_subscription"
        /// There is no such log level.
        case unknownLevel = "unknown_level"
        /// There are as many clients as there may be.
        case tooManyClients = "too_many_clients"
        /// Too many answers wait to be read.
        case busy
        /// The daemon took too long: an event loop is stuck.
        case timedOut = "timed_out"
        /// The configuration of before is in force, whole; the text has a line for each problem.
        case reloadFailed = "reload_failed"
        /// It cannot be done in this process.
        case unavailable
        /// The daemon is about to end.
        case stopping
    }

    /// For a program.
    var code: Code
    /// For a person: what was wrong, and what to do.
    var text: String

    init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }
}
