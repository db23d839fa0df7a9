import Glibc
import MonotonicTime
import WebSocketProtocol

/// One call of a client: its attempts, and the redirects within each.
final class HTTPCall {
    /// Performs one exchange; gives its head, its timings, and what else the caller wants of it.
    typealias Perform<Value> = (ExchangeRequest) async throws -> (ExchangeHead, RequestTimings, Value)

    private let request: HTTPRequest
    private let client: HTTPClient
    private let timeouts: HTTPTimeouts
    private let beganAt: Instant
    private let end: Instant?
    private let authorization: HTTPAuthorization?
    private let fields: [HTTPFields.Line]
    private var machine: RetryMachine
    private var lastTimings = RequestTimings()
    // Of the exchange at hand.
    private(set) var method: HTTPMethod
    private var url: HTTPURL

    init(_ request: HTTPRequest, _ client: HTTPClient) throws(HTTPError) {
        self.request = request
        self.client = client
        method = request.method
        url = request.url
        timeouts = request.timeouts ?? client.configuration.timeouts
        beganAt = client.engine.now
        end = timeouts.total.map { [beganAt] in beganAt + $0 }
        machine = RetryMachine(
            request.retry ?? client.configuration.retry,
            method: request.method,
            isReplayable: request.content.isReplayable
        )
        var authorization = request.authorization ?? client.configuration.authorization
        if authorization == nil, let (user, password) = request.url.credentials {
            authorization = .basic(user: user, password: password)
        }
        self.authorization = authorization
        fields = try Self.fields(request, client.commonFields, authorization)
    }

    /// Runs the attempts until one is good, or none is left.
    func run<Value>(_ perform: Perform<Value>) async throws -> (HTTPResponseHead, Value) {
        var generator = SystemRandomNumberGenerator()
        while true {
            let outcome: RetryMachine.Outcome
            let result: Result<(HTTPResponseHead, Value), any Error>
            do {
                let answer = try await attempt(perform)
                // By far the most answers are good, and nobody asks for their fields.
                let after = answer.0.isSuccess ? nil : Self.retryAfter(answer.0)
                outcome = .answered(answer.0.status, retryAfter: after)
                result = .success(answer)
            } catch let failure as ExchangeFailure {
                lastTimings = failure.timings
                guard let cause = Self.cause(of: failure.kind) else { throw failure }
                outcome = .failed(cause)
                result = .failure(failure)
            }
            let left = end.map { $0 - client.engine.now }
            guard let (delay, cause) = machine.ended(outcome, left: left, using: &generator) else {
                return try result.get()
            }
            if case .success(let answer) = result { await Self.discard(answer.1) }
            client.configuration.observer?
                .requestRetries(request, attempt: machine.attempts + 1, after: delay, because: cause)
            try await client.engine.wait(for: delay)
        }
    }

    /// An answer that is not wanted is closed before the next attempt.
    private static func discard(_ value: some Any) async {
        if let exchange = value as? OpenExchange { _ = await exchange.close() }
    }

    /// One attempt with its redirects.
    private func attempt<Value>(_ perform: Perform<Value>) async throws -> (HTTPResponseHead, Value) {
        method = request.method
        url = request.url
        var keepsContent = true
        var keepsCredentials = true
        var visited: [String] = []
        let policy = request.redirects ?? client.configuration.redirects
        while true {
            let exchange = self.exchange(keepsContent: keepsContent, keepsCredentials: keepsCredentials)
            let (head, value) = try await sendOnce(exchange, keepsContent, perform)
            let decision = policy.decide(head, method: method, url: url, visited: visited)
            switch decision {
            case .answer:
                let full = HTTPResponseHead(
                    status: head.status,
                    version: head.version,
                    block: head.block,
                    url: url,
                    redirects: visited.count
                )
                return (full, value)
            case .fail(let problem):
                await Self.discard(value)
                throw ExchangeFailure(kind: .redirect(problem), timings: lastTimings)
            case .follow(let hop):
                await Self.discard(value)
                keepsContent = keepsContent && hop.keepsContent
                guard !keepsContent || request.content.isReplayable else {
                    throw ExchangeFailure(kind: .redirect(.cannotRepeat), timings: lastTimings)
                }
                // Once they are dropped they stay so, also on the way back.
                keepsCredentials = keepsCredentials && hop.keepsCredentials
                visited.append(RedirectPolicy.visit(method, url))
                method = hop.method
                url = hop.url
            }
        }
    }

    /// One exchange; once more on a new connection if a kept one turned out to be dead.
    private func sendOnce<Value>(
        _ exchange: ExchangeRequest,
        _ keepsContent: Bool,
        _ perform: Perform<Value>
    ) async throws -> (ExchangeHead, Value) {
        do {
            let (head, timings, value) = try await send(exchange, keepsContent, perform)
            lastTimings = timings
            return (head, value)
        } catch let failure as ExchangeFailure where failure.isStale {
            let mayRepeat = method.isIdempotent && (!keepsContent || request.content.isReplayable)
            guard mayRepeat else { throw failure }
            var fresh = exchange
            fresh.isFresh = true
            let (head, timings, value) = try await send(fresh, keepsContent, perform)
            lastTimings = timings
            return (head, value)
        }
    }

