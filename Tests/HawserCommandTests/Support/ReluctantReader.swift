import Glibc
import Locking
import TestSupport

/// A named pipe and its reader, which reads only when it is told to.
final class ReluctantReader: Sendable {
    /// Where a program opens it for writing.
    let path: String
    private let descriptor: OrderedMutex<Int32>
    private let partial = OrderedMutex<[UInt8]>([])

    /// Makes `name` in `directory` and opens it for reading.
    init(_ name: String = "output", in directory: TemporaryDirectory) throws(SystemCallError) {
        path = directory.file(name)
        guard mkfifo(path, 0o600) == 0 else { throw SystemCallError("mkfifo \(path)") }
        let opened = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else { throw SystemCallError("open \(path)") }
        descriptor = OrderedMutex(opened)
    }

    /// The arguments of a shell that replaces itself by the program behind them, its standard output in the pipe.
    var launcher: [String] {
        ["/bin/sh", "-c", #"exec "$@" >"$0""#, path]
    }

    /// Reads whole lines until `isLast` says so of one, or until the pipe's end; blocks.
    ///
    /// - Throws: `NeverHappened` after `limit`.
    func read(within limit: Duration = .seconds(60), until isLast: (String) -> Bool) throws -> [String] {
        let deadline = ContinuousClock.now + limit
        var lines: [String] = []
        var bytes: [UInt8]? = []
        while let more = bytes, ContinuousClock.now < deadline {
            // What an earlier call left comes first.
            let (found, isDone) = split(more, isLast)
            lines += found
            if isDone { return lines }
            bytes = try readSome()
        }
        if bytes == nil { return lines }
        throw NeverHappened(
            what: "the last line, after \(lines.count) lines ending with \(lines.last ?? "-")",
            limit: limit
        )
    }

    /// Whether there is less than a page of room for whoever writes.
    var isFull: Bool {
        var waiting: Int32 = 0
        let result = descriptor.withLock { ioctl($0, UInt(FIONREAD), &waiting) }
        return result == 0 && waiting > 60_000
    }

    /// Goes away: whoever writes gets EPIPE.
    func hangUp() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    /// What there is; empty after a second without anything, nil at the end.
    private func readSome() throws(SystemCallError) -> [UInt8]? {
        let source = descriptor.withLock { $0 }
        var watched = pollfd(fd: source, events: Int16(POLLIN), revents: 0)
        guard poll(&watched, 1, 1_000) > 0 else { return [] }
        let chunk = 1 << 18
        let bytes = [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
            count = max(0, Glibc.read(source, buffer.baseAddress, chunk))
        }
        return bytes.isEmpty ? nil : bytes
    }

    private func split(_ bytes: [UInt8], _ isLast: (String) -> Bool) -> (lines: [String], isDone: Bool) {
        var rest = partial.withLock { partial in
            defer { partial = [] }
            return partial + bytes
        }
        var lines: [String] = []
        var start = 0
        var isDone = false
        while !isDone, let end = rest[start...].firstIndex(of: 10) {
            let line = String(decoding: rest[start..<end], as: UTF8.self)
            lines.append(line)
            start = end + 1
            isDone = isLast(line)
        }
        rest.removeFirst(start)
        partial.withLock { [rest] in $0 = rest }
        return (lines, isDone)
    }

    deinit {
        hangUp()
    }
}
