import Glibc
import HawserHTTP
import HawserWebSocket
import MonotonicTime
import Transport
import WebSocketProtocol

/// Makes one request when it is due, one call after the other, and hands what becomes of each to its sinks.
///
/// Used by one task.
struct ScheduledRequest: Sendable {
    /// How soon it is asked again whether a full sink has room.
    private static let blockedRetry = Duration.milliseconds(250)

    let plan: RequestPlan
    /// Its index in the records.
    let index: UInt32
    let numbers: RequestNumbers
    let client: HTTPClient
    let secrets: SecretSources
    let credentials: CredentialStore
    let loop: EventLoop
    let records: LoopBound<LoopRecords>
    let journal: RequestJournal
    let clock: SinkClock

    /// Runs until its task is cancelled, or nothing is due any more.
    func run() async {
        let schedule = RequestSchedule(every: plan.configuration.every, atStart: plan.configuration.atStart)
        var due = schedule.first(clock.now(), draw: .random(in: 0...1))
        while let next = due {
            let delay = clock.now().duration(to: next)
            if delay > .zero { guard (try? await Task.sleep(for: delay)) != nil else { return } }
            guard await waitForRoom() else { return }
            let began = clock.now()
            let retryAfter = await makeCall(numbers.draw(for: plan.name))
            if Task.isCancelled { return }
            due = schedule.next(after: began, clock.now(), retryAfter: retryAfter, draw: .random(in: 0...1))
        }
    }

    /// With nowhere to put its answer a request is not made.
    ///
    /// - Returns: whether there is room; false: the task is cancelled.
    private func waitForRoom() async -> Bool {
        let sinks = plan.configuration.sinks
        while await loop.run({ [records] in !records.value.outlet(to: sinks).blockedBy.isEmpty }) {
            guard (try? await Task.sleep(for: Self.blockedRetry)) != nil else { return false }
        }
        return !Task.isCancelled
    }

    /// One call, with its attempts.
    ///
    /// - Returns: how long the server wants to be left alone.
    private func makeCall(_ number: UInt64) async -> Duration? {
        let began = clock.now()
        var redaction = Redaction()
        var members = JSONMembers(isContinued: true)
        var retryAfter: Duration?
        do {
            let needed = try await credentials.answers(for: plan.requestReferences)
            let call = try await plan.callWithoutBlocking(using: secrets.with(.values(needed.values)))
            redaction = call.redaction
            journal.begins(redaction)
            let response = try await client.execute(call.request)
            journal.answered(response.head, response.timings, bytes: response.bytes.count)
            if [401, 403].contains(response.status) { await credentials.refused(needed.generations) }
            members.number("status", response.status)
            members.times(response.timings)
            members.content(response.bytes, isJSON: response.isJSON)
            if response.status == 429 || response.status == 503 {
                retryAfter = response.headers["Retry-After"].flatMap { RetryAfter.parse($0, date: Int64(time(nil))) }
            }
        } catch {
            let total = began.duration(to: clock.now())
            let attempts = (error as? HTTPError)?.attempts ?? 0
            let cause = FetchReport.cause(of: error)
            if error is CancellationError {
                journal.cancelled()
            } else {
                let fields: [LogField: (any LogValue)?] = [
                    .attempts: attempts, .totalMilliseconds: Int(total.milliseconds),
                ]
                journal.failed(Self.words(error), cause, fields)
            }
            members.text("error", redaction.applied(to: Self.words(error)))
            members.text("cause", cause)
            members.number("attempts", attempts)
            members.milliseconds("total_ms", total)
        }
        await record(members.encoded(), number)
        return retryAfter
    }

    /// What to tell of `error`: in words of the configuration where the client's are those of its interface.
    private static func words(_ error: any Error) -> String {
        if error is CancellationError { return "given up: the daemon ends, or a reload changes the request" }
        guard let error = error as? HTTPError, case .tooLarge(let limit) = error.kind else { return "\(error)" }
        let subject = [error.method?.name, error.url?.redacted].compactMap(\.self).joined(separator: " ")
        return "\(subject): the answer has more than \(limit) bytes (limits.message_size)"
    }

    private func record(_ members: [UInt8], _ number: UInt64) async {
        let now = clock.wallNanoseconds()
        let sinks = plan.configuration.sinks
        await loop.run { [records, index] in
            records.value.outlet(to: sinks).append(answer: members, number: number, request: index, now: now)
        }
    }
}

extension HTTPResponse {
    /// Whether its content says that it is JSON (RFC 8259 section 11, RFC 6839 section 3.1).
    var isJSON: Bool {
        let type = (headers["Content-Type"] ?? "").lowercased().prefix { $0 != ";" && $0 != " " }
        return type == "application/json" || type.hasSuffix("+json") || type == "text/json"
    }
}
