import Locking
import Glibc

/// An event that is raised once and wakes every poll(2) that watches its descriptor, for ever after.
///
/// It is a pipe whose writing end is closed: a hang-up cannot be consumed by the first who looks.
public final class StopSignal: Sendable {
    private let ends: OrderedMutex<(read: Int32, write: Int32)>

    /// A signal that is not raised yet.
    ///
    /// - Throws: `SystemCallError` if there is no descriptor left.
    public init() throws(SystemCallError) {
        ends = OrderedMutex(try makePipe())
    }

    /// Has POLLHUP once the signal is raised; -1, which poll(2) passes over, after `discard`. Watch it, never read it.
    public var descriptor: Int32 {
        ends.withLock { $0.read }
    }

    /// Raises the signal. Any thread, any number of times.
    public func raise() {
        ends.withLock { ends in
            if ends.write >= 0 { close(ends.write) }
            ends.write = -1
        }
    }

    /// Gives the descriptors back early, when no thread waits for the signal any more.
    public func discard() {
        raise()
        ends.withLock { ends in
            if ends.read >= 0 { close(ends.read) }
            ends.read = -1
        }
    }

    /// Whether the signal has been raised.
    public var isRaised: Bool {
        wait(atMost: .zero)
    }

    /// Blocks the calling thread until the signal is raised, at most for `limit`; says whether it is raised.
    @discardableResult
    public func wait(atMost limit: Duration) -> Bool {
        let deadline = ContinuousClock.now + limit
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let result = poll(&watched, 1, pollTimeout(until: deadline))
            if result > 0 { return true }
            if result == 0 && ContinuousClock.now >= deadline { return false }
        }
    }

    deinit {
        discard()
    }
}

/// The timeout argument of poll(2) for `deadline`: milliseconds, rounded up so that a wait never spins, 0 if it passed.
func pollTimeout(until deadline: ContinuousClock.Instant) -> Int32 {
    let left = ContinuousClock.now.duration(to: deadline)
    guard left > .zero else { return 0 }
    let (seconds, attoseconds) = left.components
    guard seconds < 1_000_000 else { return 1_000_000_000 }
    return Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000) + 1
}
