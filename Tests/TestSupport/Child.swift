import Locking
import Glibc

/// The part of a `RunningProcess` that its two threads hold on to.
final class Child: Sendable {
    struct State {
        var lines: [[String]] = [[], []]
        var exit: RunningProcess.Exit?
        var outputEnded = false
        var reaped = false
        var input: Int32
    }

    let pid: pid_t
    let stop: StopSignal
    let state: OrderedMutex<State>

    init(pid: pid_t, input: Int32) throws(SystemCallError) {
        self.pid = pid
        stop = try StopSignal()
        state = OrderedMutex(State(input: input))
    }

    /// Signals only a process that is not reaped: its id cannot belong to another one.
    func send(signal: Int32) {
        state.withLock { if !$0.reaped { kill(pid, signal) } }
    }

    /// Waits for the end without reaping, then reaps under the lock that `send` takes.
    func awaitExit() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        state.withLock { state in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            state.reaped = true
            state.exit = status & 0x7F == 0 ? .status(status >> 8 & 0xFF) : .signal(status & 0x7F)
        }
    }

    /// Reads both streams to their ends. A grandchild may hold them open longer than the child lives; `stop` ends this.
    func collect(_ descriptors: [Int32]) {
        var open = descriptors
        var partial: [[UInt8]] = [[], []]
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while open.contains(where: { $0 >= 0 }) {
            var watched = (open + [stop.descriptor]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard poll(&watched, 3, -1) > 0 else { continue }
            if watched[2].revents != 0 { break }
            for index in 0..<2 where watched[index].revents != 0 {
                let count = read(open[index], &chunk, chunk.count)
                if count > 0 {
                    partial[index] += chunk[..<count]
                    keepLines(of: &partial[index], index)
                } else if count == 0 || errno != EINTR {
                    close(open[index])
                    open[index] = -1
                }
            }
        }
        for descriptor in open where descriptor >= 0 { close(descriptor) }
        state.withLock { state in
            for index in 0..<2 where !partial[index].isEmpty {
                state.lines[index].append(String(decoding: partial[index], as: UTF8.self))
            }
            state.outputEnded = true
        }
    }

    private func keepLines(of bytes: inout [UInt8], _ index: Int) {
        guard let end = bytes.lastIndex(of: 10) else { return }
        let whole = bytes[...end].dropLast().split(separator: 10, omittingEmptySubsequences: false)
        let lines = whole.map { String(decoding: $0, as: UTF8.self) }
        bytes.removeFirst(end + 1)
        state.withLock { $0.lines[index] += lines }
    }

    func write(_ bytes: [UInt8]) throws(SystemCallError) {
        // A duplicate, so that closing the input meanwhile cannot hit another descriptor.
        let input = state.withLock { $0.input < 0 ? -1 : fcntl($0.input, F_DUPFD_CLOEXEC, 0) }
        guard input >= 0 else { throw SystemCallError("the child's input is closed", code: EBADF) }
        defer { close(input) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(input, $0.baseAddress.map { $0 + done }, bytes.count - done)
            }
            guard count > 0 || errno == EINTR else { throw SystemCallError("write to the child") }
            done += max(count, 0)
        }
    }

    func closeInput() {
        state.withLock { state in
            if state.input >= 0 { close(state.input) }
            state.input = -1
        }
    }
}

/// The three pipes between a child and this process; the ends that nobody took are closed with it.
final class ChildPipes {
    private var input: (read: Int32, write: Int32) = (-1, -1)
    private var outputs: [(read: Int32, write: Int32)] = []

    init() throws(SystemCallError) {
        input = try makePipe()
        for _ in 0..<2 { outputs.append(try makePipe()) }
    }

    /// The child's own ends, in the order of descriptors 0, 1, 2.
    var childEnds: [Int32] {
        [input.read] + outputs.map(\.write)
    }

    func takeInput() -> Int32 {
        defer { input.write = -1 }
        return input.write
    }

    func takeOutput() -> [Int32] {
        defer { for index in outputs.indices { outputs[index].read = -1 } }
        return outputs.map(\.read)
    }

    deinit {
        for end in [input.read, input.write] + outputs.flatMap({ [$0.read, $0.write] }) where end >= 0 { close(end) }
    }
}

/// A pipe whose ends are closed on exec.
func makePipe() throws(SystemCallError) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw SystemCallError("pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
}

/// Starts a program with the pipes as its standard streams, default signal actions and nothing blocked.
func spawn(
    _ path: String,
    _ arguments: [String],
    _ environment: [String: String],
    _ pipes: ChildPipes
) throws(SystemCallError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (target, end) in pipes.childEnds.enumerated() {
        posix_spawn_file_actions_adddup2(&actions, end, Int32(target))
    }
    // A descriptor that another thread has just made and not yet marked close-on-exec must not live on in the child:
    // it would keep a connection open. The Glibc module lacks addclosefrom_np; closing a number not in use is no error.
    let highest = entries(of: "/proc/self/fd").compactMap { Int32($0) }.max() ?? 3
    for descriptor in 3...highest + 64 { posix_spawn_file_actions_addclose(&actions, descriptor) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var merged = inheritedEnvironment()
    for (name, value) in environment { merged[name] = value }
    let argumentPointers = ([path] + arguments).map { strdup($0) } + [nil]
    let environmentPointers = merged.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, path, &actions, &attributes, argumentPointers, environmentPointers)
    guard result == 0 else { throw SystemCallError("posix_spawn \(path)", code: result) }
    return pid
}

private func inheritedEnvironment() -> [String: String] {
    let text = fileText("/proc/self/environ") ?? ""
    let pairs = text.split(separator: "\0").map { $0.split(separator: "=", maxSplits: 1) }
    return Dictionary(
        pairs.compactMap { $0.count == 2 ? (String($0[0]), String($0[1])) : nil },
        uniquingKeysWith: { first, _ in first }
    )
}
