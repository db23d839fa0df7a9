import ConnectionLifecycle
import MonotonicTime
import Transport

/// Makes the request that keeps a session's credential good, every so often while the session is open.
///
/// Confined to its loop.
final class KeepCall {
    private let keep: KeepConfiguration
    private let credentials: CredentialStore
    private let loop: EventLoop
    private let schedule: RequestSchedule
    private let onFailure: (CredentialFailure, _ suppressed: Int) -> Void
    private var timer: LoopTimer?
    private var limiter = RepeatLimiter()
    private var began = Instant.origin

    /// Nil if nothing is to be called.
    ///
    /// - Parameter onFailure: hears of each call without a good answer; of a long row only now and then, with the number
    ///   of those between.
    init?(
        _ keep: KeepConfiguration?,
        _ credentials: CredentialStore?,
        on loop: EventLoop,
        onFailure: @escaping (CredentialFailure, _ suppressed: Int) -> Void
    ) {
        guard let keep, let credentials else { return nil }
        self.keep = keep
        self.credentials = credentials
        self.loop = loop
        schedule = RequestSchedule(every: keep.every, atStart: false)
        self.onFailure = onFailure
    }

    /// The session is open: the first call comes after one interval.
    func start() {
        timer = loop.makeTimer { [unowned self] in call() }
        began = loop.now
        armTimer()
    }

    /// The session is over: what a call that is under way yields is of no interest any more.
    func stop() {
        timer = nil
    }

    private func armTimer() {
        timer?.arm(at: schedule.next(after: began, loop.now, draw: .random(in: 0...1)))
    }

    private func call() {
        began = loop.now
        let bound = LoopBound(self, to: loop)
        Task { [credentials, loop, keep] in
            let failure: CredentialFailure?
            do throws(CredentialFailure) {
                try await credentials.call(keep.request)
                failure = nil
            } catch {
                failure = error
            }
            loop.submit { bound.value.ended(failure) }
        }
    }

    private func ended(_ failure: CredentialFailure?) {
        guard timer != nil else { return }
        if let failure {
            let (isLogged, suppressed) = limiter.shouldLog(loop.now)
            if isLogged { onFailure(failure, suppressed) }
        } else {
            limiter.reset()
        }
        armTimer()
    }
}
