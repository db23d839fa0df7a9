import Synchronization

/// A `Mutex` whose order the thread sanitizer sees.
///
/// A contended `Mutex` waits inside the runtime library, which is not instrumented: the sanitizer then takes what the
/// lock protects for a race. One atomic beside it says the same in instrumented code; it costs next to nothing.
package struct OrderedMutex<Value>: ~Copyable, Sendable {
    private let mutex: Mutex<Value>
    private let order = Atomic<UInt8>(0)

    /// Guards `value`.
    package init(_ value: consuming sending Value) {
        mutex = Mutex(value)
    }

    /// Runs `body` with the value, alone.
    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        try mutex.withLock { (value) throws(Failure) -> sending Result in
            _ = order.load(ordering: .acquiring)
            defer { order.store(0, ordering: .releasing) }
            return try body(&value)
        }
    }
}
