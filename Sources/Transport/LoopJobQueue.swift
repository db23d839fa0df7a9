/// What a loop has to run, in order; confined to its thread. Work may be added while it runs.
struct LoopJobQueue {
    private var work: [LoopWork] = []
    private var cursor = 0

    var isEmpty: Bool { cursor == work.count }

    mutating func append(_ item: LoopWork) {
        work.append(item)
    }

    mutating func append(contentsOf items: [LoopWork]) {
        work.append(contentsOf: items)
    }

    /// The first in line; `nil` if there is none.
    mutating func next() -> LoopWork? {
        guard cursor < work.count else {
            work.removeAll(keepingCapacity: true)
            cursor = 0
            return nil
        }
        if cursor >= 4096 && cursor * 2 >= work.count {
            work.removeSubrange(0..<cursor)
            cursor = 0
        }
        defer { cursor += 1 }
        let item = work[cursor]
        work[cursor] = .taken
        return item
    }
}
