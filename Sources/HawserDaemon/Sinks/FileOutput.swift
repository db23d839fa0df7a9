import Glibc
import MonotonicTime

/// Appends lines to a file: keeps to whole lines, notices when the file is taken away, rotates, and syncs.
///
/// After an error it goes on at the byte where it stopped; a line that cannot be finished any more is cut off. So every
/// file holds whole lines only, but for the moment between two writes of one line.
struct FileOutput: SinkOutput {
    let label: String
    private let options: FileSinkOptions
    private let operations: FileOperations
    private let clock: SinkClock
    private let archive: Archive
    private let post: @Sendable (SinkEvent) -> Void
    private let path: FilePath

    /// Nil while it cannot be opened.
    private var file: RecordFile?
    private var openError = ENOENT
    /// Bytes at the file's end that are the beginning of a line.
    private var partialLine = 0
    private var nextCheck: Instant
    /// The rotation period in which the file's first line was written.
    private var period: Int64
    private var rotationRetryAt: Instant?
    private var unsyncedSince: Instant?
    private var syncTroubleSince: Instant?

    private static let largestWrite = 1 << 20
    private static let rotationRetryInterval = Duration.seconds(60)
    /// The wall clock may jump: a rotation by time looks at it at least this often.
    private static let longestWait = Duration.seconds(60)

    /// Takes over `file`, which is at `options.path`.
    init(
        _ file: RecordFile,
        options: FileSinkOptions,
        operations: FileOperations,
        clock: SinkClock,
        archive: Archive,
        post: @escaping @Sendable (SinkEvent) -> Void
    ) {
        label = options.path
        path = FilePath(options.path)
        self.file = file
        self.options = options
        self.operations = operations
        self.clock = clock
        self.archive = archive
        self.post = post
        nextCheck = clock.now() + options.checkInterval
        period = 0
        period = period(at: file.size > 0 ? file.modified : clock.wallNanoseconds())
    }

    // MARK: Writing

    mutating func write(_ lines: UnsafeRawBufferPointer, now: Instant) -> WriteStep {
        if now >= nextCheck, file != nil {
            let cut = partialLine
            letGoIfTaken(now: now)
            if file == nil, cut > 0 { return .rewound(cut) }
        }
        if file == nil, reopen(now: now) { post(.reopened(path: label)) }
        rotateByTime(now: now)
        let count = lengthToWrite(lines, now: now)
        guard let file else { return .failing(openError) }
        do throws(SystemError) {
            let slice = UnsafeRawBufferPointer(rebasing: lines[..<count])
            let written = try SystemError.retryingInterrupts { () throws(SystemError) in
                try operations.write(file.descriptor, slice)
            }
            guard written > 0 else { return .failing(EIO) }
            noteWritten(UnsafeRawBufferPointer(rebasing: slice[..<min(written, count)]), now: now)
            return .wrote(min(written, count))
        } catch {
            // Before the next attempt the file is looked at: it may be gone, or longer than we were told.
            nextCheck = now
            return .failing(error.errno)
        }
    }

    private mutating func noteWritten(_ bytes: UnsafeRawBufferPointer, now: Instant) {
        if file?.size == 0 { period = period(at: clock.wallNanoseconds()) }
        file?.size += Int64(bytes.count)
        if let lineBreak = bytes.lastIndex(of: UInt8(ascii: "\n")) {
            partialLine = bytes.count - lineBreak - 1
        } else {
            partialLine += bytes.count
        }
        if unsyncedSince == nil { unsyncedSince = now }
    }

    /// How much of `lines` may go into this file: whole lines up to its size limit, after a rotation if need be.
    private mutating func lengthToWrite(_ lines: UnsafeRawBufferPointer, now: Instant) -> Int {
        let most = min(lines.count, Self.largestWrite)
        guard let limit = options.rotation.size, rotationRetryAt.map({ now >= $0 }) ?? true else { return most }
        let firstLine = (lines.firstIndex(of: UInt8(ascii: "\n")) ?? lines.count - 1) + 1
        if partialLine > 0 { return firstLine }
        let size = file?.size ?? 0
        if size > 0, size + Int64(firstLine) > limit {
            rotate(now: now)
            guard file?.size == 0 else { return file == nil ? 0 : most }
        }
        let room = Int(clamping: max(0, limit - (file?.size ?? 0)))
        let lastBreak = lines[..<min(most, room)].lastIndex(of: UInt8(ascii: "\n"))
        return lastBreak.map { $0 + 1 } ?? firstLine
    }

    // MARK: The file under the path

    /// Lets the file go if it was renamed, deleted or truncated by someone else; with a line that was begun in it.
    private mutating func letGoIfTaken(now: Instant) {
        nextCheck = now + options.checkInterval
        guard let file else { return }
        guard file.isStill(at: options.path, operations: operations) else {
            cutPartialLine()
            letGo(of: file)
            return
        }
        guard let status = try? operations.status(file.descriptor), status.size != file.size else { return }
        // What is left of a line that was begun is found and cut when the file is opened again.
        partialLine = 0
        letGo(of: file)
    }

    /// Takes the beginning of a line away that will not be finished in this file.
    private mutating func cutPartialLine() {
        guard partialLine > 0, let file else { return }
        defer { partialLine = 0 }
        // Of another size than we know it is not ours any more: truncating it might even make it longer.
        guard let status = try? operations.status(file.descriptor), status.size == file.size else { return }
        // Shrinking works on a full disk; if it fails all the same, the next start finds the torn line and cuts it.
        try? operations.truncate(file.descriptor, max(0, file.size - Int64(partialLine)))
    }

