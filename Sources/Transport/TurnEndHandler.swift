/// Something to do once at the end of an event loop's turn: handing a batch over, pausing sockets.
///
/// See ``EventLoop/atEndOfTurn(_:)``.
public protocol TurnEndHandler: AnyObject {
    /// The turn for which the handler was registered ends. Called on the loop's thread, outside of every socket's
    /// callback, once per registration.
    func turnEnded()
}
