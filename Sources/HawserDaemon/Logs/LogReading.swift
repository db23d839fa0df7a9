import Glibc

/// Reads what is asked for, from files or from the journal, and reads on behind it if that is wanted. Confined to its
/// owner.
final class LogReading {
    private struct File {
        var path: String
        var entries: LogEntries
        /// Whether it may grow.
        var canGrow: Bool
    }

    private let options: LogsOptions
    private let environment: [String: String]
    private let gate: LogGate
    private var logs: [LogEntries] = []
    private var files: [File] = []
    /// Failed as soon as something could not be read.
    private(set) var status = ExitStatus.done

    init(_ options: LogsOptions, environment: [String: String], gate: LogGate) {
        self.options = options
        self.environment = environment
        self.gate = gate
    }

    /// What was read so far.
    var tally: LineTally {
        logs.reduce(into: LineTally()) { $0.add($1.tally) }
    }

    /// Reads what there is.
    ///
    /// - Parameter body: takes each entry, in the order of their times; false if it wants no more.
    func readBacklog(_ body: (LogEntry) -> Bool) throws(LogInputFailure) {
        switch options.source {
        case .files(let names): try readFiles(names, body)
        case .journal(let selection): try readJournal(selection, body)
        }
    }

    /// Reads what comes, until nobody wants more.
    ///
    /// - Parameter interval: how long to wait before files are looked at again, in milliseconds.
    func follow(every interval: Int32, _ body: (LogEntry) -> Void) throws(LogInputFailure) {
        if case .journal(let selection) = options.source { return try followJournal(selection, body) }
        let followed = files.filter(\.canGrow).map { FollowedFile(path: $0.path, entries: $0.entries, gate: gate) }
        guard let file = files.first else { return }
        guard !followed.isEmpty else {
            throw LogInputFailure(
                name: file.entries.input.name,
                detail: "there is nothing to follow: it is packed or no file"
            )
        }
        repeat {
            for file in followed { try file.read(body) }
        } while gate.pause(milliseconds: interval)
    }

    // MARK: Files

    private func readFiles(_ names: [String], _ body: (LogEntry) -> Bool) throws(LogInputFailure) {
        for path in try paths(names) { open(path) }
        logs = files.map(\.entries)
        let growing = Set(options.follows ? files.filter(\.canGrow).map { ObjectIdentifier($0.entries) } : [])
        let merged = MergedEntries(logs, isFollowed: { growing.contains(ObjectIdentifier($0)) }, report: failed)
        while let entry = merged.next(), body(entry) {}
    }

    /// The files that are meant, patterns resolved.
    private func paths(_ names: [String]) throws(LogInputFailure) -> [String] {
        var paths: [String] = []
        for name in names {
            let isPattern = name.contains { $0 == "*" || $0 == "?" } && access(name, F_OK) != 0
            let found = isPattern ? Self.matches(of: name) : [name]
            if found.isEmpty { failed(LogInputFailure(name: name, detail: "no file has such a name")) }
            // A file that is given twice, as by two patterns, is read once.
            paths += found.filter { !paths.contains($0) }
            guard paths.count <= LogsOptions.fileLimit else {
                let limit = "more than \(LogsOptions.fileLimit) files: name fewer, or write them one behind the other"
                throw LogInputFailure(name: name, detail: limit + " to standard input")
            }
        }
        return paths
    }

    private static func matches(of pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { index in
            found.gl_pathv[index].map { String(cString: $0) }
        }
    }

    private func open(_ path: String) {
        let isStandard = path == "-"
        let descriptor = isStandard ? STDIN_FILENO : Glibc.open(path, O_RDONLY | O_CLOEXEC)
        let name = isStandard ? "standard input" : path
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            return failed(LogInputFailure(name: name, detail: SystemError.text(errno)))
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            if !isStandard { close(descriptor) }
            return failed(LogInputFailure(name: name, detail: SystemError.text(EISDIR)))
        }
        let input = LogInput(
            name: name,
            descriptor: descriptor,
            ownsDescriptor: !isStandard,
            wait: gate.waitForInput
        )
        let canGrow = !isStandard && status.st_mode & S_IFMT == S_IFREG && !path.hasSuffix(".gz")
        files.append(File(path: path, entries: LogEntries(input), canGrow: canGrow))
    }

    private func failed(_ failure: LogInputFailure) {
        status = .failed
        Logs.say("\(failure)")
    }

    // MARK: Journal

    private func readJournal(_ selection: JournalSelection, _ body: (LogEntry) -> Bool) throws(LogInputFailure) {
        // What was before says in which state a summary or a timeline begins.
        let isList = !options.showsSummary && !options.showsTimeline
        let arguments = selection.arguments(since: isList ? options.query.since : nil)
        let (process, entries) = try start(arguments)
        logs = [entries]
        while let entry = try entries.next(isFinal: true) {
            guard body(entry) else { return process.end() }
        }
        try process.finish()
    }

    /// Goes on behind the newest entry, so that none is lost and none comes twice.
    private func followJournal(_ selection: JournalSelection, _ body: (LogEntry) -> Void) throws(LogInputFailure) {
        let cursor = logs.first?.cursor
        // Without an entry so far all that come are new.
        let (process, entries) = try start(selection.arguments(since: options.query.since, following: cursor))
        logs.append(entries)
        while let entry = try entries.next(isFinal: true) { body(entry) }
        guard gate.pause(milliseconds: 0) else { return process.end() }
        try process.finish()
        throw LogInputFailure(name: "journalctl", detail: "ended by itself")
    }

    private func start(_ arguments: [String]) throws(LogInputFailure) -> (JournalProcess, LogEntries) {
        let process = try JournalProcess(arguments, environment: environment)
        let input = LogInput(name: "journalctl", descriptor: process.output, wait: gate.waitForInput)
        return (process, LogEntries(input))
    }
}

extension LineTally {
    /// Adds what was counted elsewhere.
    mutating func add(_ other: LineTally) {
        entries += other.entries
        foreign += other.foreign
        damaged += other.damaged
        tooLong += other.tooLong
    }
}
