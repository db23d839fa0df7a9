import Locking
import Glibc

/// Runs blocking `body` on a thread of its own and awaits its result, so that no thread of the global pool is blocked.
///
/// It stays the same task: expectations in `body` count for the test that awaits it.
///
/// - Throws: what `body` throws, or `SystemCallError` if there is no thread to be had.
public func onOwnThread<Result: Sendable>(
    _ name: String = "test-blocking",
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    let executor = try OwnThreadExecutor()
    let thread = try JoinableThread(name) { executor.run() }
    let result: Swift.Result<Result, any Error>
    do {
        result = .success(try await withTaskExecutorPreference(executor) { try await runHere(body) })
    } catch {
        result = .failure(error)
    }
    // The task is back on the pool's executor here, so the thread has nothing left to run.
    executor.end()
    thread.join()
    return try result.get()
}

/// Nonisolated and async: it runs on the executor that its task prefers.
@concurrent
private func runHere<Result: Sendable>(_ body: @Sendable () throws -> Result) async throws -> Result {
    try body()
}

/// Runs the jobs of one task on the thread that calls `run`.
private final class OwnThreadExecutor: TaskExecutor {
    private let jobs = OrderedMutex<[UnownedJob]>([])
    /// A byte for each job; its end is the end of the thread.
    private let pipe: (read: Int32, write: Int32)

    init() throws(SystemCallError) {
        pipe = try makePipe()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        var byte: UInt8 = 0
        while write(pipe.write, &byte, 1) < 0 && errno == EINTR {}
    }

    func run() {
        var byte: UInt8 = 0
        while true {
            let count = read(pipe.read, &byte, 1)
            if count < 0 && errno == EINTR { continue }
            guard count == 1 else { break }
            jobs.withLock { $0.removeFirst() }.runSynchronously(on: asUnownedTaskExecutor())
        }
        close(pipe.read)
    }

    func end() {
        close(pipe.write)
    }
}
