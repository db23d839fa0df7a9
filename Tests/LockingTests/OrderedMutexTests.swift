import Locking
import TestSupport
import Testing

@Suite("Ordered mutex")
struct OrderedMutexTests {
    @Test("what four threads do under the lock happens one after the other")
    func exclusion() throws {
        let counter = Counter()
        let threads = try (0..<4).map { index in
            try JoinableThread("count-\(index)") {
                for _ in 0..<20_000 { counter.increment() }
            }
        }
        for thread in threads { thread.join() }
        #expect(counter.value == 80_000)
    }

    @Test("an error of the body leaves the lock open")
    func failure() {
        struct Failure: Error {}
        let mutex = OrderedMutex(1)
        #expect(throws: Failure.self) { try mutex.withLock { _ in throw Failure() } }
        #expect(mutex.withLock { $0 } == 1)
    }
}

private final class Counter: Sendable {
    private let count = OrderedMutex(0)

    func increment() {
        count.withLock { $0 += 1 }
    }

    var value: Int { count.withLock { $0 } }
}
