import CLibwebsockets
import Glibc

/// Unpredictable numbers a few nanoseconds each: a page from the kernel's generator at a time. RFC 6455 section 5.3
/// wants masking keys that an application cannot foresee.
struct RandomPool {
    private static let words = 1024
    private var pool = [UInt32](repeating: 0, count: words)
    private var used = words

    /// The next 32 bits; each is handed out once.
    mutating func next() -> UInt32 {
        if used == Self.words { refill() }
        defer { used += 1 }
        return pool[used]
    }

    private mutating func refill() {
        used = 0
        let complete = pool.withUnsafeMutableBytes { bytes in
            var filled = 0
            while filled < bytes.count, let base = bytes.baseAddress {
                let count = getrandom(base + filled, bytes.count - filled, 0)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                filled += count
            }
            return true
        }
        guard !complete else { return }
        // No such system call here: the standard library knows another way.
        var generator = SystemRandomNumberGenerator()
        for index in pool.indices { pool[index] = generator.next() }
    }
}
