/// What the commands that talk to a daemon have in common.
public struct ControlOptions: Sendable {
    /// What is wanted of the daemon.
    public enum Request: Sendable, Hashable {
        /// How it is; of these subscriptions, or of all.
        case status([String])
        /// What has happened to these.
        case why([String])
        /// Close their sessions, and hold none until resumed.
        case pause([String])
        /// Hold them again.
        case resume([String])
        /// Dial them anew, at once.
        case redial([String])
        /// Read the configuration again, and apply it.
        case reload
        /// The log level: which it is, or which it is to be.
        case logLevel(String?)
    }

    /// What is wanted.
    public var request: Request
    /// The control socket; found out if it is not given.
    public var socket: String?
    /// The configuration's file, and whether somebody named it.
    public var configuration = "/etc/hawser/hawser.yaml"
    /// Whether somebody named the configuration's file.
    public var namesConfiguration = false
    /// What the daemon says, as it says it.
    public var isJSON = false
    /// Again and again, this often.
    public var interval: Duration?

    /// Asks for `request` where a daemon is looked for by default.
    public init(_ request: Request) {
        self.request = request
    }
}

extension ControlOptions.Request {
    /// The request's line.
    ///
    /// - Parameter by: whom it is for; nil if nobody knows.
    func line(by: String?) -> [UInt8] {
        var members = JSONMembers()
        members.number("id", 1)
        members.number("version", ControlRequest.version)
        members.text("request", name)
        switch self {
        case .status(let names): if !names.isEmpty { members.texts("subscriptions", names) }
        case .why(let names), .pause(let names), .resume(let names), .redial(let names):
            members.texts("subscriptions", names)
        case .logLevel(let level): if let level { members.text("level", level) }
        case .reload: break
        }
        if let by { members.text("by", by) }
        return members.line()
    }

    /// Its name in the protocol.
    var name: String {
        switch self {
        case .status: "status"
        case .why: "why"
        case .pause: "pause"
        case .resume: "resume"
        case .redial: "redial"
        case .logLevel: "log-level"
        case .reload: "reload"
        }
    }
}
