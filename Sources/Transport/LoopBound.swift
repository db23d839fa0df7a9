/// A value that belongs to an event loop's thread, on its way through code that any thread may run.
///
/// Loop-confined classes are not `Sendable`; this lets a `@Sendable` closure carry one back to its loop. Whoever drops
/// the last copy releases the value, so its `deinit` must bear any thread.
public struct LoopBound<Value>: @unchecked Sendable {
    // Proof: `value` is only handed out where `loop.isOnLoop` has been checked.
    private let held: Value
    private let loop: EventLoop

    /// Binds `value` to `loop`; call it on the loop's thread, or with a value that no other thread holds.
    public init(_ value: Value, to loop: EventLoop) {
        held = value
        self.loop = loop
    }

    /// The value. Traps outside of the loop's thread.
    public var value: Value {
        precondition(loop.isOnLoop, "a loop-bound value used outside of its event loop's thread")
        return held
    }
}
