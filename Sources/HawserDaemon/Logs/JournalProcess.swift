import Glibc

/// Which part of the journal is asked for.
public struct JournalSelection: Sendable, Hashable {
    /// The unit, or a pattern of units.
    public var unit = "hawser"
    /// A container's name.
    public var machine: String?
    /// A directory with journal files, instead of this machine's.
    public var directory: String?

    /// This machine's `hawser.service`.
    public init() {}

    /// The arguments for `journalctl`.
    ///
    /// - Parameters:
    ///   - since: nothing that was written before is wanted, in nanoseconds since 1970-01-01 UTC.
    ///   - cursor: what comes behind this place is wanted, as it comes.
    func arguments(since: Int64?, following cursor: String?? = .none) -> [String] {
        // --all: otherwise long fields are left out.
        var arguments = ["--output=json", "--all", "--no-pager", "--unit=\(unit)"]
        if let machine { arguments.append("--machine=\(machine)") }
        if let directory { arguments.append("--directory=\(directory)") }
        if let since { arguments.append("--since=@\(since / 1_000_000_000)") }
        if case .some(let cursor) = cursor {
            arguments += ["--follow", "--lines=all"]
            if let cursor { arguments.append("--after-cursor=\(cursor)") }
        }
        return arguments
    }
}

/// A `journalctl` that runs as a child, whose output is read. Its errors go where ours go. Confined to its owner.
final class JournalProcess {
    private let pid: pid_t
    private let name: String
    private var isReaped = false
    /// Its standard output.
    let output: Int32

    /// Starts it.
    ///
    /// - Parameters:
    ///   - environment: the whole of it.
    ///   - program: its name, looked for in `PATH`, or its path.
    init(
        _ arguments: [String],
        environment: [String: String],
        program: String = "journalctl"
    ) throws(LogInputFailure) {
        name = program
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw LogInputFailure(name: program, detail: SystemError.text(errno)) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        output = ends[0]
        var pid: pid_t = 0
        let code = Self.spawn(&pid, program, arguments, environment, output: ends[1])
        close(ends[1])
        guard code == 0 else {
            close(ends[0])
            let hint = code == ENOENT ? ": there is no journal here; name log files with --file" : ""
            throw LogInputFailure(name: program, detail: SystemError.text(code) + hint)
        }
        self.pid = pid
    }

    deinit {
        end()
    }

    /// Waits for its end by itself.
    ///
    /// - Throws: if it failed; what failed it has said itself.
    func finish() throws(LogInputFailure) {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        isReaped = true
        guard status != 0 else { return }
        let how = status & 0x7F == 0 ? "ended with \(status >> 8 & 0xFF)" : "was ended by signal \(status & 0x7F)"
        throw LogInputFailure(name: name, detail: how)
    }

    /// Ends it, whatever it does.
    func end() {
        guard !isReaped else { return }
        isReaped = true
        kill(pid, SIGTERM)
        while waitpid(pid, nil, 0) < 0, errno == EINTR {}
    }

    private static func spawn(
        _ pid: inout pid_t,
        _ program: String,
        _ arguments: [String],
        _ environment: [String: String],
        output: Int32
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // What is ignored here would be ignored there.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGPIPE, SIGTERM, SIGINT] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        let words = ([program] + arguments).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in words + variables { free(pointer) } }
        return posix_spawnp(&pid, program, &actions, &attributes, words, variables)
    }
}
