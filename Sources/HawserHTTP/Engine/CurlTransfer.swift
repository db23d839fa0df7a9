import CCurl
import MonotonicTime
import NameResolution
import WebSocketProtocol

/// One exchange on the engine: what it sends, what has come of it, and who waits for its end.
///
/// Proof of Sendable: made by a task, then touched on the engine's thread alone; the rest is immutable or behind a lock.
final class CurlTransfer: @unchecked Sendable {
    /// What becomes of the content.
    enum Sink {
        /// It is kept.
        case memory
        case pipe(BodyPipe)
    }

    enum Phase {
        case fresh, queued, resolving, running, ended
    }

    let request: ExchangeRequest
    let sink: Sink
    /// Called once on the engine's thread when the head is there, for a pipe.
    var onHead: ((ExchangeHead) -> Void)?
    /// Called once on the engine's thread.
    var onEnd: ((Result<ExchangeAnswer, ExchangeFailure>) -> Void)?

    // The engine's thread.
    var phase = Phase.fresh
    var id: PoolQueue.ID = 0
    var slot: TransferSlot?
    var deadlines: ExchangeDeadlines
    var lookup: Lookup?
    var reading = HeadReading()
    var bytes: [UInt8] = []
    var sent = 0
    var timings = RequestTimings()
    /// What a callback found wrong; libcurl's own words for it come second.
    var failure: HTTPError.Kind?
    var isCancelled = false
    var isReadingHeld = false
    var isStarved = false
    /// What still comes is nobody's.
    var isDiscarding = false
    /// Nil as long as no content has come, and if it is not coded.
    private(set) var decoding: ContentDecoding?
    private var hasContent = false
    private let decompresses: Bool
    private(set) var head: ExchangeHead?
    let headLimit: Int
    let beganAt: Instant
    var grantedAt: Instant

    init(_ request: ExchangeRequest, _ sink: Sink, headLimit: Int, decompresses: Bool, now: Instant) {
        self.request = request
        self.sink = sink
        self.headLimit = headLimit
        self.decompresses = decompresses
        beganAt = now
        grantedAt = now
        var hasContent = false
        if case .none = request.content {} else { hasContent = true }
        deadlines = ExchangeDeadlines(request.timeouts, end: request.end, hasContent: hasContent, now: now)
    }

    /// A line of the head, or of the trailer behind the content.
    ///
    /// - Returns: whether to go on.
    func receivedLine(_ line: UnsafeRawBufferPointer) -> Bool {
        reading.size += line.count
        guard reading.size <= headLimit else {
            failure = .malformed(.fields, "the fields have more than \(headLimit) bytes")
            return false
        }
        switch reading.take(line) {
        case .going: return true
        case .malformed(let words):
            failure = .malformed(.length, words)
            return false
        case .complete(let head): return completed(head)
        }
    }

    private func completed(_ head: ExchangeHead) -> Bool {
        // The server's challenge: libcurl answers it, and the head that counts is the next one.
        if head.status == 401 && request.digest != nil && self.head == nil && !reading.wasChallenged {
            reading.wasChallenged = true
            return true
        }
        self.head = head
        if let onHead {
            self.onHead = nil
            onHead(head)
        }
        return true
    }

    /// Content of the answer.
    ///
    /// - Parameter room: where it is decoded to.
    /// - Returns: how many bytes were taken; nil if they are to be offered again later.
    func received(_ content: UnsafeRawBufferPointer, decodingInto room: UnsafeMutableRawBufferPointer) -> Int? {
        guard !isDiscarding else { return content.count }
        // A challenge that was not answered is the answer.
        if head == nil, let last = reading.last {
            head = last
            onHead?(last)
            onHead = nil
        }
        if !hasContent {
            hasContent = true
            do throws(ContentCodingFault) { try beginContent() } catch { return refuse(error) }
        }
        guard decoding != nil else {
            switch deliver(content) {
            case .taken: return content.count
            case .full: return nil
            case .failed: return 0
            }
        }
        switch decoding?.take(content, room: room, deliver: { deliver($0) }) {
        case .taken, nil: return content.count
        case .later: return nil
        case .failed(let fault): return fault.map(refuse) ?? 0
        }
    }

    private func beginContent() throws(ContentCodingFault) {
        if decompresses, let head, let coding = try ContentCoding.announced(by: head) {
            decoding = try ContentDecoding(coding)
        } else if case .memory = sink, let expected = expectedLength, expected <= 1 << 20 {
            bytes.reserveCapacity(min(expected, request.limit))
        }
    }

    private func refuse(_ fault: ContentCodingFault) -> Int {
        failure = .malformed(.encoding, fault.problem)
        return 0
    }

    private func deliver(_ content: UnsafeRawBufferPointer) -> ContentDecoding.Delivery {
        switch sink {
        case .memory:
            guard content.count <= request.limit - bytes.count else {
                failure = .tooLarge(limit: request.limit)
                return .failed
            }
            bytes.append(contentsOf: content)
        case .pipe(let pipe):
            guard pipe.offer(content) else { return .full }
        }
        timings.receivedBytes += Int64(content.count)
        return .taken
    }

    private var expectedLength: Int? {
        guard let slot else { return nil }
        let length = slot.size(CURLINFO_CONTENT_LENGTH_DOWNLOAD_T)
        return length > 0 ? Int(exactly: length) : nil
    }

    /// The head of a finished exchange.
    var finalHead: ExchangeHead? { head ?? reading.last }
}
