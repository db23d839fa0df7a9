import ConnectionLifecycle
import Dispatch
import Locking
import MonotonicTime

/// What the dial gate remembers across a restart, with what the log says of it.
final class DialStore: Sendable {
    private struct State {
        var isFailing = false
        /// Whether the file says that there is nothing to remember.
        var isEmpty = false
        var isWriting = false
        /// What to write after that.
        var next: DialMemory?
    }

    private let file: DialMemoryFile
    private let logger: EventLogger
    private let boot = DialMemory.Clock.currentBoot()
    private let state = OrderedMutex(State())
    private let queue = DispatchQueue(label: "hawser-dials")

    /// Claims the memory in `directory`; nil if there is none to be had, which the log then says.
    init?(directory: String?, operations: FileOperations = .system, logger: EventLogger) {
        self.logger = logger
        guard let directory else {
            logger.log(.debug, .dialsUnsaved, "no state directory: every start begins with empty limits on dials")
            return nil
        }
        do throws(DialMemoryFile.Failure) {
            file = try DialMemoryFile(directory: directory, operations: operations)
        } catch {
            logger.log(
                .warning,
                .dialsUnsaved,
                "a restart will not know of the dials of this run: \(error.problem)",
                [.path: error.path, .remedy: "give each Hawser a state directory of its own that it may write to"]
            )
            return nil
        }
    }

    /// What an earlier run left.
    func load() -> DialMemory {
        let clock = DialMemory.Clock.read(boot: boot)
        switch file.load(at: clock) {
        case .nothing:
            state.withLock { $0.isEmpty = true }
            return DialMemory()
        case .memory(let memory):
            state.withLock { $0.isEmpty = memory == DialMemory() }
            if !memory.hosts.isEmpty {
                let text = "the dials of an earlier run count"
                logger.log(.info, .dialsRestored, text, [.path: file.path, .hosts: memory.hosts.count])
            }
            return memory
        case .unreadable(let since, let problem):
            logger.log(
                .warning,
                .dialsUnreadable,
                "every host counts as dialled as often as it may be until the file was written: \(problem)",
                [.path: file.path, .remedy: "remove it if no dials were made lately"]
            )
            return DialMemory(assumedFull: since)
        }
    }

    /// Writes it down, and returns when that is done, or after a second if the disk hangs: the newest then follows once
    /// it answers. A failure is logged once, until it works again.
    func save(_ memory: DialMemory) {
        let isFree = state.withLock { state in
            if state.isWriting { state.next = memory }
            defer { state.isWriting = true }
            return !state.isWriting
        }
        guard isFree else { return }
        let done = DispatchSemaphore(value: 0)
        queue.async {
            self.write(memory)
            done.signal()
        }
        if done.wait(timeout: .now() + .seconds(1)) == .timedOut { fail("the disk does not answer") }
    }

    /// Until nothing newer is there.
    private func write(_ memory: DialMemory) {
        var memory = memory
        while true {
            if memory != DialMemory() || !state.withLock({ $0.isEmpty }) { replace(memory) }
            let next: DialMemory? = state.withLock { state in
                defer { state.next = nil }
                state.isWriting = state.next != nil
                return state.next
            }
            guard let next else { return }
            memory = next
        }
    }

    private func replace(_ memory: DialMemory) {
        do throws(SystemError) {
            try file.save(memory, at: DialMemory.Clock.read(boot: boot))
            let wasFailing = state.withLock { state in
                defer { state.isFailing = false }
                state.isEmpty = memory == DialMemory()
                return state.isFailing
            }
            if wasFailing { logger.log(.info, .dialsSaved, "dials are written down again", [.path: file.path]) }
        } catch {
            fail(SystemError.text(error.errno))
        }
    }

    private func fail(_ problem: String) {
        let wasFailing = state.withLock { state in
            defer { state.isFailing = true }
            return state.isFailing
        }
        guard !wasFailing else { return }
        let text = "a restart will not know of the latest dials"
        logger.log(.warning, .dialsUnsaved, text, [.path: file.path, .error: problem])
    }

    /// Lets another process have it.
    func close() {
        file.close()
    }
}
