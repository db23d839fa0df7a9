import ConnectionLifecycle
import HawserHTTP
import Locking
import MonotonicTime

/// Says in the log what becomes of one request: each failure in the beginning, now and then while they last, and the end
/// of them.
final class RequestJournal: Sendable {
    private struct State {
        var limiter = RepeatLimiter()
        var failuresInRow = 0
        /// Of the call at hand: attempts are said where its failure would be.
        var redaction = Redaction()
    }

    private let logger: EventLogger
    private let clock: SinkClock
    private let state = OrderedMutex(State())

    init(request: String, logger: EventLogger, clock: SinkClock = .system) {
        self.logger = logger.with([.request: request])
        self.clock = clock
    }

    func begins(_ redaction: Redaction) {
        state.withLock { $0.redaction = redaction }
    }

    func retries(attempt: Int, after delay: Duration, because cause: RetryCause) {
        // In a long outage each call retries: the line of its end says how often.
        guard state.withLock({ $0.failuresInRow < $0.limiter.burst }) else { return }
        logger.log(
            .info,
            .requestRetried,
            "tries again",
            [.attempt: attempt, .cause: cause.rawValue, .delayMilliseconds: Int(delay.milliseconds)]
        )
    }

    func answered(_ head: HTTPResponseHead, _ timings: RequestTimings, bytes: Int) {
        let fields: [LogField: (any LogValue)?] = [
            .status: head.status, .attempts: timings.attempts, .receivedBytes: bytes,
            .totalMilliseconds: Int(timings.total.milliseconds),
        ]
        guard head.status < 400 else { return failed("the server answered \(head.status)", "status", fields) }
        let (failures, suppressed) = state.withLock { state in
            defer { state.failuresInRow = 0 }
            return (state.failuresInRow, state.limiter.reset())
        }
        guard failures > 0 else { return logger.log(.debug, .requestAnswered, "answered", fields) }
        let text = "works again after \(failures) failed \(failures == 1 ? "call" : "calls")"
        let more: [LogField: (any LogValue)?] = [.suppressed: suppressed > 0 ? suppressed : nil]
        logger.log(.info, .requestRecovered, text, fields.merging(more) { $1 })
    }

    func failed(_ text: String, _ cause: String, _ fields: [LogField: (any LogValue)?]) {
        let (isLogged, suppressed, redaction) = state.withLock { state in
            state.failuresInRow += 1
            let (isLogged, suppressed) = state.limiter.shouldLog(clock.now())
            return (isLogged, suppressed, state.redaction)
        }
        guard isLogged else { return }
        let more: [LogField: (any LogValue)?] = [.cause: cause, .suppressed: suppressed > 0 ? suppressed : nil]
        logger.log(.warning, .requestFailed, redaction.applied(to: text), fields.merging(more) { $1 })
    }

    /// Its task ends while a call is under way: the daemon does, or a reload changes the request.
    func cancelled() {
        logger.log(.info, .requestCancelled, "given up: the daemon ends, or a reload changes the request")
    }
}