    /// Sends content from a source in a task beside the exchange.
    private func send<Value>(
        _ exchange: ExchangeRequest,
        _ keepsContent: Bool,
        _ perform: Perform<Value>
    ) async throws -> (ExchangeHead, RequestTimings, Value) {
        guard keepsContent, let source = request.content.source else { return try await perform(exchange) }
        let pipe = UploadPipe()
        var exchange = exchange
        exchange.content = .pipe(pipe, length: source.length)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await pipe.fill(from: source.stream) }
            defer { pipe.close() }
            return try await perform(exchange)
        }
    }

    private func exchange(keepsContent: Bool, keepsCredentials: Bool) -> ExchangeRequest {
        let configuration = client.configuration
        var exchange = ExchangeRequest(
            method: method,
            url: url.withoutUserinfo,
            fields: fields,
            timeouts: timeouts,
            end: end
        )
        if !keepsContent {
            exchange.fields.removeAll { RedirectPolicy.contentFields.contains($0.name.lowercased()) }
        }
        if !keepsCredentials {
            exchange.fields.removeAll { RedirectPolicy.credentialFields.contains($0.name.lowercased()) }
        }
        exchange.limit = configuration.responseLimit
        if keepsContent, let bytes = request.content.bytes { exchange.content = .bytes(bytes) }
        if keepsCredentials, case .digest(let user, let password)? = authorization {
            exchange.digest = (user, password)
        }
        switch request.proxy ?? configuration.proxy {
        case .direct: break
        case .environment(let environment): exchange.proxy = environment.proxy(for: url)
        case .server(let server): exchange.proxy = server
        }
        return exchange
    }

    /// The lines of the first exchange, checked.
    private static func fields(
        _ request: HTTPRequest,
        _ common: [HTTPFields.Line],
        _ authorization: HTTPAuthorization?
    ) throws(HTTPError) -> [HTTPFields.Line] {
        let type = request.content.type
        // Most requests have nothing of their own; the lines of the client are checked already.
        if request.headers.lines.isEmpty && authorization == nil && type == nil { return common }
        var lines = common.filter { line in !request.headers.lines.contains { $0.isNamed(line.name) } }
        lines += request.headers.lines
        if let type, !lines.contains(where: { $0.isNamed("Content-Type") }) {
            lines.append(HTTPFields.Line(name: "Content-Type", value: type))
        }
        if let value = authorization?.field, !request.headers.lines.contains(where: { $0.isNamed("Authorization") }) {
            lines.removeAll { $0.isNamed("Authorization") }
            lines.append(HTTPFields.Line(name: "Authorization", value: value))
        }
        if let problem = problem(of: lines) {
            throw HTTPError(.invalidRequest(problem), method: request.method, url: request.url)
        }
        return lines
    }

    /// What is wrong with the lines of a request; nil if nothing is.
    static func problem(of lines: [HTTPFields.Line]) -> String? {
        for line in lines {
            guard HTTPSyntax.isToken(line.name.utf8) else { return "a field's name is not a token" }
            guard line.value.utf8.allSatisfy(HTTPSyntax.isTextCharacter) else {
                return "the field \(line.name) has a control character in its value"
            }
        }
        return nil
    }

    private static func retryAfter(_ head: HTTPResponseHead) -> Duration? {
        head.headers["Retry-After"].flatMap { RetryAfter.parse($0, date: Int64(time(nil))) }
    }

    /// What may be tried again, and as what; nil for what would fail again.
    private static func cause(of kind: HTTPError.Kind) -> RetryCause? {
        switch kind {
        case .cannotConnect: .connect
        case .nameLookup(let error): error.kind == .temporary ? .connect : nil
        case .connectionLost: .lost
        case .timedOut(let stage, _): stage == .total ? nil : .timeout
        default: nil
        }
    }

    // MARK: The end

    /// How often the request was sent so far.
    var attempts: Int { max(1, machine.attempts) }

    /// Fills in what holds for the whole call.
    func complete(_ timings: inout RequestTimings) {
        timings.total = client.engine.now - beganAt
        timings.attempts = attempts
    }

    /// The error for the caller; the observer hears of it.
    func failed(_ error: any Error) -> any Error {
        var timings = lastTimings
        complete(&timings)
        var result = error
        if let failure = error as? ExchangeFailure {
            result = HTTPError(failure.kind, method: method, url: url, attempts: timings.attempts)
        }
        client.configuration.observer?.requestEnded(request, .failure(result), timings)
        return result
    }
}
