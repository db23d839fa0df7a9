import Locking
import CLibwebsockets
import Glibc
import MonotonicTime
import Synchronization

/// One thread that waits for sockets, timers, signals and work: a libuv loop with a libwebsockets context on it, and a
/// Swift executor pinned to it.
///
/// Sockets, dials, timers and whatever else says “confined to the loop” may be touched on this thread only. Code gets
/// there by ``submit(_:)``, ``run(_:)``, an actor whose executor is this loop, or a task that prefers it.
///
/// A turn is: wait for events, run their callbacks, run the work that has gathered, call the turn-end handlers, flush
/// what sockets have coalesced, end aborted sockets. A loop keeps its thread until ``shutdown()``, which must be awaited
/// before the last reference is dropped.
public final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    // Proof: what follows “Confined to the loop's thread” is touched by that thread only (asserted in the calls that
    // lead there); the rest is immutable, atomic or behind a lock.

    /// The thread's name; the kernel shows its first 15 bytes.
    public let name: String

    let handles: LoopHandles
    let inbox = LoopInbox()
    private let threadID = Atomic<UInt>(0)
    let socketCount = Atomic<Int>(0)
    let turnCount = Atomic<UInt64>(0)
    let ending = OrderedMutex(LoopEnding())
    /// The one buffer that every socket of the loop reads into: its second half, behind what was carried over.
    let window: UnsafeMutableRawPointer

    // Confined to the loop's thread.
    var inboxIsWaiting = false
    var jobs = LoopJobQueue()
    var isDraining = false
    var timers: LoopTimers
    var signals = LoopSignals()
    private var random = RandomPool()
    var turnEndHandlers: [any TurnEndHandler] = []
    let sockets = LoopSockets()
    var attachments: [ObjectIdentifier: AnyObject] = [:]
    var context: LibwebsocketsContext?
    var shutdownStep = LoopShutdownStep.running
    var shutdownDeadline = Instant.distantFuture

    /// Starts a loop. The thread, the libuv loop and the libwebsockets context are up when it returns, after a few
    /// milliseconds in which it blocks.
    ///
    /// SIGPIPE is ignored in the whole process from then on, unless something else handles it: OpenSSL needs that.
    /// Raise the limit of open files before, with ``raiseDescriptorLimit(to:)``: the context keeps the one it finds.
    ///
    /// - Throws: what this machine lacks, most likely descriptors. What libuv and libwebsockets have opened by then may
    ///   stay open: they cannot take it back.
    public init(name: String = "hawser-loop") throws(EventLoopError) {
        self.name = name
        handles = try LoopHandles()
        window = .allocate(byteCount: 2 * Socket.window, alignment: 64)
        timers = LoopTimers(start: Self.clock())
        Self.ignoreBrokenPipes()
        handles.attach(to: Unmanaged.passUnretained(self).toOpaque())
        try startThread()
    }

    deinit {
        window.deallocate()
    }

    /// The present on `CLOCK_MONOTONIC`, from any thread; costs some 20 ns.
    public var now: Instant { Self.clock() }

    static func clock() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Whether the caller is on the loop's thread.
    @inline(__always)
    public var isOnLoop: Bool {
        threadID.load(ordering: .relaxed) == UInt(pthread_self())
    }

    @inline(__always)
    func preconditionOnLoop() {
        precondition(isOnLoop, "a call that is confined to the event loop came from another thread")
    }

    /// Runs `body` on the loop, in order with everything else submitted or enqueued; never within this call. From any
    /// thread. After the loop's end it still runs, alone, on a thread made for the purpose.
    public func submit(_ body: @escaping @Sendable () -> Void) {
        put(.body(body))
    }

    /// Runs `body` on the loop and returns what it returns. From any task, not from the loop's own synchronous code.
    public func run<Success: Sendable>(_ body: @escaping @Sendable () throws -> Success) async throws -> Success {
        try await withCheckedThrowingContinuation { continuation in
            submit { continuation.resume(with: Result { try body() }) }
        }
    }

    /// Runs `body` on the loop and returns what it returns. From any task, not from the loop's own synchronous code.
    public func run<Success: Sendable>(_ body: @escaping @Sendable () -> Success) async -> Success {
        await withCheckedContinuation { continuation in
            submit { continuation.resume(returning: body()) }
        }
    }

    /// A timer that calls `onFire` on the loop's thread. Confined to the loop.
    public func makeTimer(_ onFire: @escaping () -> Void) -> LoopTimer {
        preconditionOnLoop()
        return LoopTimer(loop: self, .closure(onFire))
    }

    /// A timer that tells its owner, which must keep it and not outlive it in use: it is held unowned. Confined to the
    /// loop.
    package func makeTimer(for owner: any LoopTimerOwner) -> LoopTimer {
        preconditionOnLoop()
        return LoopTimer(loop: self, .owner(TimerCore.Listener.Owner(object: owner)))
    }

    /// Has `handler` called once, at the end of this turn, after the turn's callbacks and work. A handler that registers
    /// twice is called twice; one that registers from within `turnEnded` is called at the end of the next turn, which
    /// then follows at once. Confined to the loop.
    public func atEndOfTurn(_ handler: any TurnEndHandler) {
        preconditionOnLoop()
        turnEndHandlers.append(handler)
    }

    /// Answers `signals` on the loop instead of with what the process would do. From any thread; from another than the
    /// loop's it waits until the loop has them, so that no signal that arrives after it returns goes astray.
    ///
    /// - Throws: ``EventLoopError/libuv(code:)`` for a number that is no signal or cannot be caught, or for want of a
    ///   descriptor.
    public func onSignal(
        _ signals: [Int32],
        _ handler: @escaping @Sendable (Int32) -> Void
    ) throws(EventLoopError) -> SignalWatch {
        let added = performAndWait {
            self.shutdownStep == .running
                ? self.signals.add(signals, on: self.handles.loop, handler)
                : .failure(EventLoopError.libuv(code: UV_ECANCELED.rawValue))
        }
        return SignalWatch(loop: self, id: try added.get())
    }

    /// 32 bits that nobody can foresee, for masking keys (RFC 6455 section 5.3) and handshake nonces. Confined to the
    /// loop; a few nanoseconds.
    public func randomMask() -> UInt32 {
        random.next()
    }

    /// Sockets whose descriptor is still open, those being connected or closed too. From any thread.
    public var openSockets: Int {
        socketCount.load(ordering: .acquiring)
    }

    /// How often the loop has turned since its start. From any thread; for status, and to find a loop that spins.
    public var turns: UInt64 {
        turnCount.load(ordering: .relaxed)
    }

    /// Raises the process's soft limit of open files to its hard limit, but not beyond `cap`: libwebsockets keeps 16
    /// bytes per possible descriptor and loop. Never lowers it. Call it before the first loop is made.
    ///
    /// - Returns: the soft limit that now holds.
    @discardableResult
    public static func raiseDescriptorLimit(to cap: Int = 65536) -> Int {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return Int(getdtablesize()) }
        let wanted = min(limit.rlim_max, rlim_t(max(0, cap)))
        if wanted > limit.rlim_cur {
            limit.rlim_cur = wanted
            setrlimit(resource, &limit)
        }
        return Int(getdtablesize())
    }

    private static func ignoreBrokenPipes() {
        var current = sigaction()
        guard sigaction(SIGPIPE, nil, &current) == 0, current.__sigaction_handler.sa_handler == nil else { return }
        signal(SIGPIPE, SIG_IGN)
    }

    func setThread(_ id: UInt) {
        threadID.store(id, ordering: .relaxed)
    }

    /// The libwebsockets context, for servers that share the loop; `nil` while it shuts down. Confined to the loop.
    package var libwebsocketsContext: OpaquePointer? {
        preconditionOnLoop()
        return shutdownStep == .running ? context?.pointer : nil
    }
}
