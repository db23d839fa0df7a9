/// Who asked for something by the control socket.
struct Requester: Sendable, Hashable {
    /// The process and its user, as the kernel knows them.
    var peer: ControlPeer
    /// Whom the client says that it acts for.
    var name: String?

    /// `alice`, or the process if it does not say.
    var description: String { name ?? peer.description }
}
