import CCurl
import MonotonicTime
import NameResolution

extension CurlEngine {
    /// Easy handles that are kept for further transfers.
    private static var keptSlots: Int { 128 }

    // MARK: A transfer's way

    /// Takes a transfer on: into the pool's queue, or at once further.
    func begin(_ transfer: CurlTransfer) {
        guard !isStopping else { return end(transfer, .failure(ExchangeFailure(kind: .shutDown))) }
        guard !transfer.isCancelled else { return end(transfer, .failure(Self.cancellation)) }
        let slot = freeSlots.popLast() ?? TransferSlot(self)
        slot.transfer = transfer
        transfer.slot = slot
        transfers[ObjectIdentifier(transfer)] = transfer
        lastID += 1
        transfer.id = lastID
        if pool.enter(transfer.id, host: transfer.request.url.origin) {
            granted(transfer)
        } else {
            transfer.phase = .queued
            queued[transfer.id] = transfer
            arm(transfer)
        }
    }

    private func granted(_ transfer: CurlTransfer) {
        let now = now
        transfer.grantedAt = now
        transfer.timings.queue = now - transfer.beganAt
        transfer.deadlines.granted(now: now)
        transfer.phase = .resolving
        arm(transfer)
        let proxy = transfer.request.proxy
        // libcurl reads an address by itself.
        if proxy == nil && transfer.request.url.isAddressLiteral { return run(transfer, "", 0, []) }
        let host = proxy?.host ?? transfer.request.url.host
        let port = proxy?.port ?? transfer.request.url.port
        let lookup = resolver.resolve(host, port: port, now: now) { [self] result in
            if isOnThread { return resolved(transfer, host, port, result) }
            submit { self.resolved(transfer, host, port, result) }
        }
        if transfer.phase == .resolving { transfer.lookup = lookup }
    }

    private func resolved(
        _ transfer: CurlTransfer,
        _ host: String,
        _ port: UInt16,
        _ result: Result<[SocketAddress], NameResolutionError>
    ) {
        guard transfer.phase == .resolving else { return }
        transfer.timings.dns = now - transfer.grantedAt
        switch result {
        case .failure(let error): abort(transfer, .nameLookup(error))
        case .success(let addresses): run(transfer, host, port, addresses)
        }
    }

    private func run(_ transfer: CurlTransfer, _ host: String, _ port: UInt16, _ addresses: [SocketAddress]) {
        let request = transfer.request
        var isStream = false
        if case .pipe = transfer.sink { isStream = true }
        guard let slot = transfer.slot,
            let (easy, isShaped) = slot.prepare(CurlSetup.shape(of: request, isStream: isStream))
        else { return abort(transfer, .engine("no memory for libcurl")) }
        if !isShaped {
            CurlSetup(easy: easy, slot: slot, request: request, isStream: isStream, settings: settings)
                .apply(cookies: share?.pointer)
        }
        slot.setAddresses(news(of: host, port, addresses))
        guard slot.setFields(request.fields, isShaped: isShaped),
            hawser_curl_set_text(easy, CURLOPT_URL, request.url.absolute) == CURLE_OK
        else { return abort(transfer, .engine("no memory for libcurl")) }
        transfer.phase = .running
        running += 1
        boundKeptConnections()
        if case .pipe(let pipe, _) = transfer.request.content {
            pipe.listen { [self] in submit { self.fed(transfer) } }
        }
        let status = curl_multi_add_handle(multi, easy)
        if status != CURLM_OK {
            running -= 1
            transfer.phase = .resolving
            abort(transfer, .engine("libcurl: \(String(cString: curl_multi_strerror(status)))"))
        }
    }

    /// What libcurl has to be told of a name's addresses; nil if it knows: to tell it again costs it time.
    private func news(of host: String, _ port: UInt16, _ addresses: [SocketAddress]) -> String? {
        guard !addresses.isEmpty, SocketAddress(ipLiteral: host, port: port) == nil else { return nil }
        let key = "\(host):\(port)"
        guard knownAddresses[key] != addresses else { return nil }
        if knownAddresses.count >= 4096 { knownAddresses = [:] }
        knownAddresses[key] = addresses
        let texts = addresses.map { $0.host.utf8.contains(UInt8(ascii: ":")) ? "[\($0.host)]" : $0.host }
        return "\(key):\(texts.joined(separator: ","))"
    }

