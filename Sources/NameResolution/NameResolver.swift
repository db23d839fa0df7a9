import Locking
import MonotonicTime

/// Looks names up on threads of its own, so that no event loop ever waits for a name server.
///
/// Answers are kept for `ttl`; look-ups of one name at the same time are one look-up; failures are not kept. A look-up
/// in the C library cannot be interrupted: one that nobody waits for any more keeps its thread until it ends, but no
/// longer counts against the limit, so stuck names do not hold up the others. Threads exist while there is work.
///
/// Usable from any thread.
public final class NameResolver: Sendable {
    /// What answers a look-up: the addresses of a host, with port 0. Called on a thread of the resolver; may block.
    public typealias Source = @Sendable (_ host: String) -> Result<[SocketAddress], NameResolutionError>
    /// What receives an answer. Called on a thread of the resolver, or within `resolve` if the answer is at hand.
    public typealias Completion = @Sendable (Result<[SocketAddress], NameResolutionError>) -> Void

    private struct Waiter {
        let id: UInt64
        let port: UInt16
        let completion: Completion
    }

    /// A name that is being looked up, or waits to be.
    private struct Question {
        var waiters: [Waiter] = []
        var asked: Instant
        var isRunning = false
    }

    private struct Answer {
        let addresses: [SocketAddress]
        let expires: Instant
    }

    private struct State {
        var questions: [String: Question] = [:]
        var queue: [String] = []
        var answers: [String: Answer] = [:]
        var lastID: UInt64 = 0
        var threads = 0
        var isShutDown = false
        var ttl: Duration

        /// Threads whose answer somebody waits for.
        var wanted: Int { questions.values.count { $0.isRunning && !$0.waiters.isEmpty } }
    }

    private let threadLimit: Int
    private let source: Source
    private let state: OrderedMutex<State>

    /// Names whose answers are kept at most; beyond it, expired ones go first, then any.
    static let cacheLimit = 4096

    /// - Parameters:
    ///   - threads: look-ups at the same time that somebody waits for, at least 1. Abandoned ones that hang may hold as
    ///     many threads again three times over.
    ///   - ttl: how long an answer is good for, from when it was asked for.
    ///   - lookup: what to ask; the system's resolver (`getaddrinfo`) by default.
    public init(threads: Int = 16, ttl: Duration = .seconds(60), lookup: Source? = nil) {
        threadLimit = max(1, threads)
        state = OrderedMutex(State(ttl: ttl))
        source = lookup ?? { SystemLookup.addresses(of: $0) }
    }

    /// Asks for the addresses of `host`, each with `port`.
    ///
    /// `completion` is called at most once: at once, on this thread, for an IP literal or a kept answer; else on a
    /// thread of the resolver, or of who calls ``shutdown()``. It is not called after a ``Lookup/cancel()`` that came
    /// first.
    ///
    /// - Parameter now: the present, on the clock by which answers expire.
    public func resolve(
        _ host: String,
        port: UInt16,
        now: Instant,
        completion: @escaping Completion
    ) -> Lookup {
        if let literal = SocketAddress(ipLiteral: host, port: port) {
            completion(.success([literal]))
            return .answered
        }
        let step = state.withLock { state in
            ask(host, port: port, now: now, completion: completion, in: &state)
        }
        switch step {
        case .answered(let result):
            completion(result)
            return .answered
        case .waiting(let id, let startThread):
            if startThread { startWorker() }
            return Lookup { [weak self] in self?.withdraw(id, from: host) }
        }
    }

    /// Answers every question with the news of it, and forgets the kept answers. A look-up in the C library ends on its
    /// own time, on its own thread, unheard.
    public func shutdown() {
        let waiting = state.withLock { state in
            state.isShutDown = true
            defer { state.questions = [:] }
            state.queue = []
            state.answers = [:]
            return state.questions.flatMap { host, question in question.waiters.map { (host, $0) } }
        }
        for (host, waiter) in waiting { waiter.completion(Self.shutDown(host)) }
    }

    private static func shutDown(_ host: String) -> Result<[SocketAddress], NameResolutionError> {
        .failure(NameResolutionError(host: host, kind: .shutDown, detail: "shut down"))
    }

