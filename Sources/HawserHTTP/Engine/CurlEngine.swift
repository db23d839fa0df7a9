import CCurl
import Glibc
import Locking
import MonotonicTime
import NameResolution
import Synchronization

/// libcurl's multi interface on a thread of its own, which is also a task executor: `epoll` tells of the sockets, an
/// `eventfd` of work from other threads.
///
/// A turn is: take the work that was handed over, run jobs, end what is overdue, let libcurl act, tell the ends, wait.
/// Nothing that happens here can block: names are looked up on the resolver's threads, files are read by the pool for
/// blocking work.
final class CurlEngine: HTTPEngine, TaskExecutor, @unchecked Sendable {
    // Proof: what follows "Confined to the thread" is touched by that thread only; the rest is immutable, atomic or
    // behind a lock.

    /// What holds for all exchanges.
    struct Settings: Sendable {
        var pool: HTTPPoolLimits
        var tls: HTTPTLSOptions
        var version: HTTPConfiguration.Version
        var cookies: Bool
        var decompresses: Bool
        var headLimit: Int
    }

    let settings: Settings
    let resolver: NameResolver
    let inbox: EngineInbox
    let ending = OrderedMutex(EngineEnding())
    private let threadID = Atomic<UInt>(0)

    // Confined to the thread.
    let multi: UnsafeMutableRawPointer
    let share: OpaqueCookies?
    let poll: Int32
    var curlDeadline: Instant?
    /// When the turn began: good enough for what is measured in seconds.
    var turnBegan = Instant.origin
    /// The sockets that `epoll` knows.
    var watched: [curl_socket_t: WatchedSocket] = [:]
    var jobs: [UnownedJob] = []
    var spare: [EngineWork] = []
    var deadlines = DeadlineHeap<DeadlineOwner>()
    var pool: PoolQueue
    var lastID: PoolQueue.ID = 0
    var queued: [PoolQueue.ID: CurlTransfer] = [:]
    /// Transfers that libcurl has.
    var running = 0
    var transfers: [ObjectIdentifier: CurlTransfer] = [:]
    var sleepers: [ObjectIdentifier: EngineSleeper] = [:]
    var freeSlots: [TransferSlot] = []
    var knownAddresses: [String: [SocketAddress]] = [:]
    var keptBound = 0
    var isStopping = false
    /// Where coded contents are decoded to, one piece after the other.
    let decodingRoom = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

    /// Starts the engine's thread.
    ///
    /// - Throws: what this machine lacks.
    init(_ settings: Settings, resolver: NameResolver) throws(ExchangeFailure) {
        Self.initializeCurl
        self.settings = settings
        self.resolver = resolver
        pool = PoolQueue(settings.pool)
        inbox = try EngineInbox()
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard poll >= 0 else {
            throw ExchangeFailure(kind: .engine("no descriptor for the client's thread: \(SystemError.words(errno))"))
        }
        guard let multi = curl_multi_init() else {
            close(poll)
            throw ExchangeFailure(kind: .engine("no memory for libcurl"))
        }
        self.multi = multi
        share = settings.cookies ? OpaqueCookies() : nil
        var event = epoll_event()
        event.events = EPOLLIN.rawValue
        event.data.fd = inbox.descriptor
        epoll_ctl(poll, EPOLL_CTL_ADD, inbox.descriptor, &event)
        // Proof: the thread holds a reference until it has freed the multi handle.
        let owner = Unmanaged.passUnretained(self).toOpaque()
        _ = hawser_curl_multi_set_socket(multi, curlWatches, owner)
        _ = hawser_curl_multi_set_timer(multi, curlWaits, owner)
        // More streams than this on one connection are refused by common servers (nginx: 128).
        _ = hawser_curl_multi_set_long(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 100)
        turnBegan = now
        try startThread()
    }

    deinit {
        close(poll)
        decodingRoom.deallocate()
    }

    /// Once in a process, before any other call of libcurl.
    private static let initializeCurl: Void = {
        _ = hawser_curl_global_init()
        signal(SIGPIPE, SIG_IGN)
    }()

