import NameResolution

/// What a ``Dial`` tells its user, on the event loop's thread, never from inside `start` or `cancel`, and nothing after
/// `cancel`. Exactly one of `dialEstablished` and `dialFailed` is the last call.
public protocol DialHandler: AnyObject {
    /// The name's addresses are known, in the order in which they will be tried. Not called for Unix sockets.
    func dialResolved(_ addresses: [SocketAddress])
    /// The first address answered; the proxy is asked for a tunnel, or with TLS its handshake begins.
    func dialConnected(_ address: SocketAddress)
    /// The proxy gave a tunnel to the target; with TLS, its handshake begins. Not called without a proxy.
    func dialTunneled()
    /// The connection stands, TLS included: from now on the socket's handler hears of it.
    func dialEstablished(_ socket: Socket)
    /// There is no connection, and nothing of it is left open.
    func dialFailed(_ failure: DialFailure)
}

extension DialHandler {
    /// Nothing: there is no proxy.
    public func dialTunneled() {}
}
