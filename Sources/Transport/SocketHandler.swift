/// What a ``Socket`` tells its user. Every method is called on the event loop's thread, none from inside a call that the
/// handler makes to the socket.
public protocol SocketHandler: AnyObject {
    /// Bytes have arrived: what was left of the last call, with more behind it.
    ///
    /// The buffer is the loop's own and is good during the call only. It holds at most twice
    /// ``Socket/window`` bytes; a handler that is offered more than one window and takes none can never make progress,
    /// which ends the socket with `EMSGSIZE`.
    ///
    /// - Returns: how many bytes are consumed, from 0 to `bytes.count`; the rest is kept and offered again as soon as
    ///   more has arrived, reading is resumed, or in the next turn after ``Socket/yieldReading()``. To fail the
    ///   connection, call ``Socket/abort()``.
    func socketReceived(_ bytes: UnsafeRawBufferPointer) -> Int

    /// Where the next bytes are wanted, if not in the loop's buffer; asked before each read when nothing is left of the
    /// last call. Must not be empty, and is good until the next call of any method here.
    func socketRoom() -> UnsafeMutableRawBufferPointer?

    /// The first `count` bytes of the room have been read; all of them are consumed.
    func socketReceived(inRoom count: Int)

    /// The socket's queue has emptied into the kernel. Not called for a write that the kernel took at once.
    func socketDrained()

    /// The socket is over: the last call of all, made exactly once, unless ``Socket/detach()`` came first.
    func socketEnded(_ end: SocketEnd)
}

extension SocketHandler {
    /// Everything through the loop's buffer.
    public func socketRoom() -> UnsafeMutableRawBufferPointer? { nil }

    /// Nothing: there is no room.
    public func socketReceived(inRoom count: Int) {}
}
