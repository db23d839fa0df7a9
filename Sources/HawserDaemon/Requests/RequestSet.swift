import HawserHTTP
import Locking
import NameResolution
import Transport

/// The requests of a run, and the client that they share.
final class RequestSet: Sendable {
    private let client: HTTPClient
    private let scheduled: [ScheduledRequest]
    private let tasks = OrderedMutex<[Task<Void, Never>]>([])

    /// Makes the client; nil if no request is made by the clock, so that none costs a thread.
    ///
    /// - Parameters:
    ///   - resolver: shared with the subscriptions.
    ///   - loop: through whose records the answers go.
    /// - Throws: what of the machine the client lacks.
    init?(
        _ plan: DaemonPlan,
        resolver: NameResolver,
        loop: EventLoop,
        records: LoopBound<LoopRecords>,
        logger: EventLogger
    ) throws(HTTPError) {
        let due = plan.requests.filter { !$0.configuration.isIdle }
        guard !due.isEmpty else { return nil }
        var journals: [String: RequestJournal] = [:]
        for request in due { journals[request.name] = RequestJournal(request: request.name, logger: logger) }
        var configuration = plan.http
        configuration.resolver = resolver
        configuration.observer = Observer(journals: journals)
        let client = try HTTPClient(configuration)
        self.client = client
        scheduled = due.compactMap { request in
            journals[request.name].map { journal in
                ScheduledRequest(
                    plan: request,
                    client: client,
                    secrets: plan.secrets,
                    loop: loop,
                    records: records,
                    journal: journal,
                    clock: .system
                )
            }
        }
    }

    /// Makes each when it is due, from now on.
    func start() {
        tasks.withLock { tasks in
            tasks = scheduled.map { request in Task { await request.run() } }
        }
    }

    /// Gives up what is under way; every answer is handed over when it returns.
    func stop() async {
        let running = tasks.withLock { tasks in
            defer { tasks = [] }
            return tasks
        }
        for task in running { task.cancel() }
        for task in running { await task.value }
        await client.shutdown()
    }

    /// Passes on what the client says of a request to the journal of that request.
    private struct Observer: HTTPObserver {
        let journals: [String: RequestJournal]

        func requestEnded(
            _ request: HTTPRequest,
            _ outcome: Result<HTTPResponseHead, any Error>,
            _ timings: RequestTimings
        ) {}

        func requestRetries(
            _ request: HTTPRequest,
            attempt: Int,
            after delay: Duration,
            because cause: RetryCause
        ) {
            request.label.flatMap { journals[$0] }?.retries(attempt: attempt, after: delay, because: cause)
        }
    }
}