    /// libcurl counts the connections in use as well as the idle ones.
    private func boundKeptConnections() {
        let bound = max(1, running - 1 + settings.pool.maxKeepalive)
        guard bound != keptBound else { return }
        keptBound = bound
        _ = hawser_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, bound)
    }

    /// libcurl is done with a transfer.
    func finish(_ transfer: CurlTransfer, _ code: CURLcode) {
        guard transfer.phase == .running, let slot = transfer.slot, let easy = slot.easy else { return }
        transfer.note(slot)
        let result: Result<ExchangeAnswer, ExchangeFailure>
        if code == CURLE_OK, transfer.failure == nil, let fault = transfer.decoding?.faultAtEnd {
            transfer.failure = .malformed(.encoding, fault.problem)
        }
        if code == CURLE_OK, transfer.failure == nil, let head = transfer.finalHead {
            var head = head
            head.version = CurlSetup.version(slot.long(CURLINFO_HTTP_VERSION)) ?? head.version
            result = .success(ExchangeAnswer(head: head, bytes: transfer.bytes, timings: transfer.timings))
        } else {
            result = .failure(CurlFailure.of(transfer, code, slot))
        }
        curl_multi_remove_handle(multi, easy)
        leave(transfer, result)
    }

    /// Ends a transfer from outside, in whatever phase it is. Not from within a callback of libcurl.
    func abort(_ transfer: CurlTransfer, _ kind: HTTPError.Kind) {
        guard transfer.phase != .ended else { return }
        if transfer.phase == .running, let slot = transfer.slot, let easy = slot.easy {
            transfer.note(slot)
            transfer.isDiscarding = true
            // A transfer over HTTP/2 that is removed while it is held leaks what libcurl holds of it.
            if transfer.isReadingHeld { curl_easy_pause(easy, CURLPAUSE_CONT) }
            // Over HTTP/2 the server would hear of it with the next request only: rather end the connection, unless others
            // are on it.
            _ = hawser_curl_set_long(easy, CURLOPT_FORBID_REUSE, 1)
            slot.forgetShape()
            curl_multi_remove_handle(multi, easy)
        }
        leave(transfer, .failure(ExchangeFailure(kind: kind, timings: transfer.timings)))
    }

    /// The task behind a transfer does not want it any more.
    func cancel(_ transfer: CurlTransfer) {
        transfer.isCancelled = true
        guard transfer.phase != .fresh else { return }
        abort(transfer, Self.cancellation.kind)
    }

    private static var cancellation: ExchangeFailure { ExchangeFailure(kind: .engine(EngineWords.cancelled)) }

    private func leave(_ transfer: CurlTransfer, _ result: Result<ExchangeAnswer, ExchangeFailure>) {
        let wasQueued = transfer.phase == .queued
        if transfer.phase == .running { running -= 1 }
        transfer.phase = .ended
        transfer.lookup?.cancel()
        transfer.lookup = nil
        if case .pipe(let pipe, _) = transfer.request.content { pipe.close() }
        if let slot = transfer.slot {
            slot.transfer = nil
            transfer.slot = nil
            if freeSlots.count < Self.keptSlots { freeSlots.append(slot) }
        }
        transfers[ObjectIdentifier(transfer)] = nil
        boundKeptConnections()
        if wasQueued {
            queued[transfer.id] = nil
            _ = pool.leave(transfer.id)
        } else {
            release(transfer.request.url.origin)
        }
        end(transfer, result)
    }

    private func release(_ host: String) {
        guard let id = pool.release(host: host), let next = queued.removeValue(forKey: id) else { return }
        granted(next)
    }

    private func end(_ transfer: CurlTransfer, _ result: Result<ExchangeAnswer, ExchangeFailure>) {
        transfer.phase = .ended
        let onEnd = transfer.onEnd
        transfer.onEnd = nil
        transfer.onHead = nil
        onEnd?(result)
    }

    // MARK: What callbacks tell

    func noteConnected(_ transfer: CurlTransfer) {
        transfer.deadlines.connected(now: turnBegan)
        arm(transfer)
    }

    func noteReceived(_ transfer: CurlTransfer) {
        transfer.deadlines.received(now: turnBegan)
        arm(transfer)
    }

    func noteHeld(_ transfer: CurlTransfer) {
        transfer.isReadingHeld = true
        transfer.deadlines.held(true, now: turnBegan)
    }

    /// The reader of a content has room again.
    func resumeReading(_ transfer: CurlTransfer) {
        guard transfer.phase == .running, transfer.isReadingHeld, let easy = transfer.slot?.easy else { return }
        transfer.isReadingHeld = false
        transfer.deadlines.held(false, now: turnBegan)
        arm(transfer)
        curl_easy_pause(easy, transfer.isStarved ? CURLPAUSE_SEND : CURLPAUSE_CONT)
    }

    /// The source of a content has some again.
    private func fed(_ transfer: CurlTransfer) {
        guard transfer.phase == .running, transfer.isStarved, let easy = transfer.slot?.easy else { return }
        transfer.isStarved = false
        transfer.deadlines.sent(now: turnBegan)
        arm(transfer)
        curl_easy_pause(easy, transfer.isReadingHeld ? CURLPAUSE_RECV : CURLPAUSE_CONT)
    }

    /// Content for libcurl to send.
    func supply(_ transfer: CurlTransfer, _ room: UnsafeMutableRawBufferPointer) -> Int {
        switch transfer.request.content {
        case .none: return 0
        case .bytes(let bytes):
            let count = min(room.count, bytes.count - transfer.sent)
            guard count > 0 else { return suppliedAll(transfer) }
            bytes.withUnsafeBytes {
                room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[transfer.sent..<transfer.sent + count]))
            }
            return supplied(transfer, count)
        case .pipe(let pipe, _):
            switch pipe.take(into: room) {
            case .bytes(let count): return supplied(transfer, count)
            case .end: return suppliedAll(transfer)
            case .later:
                transfer.isStarved = true
                transfer.deadlines.starved()
                return Int(CURL_READFUNC_PAUSE)
            case .failed(let error):
                transfer.failure = .source(error)
                return Int(CURL_READFUNC_ABORT)
            }
        }
    }

    private func supplied(_ transfer: CurlTransfer, _ count: Int) -> Int {
        transfer.sent += count
        transfer.timings.sentBytes = Int64(transfer.sent)
        transfer.deadlines.sent(now: turnBegan)
        arm(transfer)
        return count
    }

    private func suppliedAll(_ transfer: CurlTransfer) -> Int {
        transfer.deadlines.sentAll(now: turnBegan)
        arm(transfer)
        return 0
    }
}
