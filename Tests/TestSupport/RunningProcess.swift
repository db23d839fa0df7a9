import Glibc
import Synchronization

/// A child process with pipes for its streams, e.g. the built `hawser`: lines are collected as they come, signals go to
/// its pid only while it is there, and it is always reaped, at the latest when the last reference to this object goes.
public final class RunningProcess: Sendable {
    /// How a process ended.
    public enum Exit: Hashable, Sendable {
        /// It exited with this status.
        case status(Int32)
        /// This signal ended it.
        case signal(Int32)
    }

    /// One of the child's two output streams.
    public enum Stream: Int, Sendable {
        /// Descriptor 1.
        case stdout = 0
        /// Descriptor 2.
        case stderr = 1
    }

    /// The child's process id.
    public let pid: pid_t
    private let child: Child
    private let threads: [JoinableThread]

    /// Starts the program at `path`.
    ///
    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - environment: added to this process's own, or replacing it.
    /// - Throws: `SystemCallError`, also if there is no such program.
    public init(
        _ path: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:]
    ) throws(SystemCallError) {
        let pipes = try ChildPipes()
        let pid = try spawn(path, arguments, environment, pipes)
        let child = try Child(pid: pid, input: pipes.takeInput())
        let output = pipes.takeOutput()
        self.pid = pid
        self.child = child
        do throws(SystemCallError) {
            threads = [
                try JoinableThread("child-output") { child.collect(output) },
                try JoinableThread("child-wait") { child.awaitExit() },
            ]
        } catch {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw error
        }
    }

    /// The whole lines of a stream so far, and at the stream's end its last one even if unfinished.
    public func lines(_ stream: Stream) -> [String] {
        child.state.withLock { $0.lines[stream.rawValue] }
    }

    /// How it ended; nil while it runs.
    public var exit: Exit? {
        child.state.withLock { $0.outputEnded ? $0.exit : nil }
    }

    /// Sends a signal, unless it has ended.
    public func send(signal: Int32) {
        child.send(signal: signal)
    }

    /// Writes to its standard input; blocks while the pipe is full.
    public func write(_ text: String) throws(SystemCallError) {
        try child.write(Array(text.utf8))
    }

    /// Closes its standard input. Idempotent.
    public func closeInput() {
        child.closeInput()
    }

    /// Waits for a line that contains `text` and gives the first such line.
    ///
    /// - Throws: `NeverHappened` after `limit` or when the process ends without it; its description has all lines.
    public func line(
        _ stream: Stream,
        containing text: String,
        within limit: Duration = .seconds(20)
    ) async throws -> String {
        var found: String?
        do {
            try await eventually("a line with '\(text)'", within: limit) {
                let ended = exit != nil
                found = lines(stream).first { $0.contains(text) }
                return found != nil || ended
            }
        } catch is NeverHappened {}
        guard let found else {
            throw NeverHappened(what: "a line with '\(text)' in \(lines(stream))", limit: limit)
        }
        return found
    }

    /// Waits for its end, and for the end of its output.
    ///
    /// - Throws: `NeverHappened`; the process goes on then.
    public func awaitExit(within limit: Duration = .seconds(20)) async throws -> Exit {
        try await eventually("the end of process \(pid)", within: limit) { exit != nil }
        return exit ?? .status(-1)
    }

    /// Ends it with SIGTERM, and with SIGKILL after `grace`; says how it ended.
    @discardableResult
    public func terminate(grace: Duration = .seconds(10)) async throws -> Exit {
        send(signal: SIGTERM)
        do {
            return try await awaitExit(within: grace)
        } catch is NeverHappened {
            send(signal: SIGKILL)
            return try await awaitExit()
        }
    }

    deinit {
        child.send(signal: SIGKILL)
        child.stop.raise()
        for thread in threads { thread.join() }
        child.closeInput()
    }
}
