import Locking

/// A flag that one thread raises and others look at.
public final class Flag: Sendable {
    private let state = OrderedMutex(false)

    /// A flag that is not raised.
    public init() {}

    /// Whether it is raised.
    public var isRaised: Bool { state.withLock { $0 } }

    /// Raises it.
    public func raise() { state.withLock { $0 = true } }

    /// Takes it down.
    public func lower() { state.withLock { $0 = false } }
}
