import Locking

/// Values that several threads append and a test looks at.
public final class Collected<Element: Sendable>: Sendable {
    private let state = OrderedMutex<[Element]>([])

    /// An empty collection.
    public init() {}

    /// Appends `element`.
    public func append(_ element: Element) {
        state.withLock { $0.append(element) }
    }

    /// All values, in order of arrival.
    public var values: [Element] {
        state.withLock { $0 }
    }

    /// How many there are.
    public var count: Int {
        state.withLock { $0.count }
    }
}