    /// How long answers are good for, those that are asked for from now on.
    public func setTTL(_ ttl: Duration) {
        state.withLock { $0.ttl = ttl }
    }

    /// Threads at work now, hung ones too.
    public var activeThreads: Int {
        state.withLock { $0.threads }
    }

    private enum Step {
        case answered(Result<[SocketAddress], NameResolutionError>)
        case waiting(id: UInt64, startThread: Bool)
    }

    private func ask(
        _ host: String,
        port: UInt16,
        now: Instant,
        completion: @escaping Completion,
        in state: inout State
    ) -> Step {
        guard !state.isShutDown else {
            return .answered(Self.shutDown(host))
        }
        if let kept = state.answers[host] {
            if now < kept.expires { return .answered(.success(kept.addresses.map { $0.withPort(port) })) }
            state.answers[host] = nil
        }
        state.lastID &+= 1
        let waiter = Waiter(id: state.lastID, port: port, completion: completion)
        if state.questions[host] != nil {
            state.questions[host]?.waiters.append(waiter)
            return .waiting(id: waiter.id, startThread: false)
        }
        state.questions[host] = Question(waiters: [waiter], asked: now)
        state.queue.append(host)
        let start = state.wanted < threadLimit && state.threads < threadLimit * 4
        if start { state.threads += 1 }
        return .waiting(id: waiter.id, startThread: start)
    }

    private func withdraw(_ id: UInt64, from host: String) {
        let startThread = state.withLock { state in
            guard let question = state.questions[host] else { return false }
            let rest = question.waiters.filter { $0.id != id }
            guard rest.count < question.waiters.count else { return false }
            if rest.isEmpty && !question.isRunning {
                state.questions[host] = nil
                state.queue.removeAll { $0 == host }
                return false
            }
            state.questions[host]?.waiters = rest
            // A hung look-up that nobody waits for makes room for a name that waits in the queue.
            guard !state.queue.isEmpty, state.wanted < threadLimit, state.threads < threadLimit * 4 else {
                return false
            }
            state.threads += 1
            return true
        }
        if startThread { startWorker() }
    }

    private func startWorker() {
        guard !DetachedThread.start({ self.work() }) else { return }
        // No thread to be had: another worker takes the queue, or every question in it fails now.
        let abandoned = state.withLock { state -> [(String, Question)] in
            state.threads -= 1
            guard state.threads == 0 else { return [] }
            let queued = state.queue.compactMap { host in state.questions.removeValue(forKey: host).map { (host, $0) } }
            state.queue = []
            return queued
        }
        for (host, question) in abandoned {
            let error = NameResolutionError(host: host, kind: .temporary, detail: "no thread for the look-up")
            for waiter in question.waiters { waiter.completion(.failure(error)) }
        }
    }

    private func work() {
        while let host = nextHost() {
            let result = source(host)
            for waiter in finish(host, result) {
                waiter.completion(result.map { addresses in addresses.map { $0.withPort(waiter.port) } })
            }
        }
    }

    private func nextHost() -> String? {
        state.withLock { state in
            guard !state.queue.isEmpty, state.wanted < threadLimit else {
                state.threads -= 1
                return nil
            }
            let host = state.queue.removeFirst()
            state.questions[host]?.isRunning = true
            return host
        }
    }

    private func finish(_ host: String, _ result: Result<[SocketAddress], NameResolutionError>) -> [Waiter] {
        state.withLock { state in
            guard let question = state.questions.removeValue(forKey: host) else { return [] }
            if case .success(let addresses) = result, state.ttl > .zero {
                makeRoom(in: &state, now: question.asked)
                state.answers[host] = Answer(addresses: addresses, expires: question.asked + state.ttl)
            }
            return question.waiters
        }
    }

    private func makeRoom(in state: inout State, now: Instant) {
        guard state.answers.count >= Self.cacheLimit else { return }
        state.answers = state.answers.filter { now < $0.value.expires }
        while state.answers.count >= Self.cacheLimit, let any = state.answers.keys.first {
            state.answers[any] = nil
        }
    }
}
