/// What a server does with requests. Confined to the loop.
package protocol ServerHandler: AnyObject {
    /// The answer to a plain request.
    func response(to request: ServerRequest) -> ServerResponse

    /// Decides on an opening handshake.
    func upgrade(_ request: ServerRequest) -> UpgradeDecision
}

/// The answer to an opening handshake.
package enum UpgradeDecision {
    /// 101, and this object has the session.
    case accept(any ServerSession)
    /// This response instead.
    case reject(ServerResponse)
}
