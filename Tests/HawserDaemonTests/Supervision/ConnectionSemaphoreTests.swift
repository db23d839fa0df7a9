import TestSupport
import Testing

@testable import HawserDaemon

@Suite struct ConnectionSemaphoreTests {
    @Test("Permits are granted in order of arrival, and one that is released goes to the first who waits")
    func order() {
        let semaphore = ConnectionSemaphore(limit: 2, perHost: nil)
        let granted = Collected<Int>()
        let positions = (0..<5).map { id in semaphore.request(id, host: "h") { granted.append(id) } }
        #expect(positions == [nil, nil, 1, 2, 3])
        #expect(granted.values == [0, 1])
        semaphore.release(1)
        #expect(granted.values == [0, 1, 2])
        semaphore.withdraw(3)
        semaphore.release(0)
        #expect(granted.values == [0, 1, 2, 4])
        #expect(semaphore.census == (held: 2, waiting: 0))
    }

    @Test("A closed semaphore grants nothing, whoever releases")
    func closed() {
        let semaphore = ConnectionSemaphore(limit: 1, perHost: nil)
        let granted = Collected<Int>()
        for id in 0..<3 { _ = semaphore.request(id, host: "h") { granted.append(id) } }
        semaphore.close()
        semaphore.release(0)
        _ = semaphore.request(7, host: "h") { granted.append(7) }
        #expect(granted.values == [0])
    }

    @Test("Ten tasks at once never hold more than the limit, and none is forgotten")
    func contention() async {
        let semaphore = ConnectionSemaphore(limit: 3, perHost: nil)
        let finished = Collected<Int>()
        await withTaskGroup(of: Void.self) { group in
            for id in 0..<10 {
                group.addTask {
                    for _ in 0..<200 {
                        await withCheckedContinuation { continuation in
                            _ = semaphore.request(id, host: "h\(id % 2)") { continuation.resume() }
                        }
                        #expect(semaphore.census.held <= 3)
                        semaphore.release(id)
                    }
                    finished.append(id)
                }
            }
        }
        #expect(finished.values.sorted() == Array(0..<10))
        #expect(semaphore.census == (held: 0, waiting: 0))
    }
}
