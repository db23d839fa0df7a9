/// One question put to a ``NameResolver``. Dropping it does not cancel it.
public struct Lookup: Sendable {
    private let withdraw: @Sendable () -> Void

    init(withdraw: @escaping @Sendable () -> Void) {
        self.withdraw = withdraw
    }

    /// A question that was answered before it was asked: nothing to cancel.
    static let answered = Lookup {}

    /// Abandons the question, from any thread. A completion that has begun on another thread may still be running when
    /// this returns, so the asker compares a generation of its own. Harmless after the answer.
    public func cancel() {
        withdraw()
    }
}
