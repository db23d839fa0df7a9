import Synchronization

/// A value behind a lock: `Synchronization.Mutex`, in a form that the thread sanitizer understands.
///
/// When `Mutex` has to wait it does so inside the runtime library, which is not instrumented, and the sanitizer reports
/// each access that follows as a race. The extra atomic tells it who came after whom.
public struct Guarded<Value>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>
    private let order = Atomic<UInt8>(0)

    /// Guards `value`.
    public init(_ value: consuming sending Value) {
        mutex = Mutex(value)
    }

    /// Runs `body` with the value, alone.
    public borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        try mutex.withLock { (value) throws(Failure) -> sending Result in
            _ = order.load(ordering: .acquiring)
            defer { order.store(0, ordering: .releasing) }
            return try body(&value)
        }
    }
}
