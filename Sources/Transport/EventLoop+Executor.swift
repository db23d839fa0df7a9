import Glibc
import NameResolution

extension EventLoop {
    /// How much work a turn runs before it looks at the sockets again.
    private static var jobBudget: Int { 1024 }

    /// Takes a job of Swift's concurrency runtime. From any thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        put(.job(UnownedJob(job)))
    }

    /// The loop as the executor of an actor.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// The loop as the executor that a task prefers.
    public func asUnownedTaskExecutor() -> UnownedTaskExecutor {
        UnownedTaskExecutor(ordinary: self)
    }

    /// Traps unless the caller is on the loop's thread: lets callbacks step into an actor with `assumeIsolated`.
    public func checkIsolated() {
        precondition(isOnLoop, "not on the event loop's thread")
    }

    /// Whether the caller is on the loop's thread.
    public func isIsolatingCurrentContext() -> Bool? {
        isOnLoop
    }

    func put(_ item: LoopWork) {
        if isOnLoop {
            jobs.append(item)
            return
        }
        if case .runLate = inbox.put(item) { startLateThread() }
    }

    /// Runs the work that has gathered, within the budget; what is left makes the next turn follow at once.
    func drain() {
        if inboxIsWaiting {
            inboxIsWaiting = false
            jobs.append(contentsOf: inbox.takeAll())
        }
        guard !isDraining else { return }
        isDraining = true
        var budget = Self.jobBudget
        while budget > 0, let item = jobs.next() {
            run(item)
            budget -= 1
        }
        isDraining = false
    }

    private func run(_ item: LoopWork) {
        switch item {
        case .job(let job):
            job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        case .body(let body): body()
        case .taken: break
        }
    }

    /// Runs what is left until nothing more has come, and leaves the inbox to ``runLate()``. Last act of the thread.
    func drainForGood() {
        repeat {
            setThread(UInt(pthread_self()))
            jobs.append(contentsOf: inbox.takeAll())
            while let item = jobs.next() { run(item) }
            // The identity goes first: once the inbox is orphaned, the loop may be another thread's.
            setThread(0)
        } while !inbox.orphan()
    }

    /// Work that comes after the loop's end still has to run, or the task it belongs to would hang: one at a time, on a
    /// thread that exists while there is some.
    private func startLateThread() {
        if !DetachedThread.start({ self.runLate() }) { runLate() }
    }

    private func runLate() {
        setThread(UInt(pthread_self()))
        repeat {
            jobs.append(contentsOf: inbox.takeAll())
            while let item = jobs.next() { run(item) }
            setThread(0)
            // Whoever attends next must find this thread gone, so the identity goes before the inbox is given up.
            guard !inbox.leaveUnattended() else { return }
            setThread(UInt(pthread_self()))
        } while true
    }
}
