/// Bytes that wait for the kernel: appended at one end, taken at the other without moving the rest each time.
struct OutputQueue {
    private var bytes: [UInt8] = []
    private var head = 0

    var count: Int { bytes.count - head }
    var isEmpty: Bool { head == bytes.count }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: more)
    }

    /// Offers what is queued to `send`, which returns how much of it was taken.
    mutating func take(_ send: (UnsafeRawBufferPointer) -> Int) {
        let taken = bytes.withUnsafeBytes { all in
            send(UnsafeRawBufferPointer(rebasing: all[head...]))
        }
        head += taken
        if head == bytes.count {
            // A burst's allocation is not kept for the life of an idle connection.
            if bytes.capacity > 4096 { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
            head = 0
        } else if head >= 65536 && head * 2 >= bytes.count {
            bytes.removeSubrange(0..<head)
            head = 0
        }
    }
}
