import ConnectionLifecycle
import HawserHTTP
import MonotonicTime

/// What the requests yield that dials and calls refer to: called for when somebody needs it, shared by all who do, and
/// called for again when it ends or a server refuses it.
///
/// An actor: it is asked once for each dial, never for a message.
actor CredentialStore {
    /// Which value of each request a dial or a call used.
    typealias Generations = [String: CredentialCache.Generation]

    /// What a dial or a call needs.
    struct Answers: Sendable {
        var values: [SecretReference: Secret] = [:]
        var generations: Generations = [:]
    }

    private struct Entry {
        let plan: RequestPlan
        let reader: AnswerReader
        let journal: RequestJournal
        /// Tells it from others of its name, before and after it.
        let serial: UInt64
        var cache = CredentialCache()
        var values: [SecretReference: Secret] = [:]
        var call: Task<Void, Never>?
        var failure = ""

        /// Whether an answer to the one is as good for the other.
        func isLike(_ other: Entry) -> Bool {
            plan.configuration == other.plan.configuration && Set(reader.places) == Set(other.reader.places)
        }
    }

    private var client: HTTPClient?
    private let secrets: SecretSources
    private let clock: SinkClock
    private var random = SystemRandomNumberGenerator()
    private var entries: [String: Entry]
    private var serial: UInt64 = 0
    private var isStopped = false

    /// A store of the requests of `plan` that others refer to.
    ///
    /// - Parameters:
    ///   - client: makes them; nil if there are none.
    ///   - journal: that of each request.
    init(
        _ plan: DaemonPlan,
        client: HTTPClient?,
        clock: SinkClock = .system,
        journal: (String) -> RequestJournal
    ) {
        self.client = client
        self.clock = clock
        secrets = plan.secrets
        entries = Self.entries(of: plan, serial: 0, journal)
    }

    /// Goes by another plan. What there is of a request that is as before is kept; a call for another one is given up, and
    /// whoever waits for it gets the answer of the new one.
    func apply(
        _ plan: DaemonPlan,
        client: HTTPClient?,
        isSameClient: Bool,
        _ journal: @Sendable (String) -> RequestJournal
    ) {
        guard !isStopped else { return }
        self.client = client
        serial += 1
        let before = entries
        entries = Self.entries(of: plan, serial: serial, journal)
        for (name, entry) in before {
            if isSameClient, let next = entries[name], next.isLike(entry) {
                entries[name] = entry
            } else {
                entry.call?.cancel()
            }
        }
    }

    private static func entries(
        of plan: DaemonPlan,
        serial: UInt64,
        _ journal: (String) -> RequestJournal
    ) -> [String: Entry] {
        let places = Dictionary(grouping: plan.requestReferences) { $0.request?.name ?? "" }
        let called = plan.requests.filter { plan.calledRequests.contains($0.name) }
        let entries = called.map { request in
            let reader = AnswerReader(places: places[request.name] ?? [], lifetime: request.configuration.lifetime)
            return (request.name, Entry(plan: request, reader: reader, journal: journal(request.name), serial: serial))
        }
        return Dictionary(entries) { first, _ in first }
    }

    /// The present values of `references`, all of them references to requests.
    ///
    /// - Throws: `CredentialFailure`: which request has no good answer, and why.
    func answers(for references: [SecretReference]) async throws(CredentialFailure) -> Answers {
        var answers = Answers()
        for name in Set(references.compactMap { $0.request?.name }).sorted() {
            let (generation, values) = try await value(of: name)
            answers.generations[name] = generation
            answers.values.merge(values) { $1 }
        }
        return answers
    }

    /// A server refused what was made with these: the next who needs them gets new ones.
    ///
    /// - Returns: the requests that will be made again because of this; none that others have renewed since.
    @discardableResult
    func refused(_ generations: Generations) -> [String] {
        generations.keys.sorted().filter { entries[$0]?.cache.refused(generations[$0] ?? 0) == true }
    }

    /// Makes the request `name` now, whatever is kept of it, and keeps nothing of its answer.
    ///
    /// - Throws: `CredentialFailure`.
    func call(_ name: String) async throws(CredentialFailure) {
        guard let entry = entries[name], !isStopped else { throw CredentialFailure(request: name, problem: "it ends") }
        _ = try await response(to: entry)
    }

    /// Gives up what is under way.
    func stop() async {
        isStopped = true
        let calls = entries.values.compactMap(\.call)
        for call in calls { call.cancel() }
        for call in calls { await call.value }
    }

    // MARK: One request

    private func value(
        of name: String
    ) async throws(CredentialFailure) -> (CredentialCache.Generation, [SecretReference: Secret]) {
        while !isStopped {
            guard let demand = entries[name]?.cache.demand(now: clock.now()) else {
                throw CredentialFailure(request: name, problem: "there is no such request")
            }
            switch demand {
            case .ready(let generation):
                return (generation, entries[name]?.values ?? [:])
            case .call:
                entries[name]?.call = Task { await self.renew(name) }
                await entries[name]?.call?.value
            case .wait:
                await entries[name]?.call?.value
            case .failing(let until):
                let seconds = max(clock.now().duration(to: until), .zero).shortText
                let failure = entries[name]?.failure ?? ""
                throw CredentialFailure(request: name, problem: "\(failure) (next call in \(seconds))")
            }
        }
        throw CredentialFailure(request: name, problem: "given up: the daemon ends")
    }

    private func renew(_ name: String) async {
        guard let entry = entries[name] else { return }
        let began = clock.now()
        // A reload may have put another one in its place meanwhile.
        var isCurrent: Bool { entries[name]?.serial == entry.serial }
        do {
            let (values, lifetime) = try entry.reader.read(try await response(to: entry))
            guard isCurrent else { return }
            entries[name]?.values = values
            entries[name]?.cache.succeeded(lifetime: lifetime, began: began)
        } catch {
            guard isCurrent else { return }
            let fault = (error as? AnswerReader.Fault)?.problem
            if let fault { entry.journal.failed(fault, "answer", [:]) }
            entries[name]?.failure = fault ?? (error as? CredentialFailure)?.problem ?? "\(error)"
            entries[name]?.cache.failed(now: clock.now(), using: &random)
        }
        entries[name]?.call = nil
    }

    /// One call, with its attempts.
    ///
    /// - Returns: the content of an answer whose status is from 200 to 299.
    private func response(to entry: Entry) async throws(CredentialFailure) -> [UInt8] {
        let journal = entry.journal
        let name = entry.plan.name
        guard let client else { throw CredentialFailure(request: name, problem: "there is no client for it") }
        var redaction = Redaction()
        do {
            let needed = try await answers(for: entry.plan.requestReferences)
            let call = try await entry.plan.callWithoutBlocking(using: secrets.with(.values(needed.values)))
            redaction = call.redaction
            journal.begins(redaction)
            let response = try await client.execute(call.request)
            journal.answered(response.head, response.timings, bytes: response.bytes.count)
            if [401, 403].contains(response.status) { refused(needed.generations) }
            guard (200..<300).contains(response.status) else {
                throw CredentialFailure(request: name, problem: "the server answered \(response.status)")
            }
            return response.bytes
        } catch let failure as CredentialFailure {
            throw failure
        } catch is CancellationError {
            throw CredentialFailure(request: name, problem: "given up: the daemon ends")
        } catch {
            journal.failed("\(error)", FetchReport.cause(of: error), [:])
            throw CredentialFailure(request: name, problem: redaction.applied(to: "\(error)"))
        }
    }
}

/// A request that has no good answer now. Tells no secret.
struct CredentialFailure: Error, CustomStringConvertible {
    let request: String
    let problem: String

    /// For a log line.
    var description: String { "no credential from the request \"\(request)\": \(problem)" }
}
