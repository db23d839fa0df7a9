import Dispatch
import Glibc
import Locking

/// Writes lines to a descriptor or to the journal from a queue of its own, so that a stalled reader of the log never stalls
/// a feed.
///
/// At most `limit` bytes wait; lines beyond are dropped and counted, and the count is written as soon as there is room.
public final class LogStream: Sendable {
    private struct State {
        var waiting = 0
        var dropped = 0
    }

    private let descriptor: Int32
    private let journal: JournalSocket?
    private let limit: Int
    private let queue = DispatchQueue(label: "hawser-log")
    private let state = OrderedMutex(State())
    private let droppedLine: @Sendable (Int) -> [UInt8]

    /// A stream to `descriptor`, which stays open and is not closed, or to the journal.
    ///
    /// - Parameters:
    ///   - descriptor: where lines go; with a journal, those that it does not take.
    ///   - journal: nil for none.
    ///   - limit: the most bytes that may wait, 1 MiB unless told.
    ///   - droppedLine: the line that tells of dropped lines.
    init(
        descriptor: Int32,
        journal: JournalSocket? = nil,
        limit: Int = 1 << 20,
        droppedLine: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.descriptor = descriptor
        self.journal = journal
        self.limit = limit
        self.droppedLine = droppedLine
    }

    /// Queues `line`, which ends with a newline. Never blocks; any thread.
    ///
    /// - Parameter plain: for the journal, what to write to the descriptor if it does not take `line`.
    public func write(_ line: [UInt8], plain: (@Sendable () -> [UInt8])? = nil) {
        let accepted = state.withLock { state in
            guard state.waiting + line.count <= limit else {
                state.dropped += 1
                return false
            }
            state.waiting += line.count
            return true
        }
        guard accepted else { return }
        queue.async { [self] in
            let dropped = state.withLock { state in
                defer { state.dropped = 0 }
                return state.dropped
            }
            if dropped > 0 { put(droppedLine(dropped), plain: nil) }
            put(line, plain: plain)
            state.withLock { $0.waiting -= line.count }
        }
    }

    private func put(_ line: [UInt8], plain: (@Sendable () -> [UInt8])?) {
        guard let journal else { return _ = Self.writeAll(line, to: descriptor) }
        if journal.send(line) != 0, let plain { Self.writeAll(plain(), to: descriptor) }
    }

    /// Waits until everything queued so far is written, at most `seconds`.
    public func flush(seconds: Double = 1) {
        let written = DispatchSemaphore(value: 0)
        queue.async { written.signal() }
        _ = written.wait(timeout: .now() + seconds)
    }

    /// Writes `line` and waits for its reader as long as it takes; gives up when there is none any more.
    ///
    /// - Returns: zero, or the error number for which it gave up.
    @discardableResult
    static func writeAll(_ line: [UInt8], to descriptor: Int32) -> Int32 {
        line.withUnsafeBytes { bytes in
            var offset = 0
            while offset < bytes.count {
                let count = Glibc.write(
                    descriptor,
                    UnsafeRawBufferPointer(rebasing: bytes[offset...]).baseAddress,
                    bytes.count - offset
                )
                if count > 0 {
                    offset += count
                } else if errno == EAGAIN {
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&ready, 1, 1_000)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}