    /// Zero, or the errno of a last sync that failed.
    @discardableResult
    private mutating func letGo(of file: RecordFile) -> Int32 {
        let code = synchronizeIfDurable()
        operations.close(file.descriptor)
        self.file = nil
        unsyncedSince = nil
        return code
    }

    /// Opens the path; false, and `openError`, if that fails.
    @discardableResult
    private mutating func reopen(now: Instant) -> Bool {
        do throws(SinkError) {
            let opened = try RecordFile.open(options.path, operations: operations)
            if opened.tornBytes > 0 { post(.tornTailCut(path: label, bytes: opened.tornBytes)) }
            file = opened
            nextCheck = now + options.checkInterval
            period = period(at: opened.size > 0 ? opened.modified : clock.wallNanoseconds())
            if options.fsync != .never { try? operations.synchronizeDirectory(path.directory) }
            return true
        } catch {
            openError = error.errno
            return false
        }
    }

    // MARK: Rotation

    private func period(at wallNanoseconds: Int64) -> Int64 {
        guard let every = options.rotation.every else { return 0 }
        let length = max(1_000_000_000, every.saturatedNanoseconds)
        return wallNanoseconds / length - (wallNanoseconds % length < 0 ? 1 : 0)
    }

    private mutating func rotateByTime(now: Instant) {
        guard options.rotation.every != nil, partialLine == 0, let file, file.size > 0 else { return }
        guard rotationRetryAt.map({ now >= $0 }) ?? true else { return }
        // Only forwards: a clock that is set back and forth must not chop the file up.
        guard period(at: clock.wallNanoseconds()) > period else { return }
        rotate(now: now)
    }

    /// Renames the file and opens a new one; on failure the old one stays, or none is open.
    private mutating func rotate(now: Instant) {
        guard let file, file.isStill(at: options.path, operations: operations) else {
            if let file { letGo(of: file) }
            reopen(now: now)
            return
        }
        do throws(SystemError) {
            let existing = try operations.names(path.directory).compactMap {
                RotatedFileName.parse($0, base: path.name)?.name
            }
            let name = RotatedFileName(base: path.name, at: clock.wallNanoseconds(), after: existing)
            let target = path.sibling(name.file(.plain))
            synchronizeIfDurable()
            try operations.rename(options.path, target)
            rotationRetryAt = nil
            letGo(of: file)
            post(.rotated(path: label, to: target))
        } catch {
            if rotationRetryAt == nil { post(.rotationFailed(path: label, errno: error.errno)) }
            rotationRetryAt = now + Self.rotationRetryInterval
            return
        }
        reopen(now: now)
        archive.tidy()
    }

    // MARK: Durability

    mutating func commit(now: Instant) -> Int32 {
        guard options.fsync == .batch, unsyncedSince != nil, let file else { return 0 }
        do throws(SystemError) {
            try synchronize(file)
            return 0
        } catch {
            return error.errno
        }
    }

    mutating func maintain(now: Instant) {
        rotateByTime(now: now)
        guard case .interval(let interval) = options.fsync, let unsyncedSince, let file else { return }
        guard now >= unsyncedSince + interval else { return }
        do throws(SystemError) {
            try synchronize(file)
            if let since = syncTroubleSince {
                syncTroubleSince = nil
                post(.recovered(path: label, after: since.duration(to: now)))
            }
        } catch {
            // Due again after another interval, but not sooner than the retries of writes.
            self.unsyncedSince = now + max(.zero, options.retryInterval - interval)
            guard syncTroubleSince == nil else { return }
            syncTroubleSince = now
            post(.writeFailed(path: label, errno: error.errno))
        }
    }

    func nextDeadline(now: Instant) -> Instant? {
        var deadlines: [Instant] = []
        if case .interval(let interval) = options.fsync, let unsyncedSince {
            deadlines.append(unsyncedSince + interval)
        }
        if let every = options.rotation.every, let file, file.size > 0 {
            let length = max(1_000_000_000, every.saturatedNanoseconds)
            let wall = clock.wallNanoseconds()
            let untilEnd = length - (wall % length + length) % length
            let due = now + min(.nanoseconds(untilEnd), Self.longestWait)
            deadlines.append(max(due, rotationRetryAt ?? due))
        }
        return deadlines.min()
    }

    /// A file has no reader whose end could be seen.
    var watchedDescriptor: Int32? { nil }

    /// A reader of the file does not miss 5 ms; a feed of 1,000 messages a second then wakes the thread 200 times.
    var gatheringTime: Duration { .milliseconds(5) }

    private mutating func synchronize(_ file: RecordFile) throws(SystemError) {
        try SystemError.retryingInterrupts { () throws(SystemError) in try operations.synchronize(file.descriptor) }
        unsyncedSince = nil
    }

    /// Zero or an errno.
    @discardableResult
    private mutating func synchronizeIfDurable() -> Int32 {
        guard options.fsync != .never, unsyncedSince != nil, let file else { return 0 }
        do throws(SystemError) {
            try synchronize(file)
            return 0
        } catch {
            return error.errno
        }
    }

    mutating func close(now: Instant) -> Int32 {
        cutPartialLine()
        let code = file.map { letGo(of: $0) } ?? 0
        archive.stop()
        return code
    }
}
