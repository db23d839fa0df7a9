/// The section `status`: how the daemon is asked how it is, and told what to do.
public struct StatusConfiguration: Sendable, Hashable {
    /// The control socket's path; nil if there is none.
    public var socket: String?
    /// Whether `socket` is what the environment gave, and not what the file says: nobody then counts on it.
    public var isDefaultSocket = true

    /// No socket.
    public init() {}
}
