import MonotonicTime
import Testing

@Suite("A heap of deadlines")
struct DeadlineHeapTests {
    private func at(_ seconds: Int) -> Instant { Instant.origin + .seconds(seconds) }

    @Test("the earliest deadline comes out first, and none before its time")
    func order() {
        var heap = DeadlineHeap<Int>()
        let seconds = (0..<500).map { $0 * $0 * 7919 % 1000 }
        for second in seconds { heap.insert(second, at: at(second)) }
        var out: [Int] = []
        for second in 0..<1000 {
            while let owner = heap.popDue(at: at(second)) {
                #expect(owner == second)
                out.append(owner)
            }
            #expect(heap.next.map { $0 > at(second) } ?? true)
        }
        #expect(out == seconds.sorted())
        #expect(heap.count == 0)
    }
}
