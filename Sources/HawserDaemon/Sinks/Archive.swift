import Locking
import Glibc

/// The rotated files of one sink: compresses them and deletes the oldest, on a thread that lives while there is work.
///
/// It keeps no list: each pass looks at the folder and brings it into order, so that a pass after a crash finishes what
/// the crash interrupted. At any moment a file's content is there as a whole, plain or compressed.
final class Archive: Sendable {
    private struct State {
        var isRunning = false
        var isWanted = false
        var isStopping = false
        var thread: SinkThread?
    }

    private let path: FilePath
    private let rotation: FileSinkOptions.Rotation
    private let operations: FileOperations
    private let post: @Sendable (SinkEvent) -> Void
    private let state = OrderedMutex(State())

    init(
        path: FilePath,
        rotation: FileSinkOptions.Rotation,
        operations: FileOperations,
        post: @escaping @Sendable (SinkEvent) -> Void
    ) {
        self.path = path
        self.rotation = rotation
        self.operations = operations
        self.post = post
    }

    /// Starts a pass, or has the running one followed by another. Like `stop`, for one thread at a time.
    func tidy() {
        guard rotation.compress || rotation.keep != nil else { return }
        let (starts, ended) = state.withLock { state -> (Bool, SinkThread?) in
            guard !state.isStopping else { return (false, nil) }
            state.isWanted = true
            guard !state.isRunning else { return (false, nil) }
            state.isRunning = true
            return (true, state.thread.take())
        }
        guard starts else { return }
        ended?.join()
        do throws(SystemError) {
            let thread = try SinkThread(name: "hawser-archive") { [self] in run() }
            state.withLock { $0.thread = thread }
        } catch {
            state.withLock { $0.isRunning = false }
            post(.archiveFailed(path: path.directory, errno: error.errno))
        }
    }

    /// Ends a compression between two slices, leaving the plain file, and waits for the thread. No pass comes after.
    func stop() {
        let thread = state.withLock { state in
            state.isStopping = true
            return state.thread.take()
        }
        thread?.join()
    }

    private func run() {
        while true {
            let goesOn = state.withLock { state in
                state.isRunning = state.isWanted && !state.isStopping
                state.isWanted = false
                return state.isRunning
            }
            guard goesOn else { return }
            pass()
        }
    }

    // MARK: One pass

    private func pass() {
        let names: [String]
        do throws(SystemError) {
            names = try operations.names(path.directory)
        } catch {
            post(.archiveFailed(path: path.directory, errno: error.errno))
            return
        }
        var forms: [RotatedFileName: Set<RotatedFileName.Form>] = [:]
        for case let (name, form)? in names.map({ RotatedFileName.parse($0, base: path.name) }) {
            forms[name, default: []].insert(form)
        }
        clearLeftovers(&forms)
        deleteOldest(&forms)
        guard rotation.compress else { return }
        for name in forms.keys.sorted() where forms[name]?.contains(.plain) == true {
            guard !state.withLock({ $0.isStopping }) else { return }
            compress(name)
        }
    }

    /// What a crash left behind: half a compressed file, or a plain one whose compressed form is whole.
    private func clearLeftovers(_ forms: inout [RotatedFileName: Set<RotatedFileName.Form>]) {
        for (name, found) in forms {
            if found.contains(.partial) { remove(name, .partial) }
            if found.isSuperset(of: [.plain, .compressed]) { remove(name, .plain) }
            let whole: Set<RotatedFileName.Form> = found.contains(.compressed) ? [.compressed] : [.plain]
            forms[name] = found.isDisjoint(with: whole) ? nil : whole
        }
    }

    private func deleteOldest(_ forms: inout [RotatedFileName: Set<RotatedFileName.Form>]) {
        guard let keep = rotation.keep else { return }
        for name in forms.keys.sorted().dropLast(max(0, keep)) {
            for form in forms[name] ?? [] where remove(name, form) {
                post(.removed(path: path.sibling(name.file(form))))
            }
            forms[name] = nil
        }
    }

    private func compress(_ name: RotatedFileName) {
        let plain = path.sibling(name.file(.plain))
        let partial = path.sibling(name.file(.partial))
        let gzip = GzipFile(operations: operations) { [self] in state.withLock { $0.isStopping } }
        do throws(SystemError) {
            guard
                case .compressed(let bytes, let compressedBytes) = try gzip.compress(plain, to: partial)
            else {
                try operations.remove(partial)
                return
            }
            // In this order: the compressed form is whole and has its name on the disk before the plain one goes.
            try operations.rename(partial, path.sibling(name.file(.compressed)))
            try operations.synchronizeDirectory(path.directory)
            try operations.remove(plain)
            post(.compressed(path: plain, bytes: bytes, compressedBytes: compressedBytes))
        } catch {
            try? operations.remove(partial)
            post(.archiveFailed(path: plain, errno: error.errno))
        }
    }

    @discardableResult
    private func remove(_ name: RotatedFileName, _ form: RotatedFileName.Form) -> Bool {
        let file = path.sibling(name.file(form))
        do throws(SystemError) {
            try operations.remove(file)
            return true
        } catch {
            if error.errno != ENOENT { post(.archiveFailed(path: file, errno: error.errno)) }
            return false
        }
    }
}
