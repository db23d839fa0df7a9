import HawserHTTP
import Locking
import NameResolution
import Transport

/// The requests of a run, and the client that they share; a reload adds some, changes some and removes some.
///
/// Usable from any thread.
final class RequestSet: Sendable {
    private struct State {
        var client: HTTPClient?
        var tasks: [String: Task<Void, Never>] = [:]
        var isStopped = false
    }

    private let resolver: NameResolver
    private let loop: EventLoop
    private let records: LoopBound<LoopRecords>
    private let logger: EventLogger
    private let numbers = RequestNumbers()
    private let journals = RequestJournals()
    private let state: OrderedMutex<State>
    /// What is made when a dial or a call needs it.
    let credentials: CredentialStore

    /// Makes the client, if any request is made by the clock or for others.
    ///
    /// - Parameters:
    ///   - resolver: shared with the subscriptions.
    ///   - loop: through whose records the answers go.
    /// - Throws: what of the machine the client lacks.
    init(
        _ plan: DaemonPlan,
        resolver: NameResolver,
        loop: EventLoop,
        records: LoopBound<LoopRecords>,
        logger: EventLogger
    ) throws(HTTPError) {
        self.resolver = resolver
        self.loop = loop
        self.records = records
        self.logger = logger
        let client = try Self.makeClient(for: plan, resolver, journals)
        state = OrderedMutex(State(client: client))
        credentials = CredentialStore(plan, client: client) { [journals] in journals.journal(of: $0, logger) }
    }

    /// A client for `plan`; nil if it makes no request by the clock or for others, so that none costs a thread.
    ///
    /// - Throws: what of the machine the client lacks.
    func makeClient(for plan: DaemonPlan) throws(HTTPError) -> HTTPClient? {
        try Self.makeClient(for: plan, resolver, journals)
    }

    private static func makeClient(
        for plan: DaemonPlan,
        _ resolver: NameResolver,
        _ journals: RequestJournals
    ) throws(HTTPError) -> HTTPClient? {
        guard plan.makesRequests else { return nil }
        var configuration = plan.http
        configuration.resolver = resolver
        configuration.observer = journals
        return try HTTPClient(configuration)
    }

    /// Whether the client of `plan` does what that of `earlier` does.
    static func sharesClient(_ plan: DaemonPlan, _ earlier: DaemonPlan) -> Bool {
        let (one, other) = (plan.http, earlier.http)
        return one.pool == other.pool && one.proxy == other.proxy && one.tls == other.tls
            && one.responseLimit == other.responseLimit && plan.makesRequests == earlier.makesRequests
    }

    /// Has dials and calls get what they refer to from the requests of `plan`, from now on.
    ///
    /// - Parameter client: as for `apply`, which has to follow.
    func prepare(_ plan: DaemonPlan, _ client: Client) async {
        let present = state.withLock { $0.client }
        let journal = { @Sendable [journals, logger] (name: String) in journals.journal(of: name, logger) }
        switch client {
        case .same: await credentials.apply(plan, client: present, isSameClient: true, journal)
        case .other(let client): await credentials.apply(plan, client: client, isSameClient: false, journal)
        }
    }

    /// Makes each request of `plan` when it is due, from now on; those that are made already go on.
    func start(_ plan: DaemonPlan, _ slots: RecordSlots) {
        state.withLock { state in
            guard !state.isStopped, let client = state.client else { return }
            for request in plan.requests where !request.configuration.isIdle && state.tasks[request.name] == nil {
                let scheduled = ScheduledRequest(
                    plan: request,
                    index: slots.index(of: .request(request.name)),
                    numbers: numbers,
                    client: client,
                    secrets: plan.secrets,
                    credentials: credentials,
                    loop: loop,
                    records: records,
                    journal: journals.journal(of: request.name, logger),
                    clock: .system
                )
                state.tasks[request.name] = Task { await scheduled.run() }
            }
        }
    }

    /// Gives up calls of those that are gone or changed, and goes on with those of `plan`.
    ///
    /// - Parameter client: what they share from now on, unless that is what they share already.
    func apply(
        _ change: NamedChange<RequestConfiguration>,
        _ plan: DaemonPlan,
        _ slots: RecordSlots,
        _ client: Client
    ) async {
        switch client {
        case .same:
            await cancel(take(change.changed.map(\.name) + change.removed))
        case .other(let client):
            await cancel(take(nil))
            let earlier = state.withLock { state in
                defer { state.client = client }
                return state.client
            }
            await earlier?.shutdown()
            if state.withLock({ $0.isStopped }) { await client?.shutdown() }
        }
        journals.forget(change.removed)
        start(plan, slots)
    }

    /// The client of a new plan.
    enum Client: Sendable {
        case same
        case other(HTTPClient?)
    }

    /// Gives up what is under way; every answer is handed over when it returns.
    func stop() async {
        let running = take(nil)
        state.withLock { $0.isStopped = true }
        for task in running { task.cancel() }
        await credentials.stop()
        await cancel(running + take(nil))
        await state.withLock { $0.client }?.shutdown()
    }

    /// Takes out the tasks of these names; all if nil.
    private func take(_ names: [String]?) -> [Task<Void, Never>] {
        state.withLock { state in
            (names ?? Array(state.tasks.keys)).compactMap { state.tasks.removeValue(forKey: $0) }
        }
    }

    private func cancel(_ tasks: [Task<Void, Never>]) async {
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}

/// The journals of the requests, by name; passes on to each what the client says of its request.
private final class RequestJournals: HTTPObserver {
    private let journals = OrderedMutex<[String: RequestJournal]>([:])

    /// The journal of `name`, the one of before if there is one.
    func journal(of name: String, _ logger: EventLogger) -> RequestJournal {
        journals.withLock { journals in
            let journal = journals[name] ?? RequestJournal(request: name, logger: logger)
            journals[name] = journal
            return journal
        }
    }

    func forget(_ names: [String]) {
        journals.withLock { journals in for name in names { journals[name] = nil } }
    }

    func requestEnded(
        _ request: HTTPRequest,
        _ outcome: Result<HTTPResponseHead, any Error>,
        _ timings: RequestTimings
    ) {}

    func requestRetries(_ request: HTTPRequest, attempt: Int, after delay: Duration, because cause: RetryCause) {
        let journal = request.label.flatMap { label in journals.withLock { $0[label] } }
        journal?.retries(attempt: attempt, after: delay, because: cause)
    }
}