    /// The present on `CLOCK_MONOTONIC`.
    var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Whether the caller is on the engine's thread.
    var isOnThread: Bool {
        threadID.load(ordering: .relaxed) == UInt(pthread_self())
    }

    func setThread(_ id: UInt) {
        threadID.store(id, ordering: .relaxed)
    }

    var executor: any TaskExecutor { self }

    /// Takes a job of Swift's concurrency runtime. From any thread.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isOnThread {
            jobs.append(job)
        } else if !inbox.put(.job(job)) {
            globalConcurrentExecutor.enqueue(job)
        }
    }

    /// Runs `body` on the engine's thread, soon.
    ///
    /// - Returns: false if the thread has ended.
    @discardableResult
    func submit(_ body: @escaping @Sendable () -> Void) -> Bool {
        inbox.put(.body(body))
    }

    func exchange(_ request: ExchangeRequest) async throws -> ExchangeAnswer {
        // Resumed exactly once: every transfer ends, and `end` takes the closure.
        let transfer = CurlTransfer(
            request,
            .memory,
            headLimit: settings.headLimit,
            decompresses: settings.decompresses,
            now: now
        )
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                transfer.onEnd = { continuation.resume(with: Self.unwrapped($0)) }
                start(transfer)
            }
        } onCancel: {
            submit { self.cancel(transfer) }
        }
    }

    func open(_ request: ExchangeRequest) async throws -> OpenExchange {
        let resumption = TransferReference()
        let pipe = BodyPipe { [self] in submit { resumption.transfer.map { self.resumeReading($0) } } }
        let transfer = CurlTransfer(
            request,
            .pipe(pipe),
            headLimit: settings.headLimit,
            decompresses: settings.decompresses,
            now: now
        )
        resumption.transfer = transfer
        let end = EndOfExchange()
        let head: ExchangeHead = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isResumed = OneShotFlag()
                transfer.onHead = { head in
                    if isResumed.set() { continuation.resume(returning: head) }
                }
                transfer.onEnd = { result in
                    pipe.finish(Self.unwrapped(result).map { _ in })
                    end.complete(result)
                    guard isResumed.set() else { return }
                    continuation.resume(with: Self.unwrapped(result).map(\.head))
                }
                start(transfer)
            }
        } onCancel: {
            submit { self.cancel(transfer) }
        }
        return OpenExchange(head: head, body: pipe) { [self] in
            pipe.abandon()
            if !submit({ self.cancel(transfer) }) { end.complete(.failure(ExchangeFailure(kind: .shutDown))) }
            return await end.wait()
        }
    }

    private static func unwrapped(_ result: Result<ExchangeAnswer, ExchangeFailure>) -> Result<
        ExchangeAnswer, any Error
    > {
        result.mapError { failure in
            if case .engine(EngineWords.cancelled) = failure.kind { return CancellationError() }
            return failure
        }
    }

    private func start(_ transfer: CurlTransfer) {
        if isOnThread {
            begin(transfer)
        } else if !inbox.put(.start(transfer)) {
            transfer.onEnd?(.failure(ExchangeFailure(kind: .shutDown)))
        }
    }
}

/// Words that stand for something else than a failure of the machine.
enum EngineWords {
    static let cancelled = "cancelled"
}

/// The cookies of a client: libcurl's, shared by all its exchanges. Confined to the engine's thread.
final class OpaqueCookies {
    let pointer: UnsafeMutableRawPointer?

    init() {
        pointer = curl_share_init()
        if let pointer { _ = hawser_curl_share_cookies(pointer) }
    }

    deinit {
        if let pointer { curl_share_cleanup(pointer) }
    }
}

/// Who has a deadline.
enum DeadlineOwner {
    case slot(TransferSlot)
    case sleeper(EngineSleeper)
}

/// A socket that `epoll` knows.
struct WatchedSocket {
    /// The events that it is known for.
    var registered: UInt32
    /// libcurl wants to hear of it.
    var isWanted: Bool
}
