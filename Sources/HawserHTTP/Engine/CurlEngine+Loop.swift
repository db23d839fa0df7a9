import CCurl
import Glibc
import MonotonicTime

extension CurlEngine {
    /// Jobs that run before the sockets are looked at again.
    private static var jobBudget: Int { 1024 }
    private static var eventLimit: Int { 128 }

    /// The engine's thread, from beginning to end.
    func runThread() {
        setThread(UInt(pthread_self()))
        hawser_curl_name_thread("hawser-http")
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Self.eventLimit)
        defer { events.deallocate() }
        while true {
            takeWork()
            runJobs()
            endOverdue()
            act()
            if isFinished {
                if inbox.orphan() { break }
                continue
            }
            awaitEvents(events)
        }
        // Every handle before the cookies that it shares.
        deadlines = DeadlineHeap()
        freeSlots = []
        curl_multi_cleanup(multi)
        // From now on jobs go elsewhere.
        setThread(0)
    }

    private var isFinished: Bool {
        isStopping && transfers.isEmpty && sleepers.isEmpty && jobs.isEmpty
    }

    private func takeWork() {
        let work = inbox.takeAll(spare)
        guard !work.isEmpty else { return }
        for item in work {
            switch item {
            case .job(let job): jobs.append(job)
            case .start(let transfer): begin(transfer)
            case .body(let body): body()
            }
        }
        spare = work
        spare.removeAll(keepingCapacity: true)
    }

    private func runJobs() {
        var done = 0
        while done < jobs.count && done < Self.jobBudget {
            jobs[done].runSynchronously(on: asUnownedTaskExecutor())
            done += 1
        }
        if done == jobs.count { jobs.removeAll(keepingCapacity: true) } else { jobs.removeSubrange(..<done) }
    }

    /// Lets libcurl do what is due, and tells the ends.
    private func act() {
        var stillRunning: Int32 = 0
        if let due = curlDeadline, due <= now {
            curlDeadline = nil
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &stillRunning)
        }
        tellEnds()
    }

    private func awaitEvents(_ events: UnsafeMutablePointer<epoll_event>) {
        let count = epoll_wait(poll, events, Int32(Self.eventLimit), timeout)
        turnBegan = now
        guard count > 0 else { return }
        var stillRunning: Int32 = 0
        for event in UnsafeBufferPointer(start: events, count: Int(count)) {
            if event.data.fd == inbox.descriptor {
                inbox.clear()
                continue
            }
            if isUnwanted(event.data.fd) { continue }
            var flags: Int32 = 0
            if event.events & EPOLLIN.rawValue != 0 { flags |= CURL_CSELECT_IN }
            if event.events & EPOLLOUT.rawValue != 0 { flags |= CURL_CSELECT_OUT }
            if event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { flags |= CURL_CSELECT_ERR }
            curl_multi_socket_action(multi, event.data.fd, flags, &stillRunning)
            // One by one: how many connections may be kept depends on how many are in use.
            tellEnds()
        }
    }

    /// Milliseconds that the wait may take.
    private var timeout: Int32 {
        guard jobs.isEmpty else { return 0 }
        guard let next = [curlDeadline, deadlines.next].compactMap(\.self).min() else { return -1 }
        let left = (next - now).saturatedNanoseconds
        guard left > 0 else { return 0 }
        // Rounded up: to wake too early is to wake twice.
        return Int32(clamping: (left + 999_999) / 1_000_000)
    }

    private func tellEnds() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard let easy = hawser_curl_done(message) else { continue }
            let code = hawser_curl_result(message)
            var owner: UnsafeMutableRawPointer?
            _ = hawser_curl_get_pointer(easy, CURLINFO_PRIVATE, &owner)
            guard let owner else { continue }
            // Proof: the slot owns the handle.
            guard let transfer = Unmanaged<TransferSlot>.fromOpaque(owner).takeUnretainedValue().transfer else {
                continue
            }
            finish(transfer, code)
        }
    }

    /// What libcurl wants to know of a socket.
    ///
    /// A socket that it gives up is mostly that of a connection which is kept for the next request: it stays where it is,
    /// and only if something happens on it meanwhile is it taken out.
    func watch(_ socket: curl_socket_t, _ what: Int32) {
        var wanted: UInt32 = 0
        if what != CURL_POLL_REMOVE {
            if what & CURL_POLL_IN != 0 { wanted |= EPOLLIN.rawValue }
            if what & CURL_POLL_OUT != 0 { wanted |= EPOLLOUT.rawValue }
        }
        let known = watched[socket]
        guard known?.registered != wanted || wanted == 0 else {
            watched[socket]?.isWanted = true
            return
        }
        if wanted == 0, known != nil {
            watched[socket]?.isWanted = false
            return
        }
        register(socket, wanted, isKnown: known != nil)
        watched[socket] = WatchedSocket(registered: wanted, isWanted: true)
    }

    private func register(_ socket: curl_socket_t, _ events: UInt32, isKnown: Bool) {
        var event = epoll_event()
        event.events = events
        event.data.fd = socket
        epoll_ctl(poll, isKnown ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event)
    }

    /// A socket that libcurl does not want to hear of has something to tell: a kept connection that the server closed.
    private func isUnwanted(_ socket: curl_socket_t) -> Bool {
        guard let known = watched[socket], !known.isWanted else { return false }
        forget(socket)
        return true
    }

    /// A socket that is new has a number that libcurl may have given up without a word.
    func opened(_ socket: curl_socket_t) {
        watched[socket] = nil
    }

    /// Takes a socket out, before it is closed.
    func forget(_ socket: curl_socket_t) {
        guard watched.removeValue(forKey: socket) != nil else { return }
        var unused = epoll_event()
        epoll_ctl(poll, EPOLL_CTL_DEL, socket, &unused)
    }

    /// When libcurl wants to act by itself.
    func wake(after milliseconds: Int) {
        curlDeadline = milliseconds < 0 ? nil : milliseconds == 0 ? .origin : now + .milliseconds(milliseconds)
    }

    private func endOverdue() {
        let now = turnBegan
        guard let next = deadlines.next, next <= now else { return }
        while let owner = deadlines.popDue(at: now) {
            switch owner {
            case .sleeper(let sleeper):
                sleepers[ObjectIdentifier(sleeper)] = nil
                sleeper.wake(.success(()))
            case .slot(let slot):
                slot.armed = nil
                guard let transfer = slot.transfer, let (deadline, stage) = transfer.deadlines.next else { continue }
                guard deadline <= now else {
                    arm(slot, deadline)
                    continue
                }
                abort(transfer, .timedOut(stage, after: transfer.request.timeouts[stage] ?? .zero))
            }
        }
    }

    private func arm(_ slot: TransferSlot, _ deadline: Instant) {
        slot.armed = deadline
        deadlines.insert(.slot(slot), at: deadline)
    }

    /// Sees to it that the engine wakes in time for `transfer`.
    func arm(_ transfer: CurlTransfer) {
        guard let slot = transfer.slot, let (deadline, _) = transfer.deadlines.next else { return }
        if let armed = slot.armed, armed <= deadline { return }
        arm(slot, deadline)
    }

    func wait(for delay: Duration) async throws {
        let sleeper = EngineSleeper()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isAccepted = submit { [self] in
                    if isStopping {
                        continuation.resume(throwing: ExchangeFailure(kind: .shutDown))
                    } else if sleeper.begin(continuation) {
                        sleepers[ObjectIdentifier(sleeper)] = sleeper
                        deadlines.insert(.sleeper(sleeper), at: now + delay)
                    }
                }
                if !isAccepted { continuation.resume(throwing: ExchangeFailure(kind: .shutDown)) }
            }
        } onCancel: {
            submit { [self] in
                sleepers[ObjectIdentifier(sleeper)] = nil
                sleeper.wake(.failure(CancellationError()))
            }
        }
    }
}
