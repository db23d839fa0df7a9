/// One WebSocket session of a server. Confined to the loop.
///
/// `opened` comes first, `ended` last and exactly once if `opened` came.
package protocol ServerSession: AnyObject {
    /// The 101 is on its way; messages may be sent. The handler does not keep the connection alive: it should hold it
    /// weakly or until `ended`.
    func opened(_ connection: ServerConnection)

    /// A whole message arrived.
    func received(_ message: ServerMessage)

    /// The session is over, whoever ended it.
    func ended()
}

/// A data message of RFC 6455.
package enum ServerMessage: Hashable, Sendable {
    case text(String)
    case binary([UInt8])
}
