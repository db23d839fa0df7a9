import MonotonicTime
import Transport

/// What is done with a request.
enum MockAnswer {
    case response(ServerResponse)
    case delayed(ServerResponse, by: Duration)
    case stream(MockStream)
    /// The request itself as JSON, or only how much content it had.
    case echo(countsOnly: Bool)
    /// A WebSocket session, if the request is a sound opening handshake.
    case session(any ServerSession)
}

/// The paths of a ``MockServer``, and what it remembers of earlier requests. Confined to the loop.
final class MockRoutes {
    let limits: MockLimits
    private let loop: EventLoop
    private var failures = BoundedTable<Int>(capacity: MockLimits.keys)
    private var refusals = BoundedTable<Instant>(capacity: MockLimits.keys)

    init(loop: EventLoop, limits: MockLimits) {
        self.loop = loop
        self.limits = limits
    }

    /// The answer to a request whose head has come.
    ///
    /// - Parameter client: the address it came from.
    func answer(_ head: HTTPRequestHead, client: @autoclosure () -> String, now: Instant) -> MockAnswer {
        let parts = head.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        if head.path == "*" { return Self.options(head, nil) }
        let isOnlyRead = parts.count == 1 ? parts[0].isEmpty : ["user", "bytes", "stream"].contains(parts[0])
        if parts.count <= 2, isOnlyRead, head.method != "GET", head.method != "HEAD" {
            return Self.options(head, "GET, HEAD, OPTIONS")
        }
        do {
            switch (parts.first, parts.count) {
            case ("", 1): return .response(page(head))
            case ("user", 2): return .response(.json("{\"id\": \(try Self.number(parts[1], "id", 0...Int.max))}"))
            case ("status", 2): return .response(try Self.status(parts[1]))
            case ("delay", 2): return try Self.delay(parts[1])
            case ("bytes", 2): return .stream(.bytes(try Self.number(parts[1], "n", 0...MockLimits.bytes)))
            case ("stream", 2): return .stream(try Self.lines(parts[1], head, now))
            case ("redirect", 2): return .response(try Self.redirect(parts[1], head))
            case ("echo", 1): return .echo(countsOnly: try Self.choice(head, "content", ["all", "count"]) == "count")
            case ("flaky", 2): return .response(try flaky(parts[1], head))
            case ("retry-after", 2): return .response(try retryAfter(parts[1], head, client(), now))
            case ("ws", 2): return try session(parts[1], head)
            default: return .response(.text("there is nothing at \(head.path); / lists what there is", status: 404))
            }
        } catch {
            return .response(.text(error.reason, status: error.status))
        }
    }

    /// RFC 9110 section 9.3.7, and 405 for what is not allowed.
    private static func options(_ head: HTTPRequestHead, _ allowed: String?) -> MockAnswer {
        let allowed = allowed ?? "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
        if head.method == "OPTIONS" { return .response(.text("", status: 204).with("Allow", allowed)) }
        return .response(
            .text("\(head.method) is not for this path, \(allowed) are", status: 405).with("Allow", allowed)
        )
    }

    // MARK: Paths

    private func page(_ head: HTTPRequestHead) -> ServerResponse {
        guard head["Accept"]?.contains("application/json") == true else {
            return ServerResponse(
                status: 200,
                contentType: "text/plain; charset=utf-8",
                content: Array(MockPage.text(limits).utf8)
            )
        }
        return .json(MockPage.json(limits))
    }

    private static func status(_ code: Substring) throws(HTTPRequestFault) -> ServerResponse {
        let code = try number(code, "code", 200...599)
        // 205 has no content, and says so (RFC 9110 section 15.3.6).
        if code == 205 { return ServerResponse(status: 205, contentType: "text/plain; charset=utf-8", content: []) }
        return .text("\(code) \(ServerResponse.reasonPhrase(code))", status: code)
    }

    private static func delay(_ milliseconds: Substring) throws(HTTPRequestFault) -> MockAnswer {
        let milliseconds = try number(milliseconds, "ms", 0...MockLimits.milliseconds)
        return .delayed(.json("{\"delay_ms\":\(milliseconds)}"), by: .milliseconds(milliseconds))
    }

    private static func lines(
        _ count: Substring,
        _ head: HTTPRequestHead,
        _ now: Instant
    ) throws(HTTPRequestFault) -> MockStream {
        let count = try number(count, "n", 0...MockLimits.lines)
        let interval = try number(head.queryItem("every") ?? "0", "every", 0...MockLimits.milliseconds)
        return .lines(count, every: .milliseconds(interval), from: now)
    }

    private static func redirect(_ count: Substring, _ head: HTTPRequestHead) throws(HTTPRequestFault) -> ServerResponse
    {
        let count = try number(count, "n", 0...MockLimits.redirects)
        let status = try number(
            try choice(head, "status", ["302", "301", "303", "307", "308"]),
            "status",
            301...308
        )
        let end = head.queryItem("to")
        if let end, end.isEmpty || !end.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw HTTPRequestFault(400, "to has to be a URL, percent-encoded")
        }
        guard count > 0 else { return .json("{\"redirects_left\":0}") }
        let next = "/redirect/\(count - 1)" + (head.query.isEmpty ? "" : "?\(head.query)")
        let location = count == 1 ? end ?? next : next
        return .text("go to \(location)", status: status).with("Location", location)
    }

    private func flaky(_ count: Substring, _ head: HTTPRequestHead) throws(HTTPRequestFault) -> ServerResponse {
        let count = try Self.number(count, "n", 0...MockLimits.failures)
        let key = "\(count)?\(try Self.key(head))"
        let attempt = min((failures[key] ?? 0) + 1, MockLimits.failures + 1)
        failures.set(attempt, for: key)
        return .json("{\"attempt\":\(attempt),\"failures\":\(count)}", status: attempt > count ? 200 : 503)
    }

    private func retryAfter(
        _ seconds: Substring,
        _ head: HTTPRequestHead,
        _ client: String,
        _ now: Instant
    ) throws(HTTPRequestFault) -> ServerResponse {
        let seconds = try Self.number(seconds, "s", 0...MockLimits.retrySeconds)
        let key = "\(client) \(seconds)?\(try Self.key(head))"
        if let refused = refusals[key], now < refused + .seconds(seconds + 60) {
            let waited = (now - refused).saturatedNanoseconds / 1_000_000
            let isEarly = now < refused + .seconds(seconds)
            return .json("{\"retry_after\":\(seconds),\"waited_ms\":\(waited),\"early\":\(isEarly)}")
        }
        refusals.set(now, for: key)
        return .json("{\"retry_after\":\(seconds)}", status: 429).with("Retry-After", String(seconds))
    }

    private func session(_ name: Substring, _ head: HTTPRequestHead) throws(HTTPRequestFault) -> MockAnswer {
        switch name {
        case "echo": return .session(EchoSession())
        case "silent": return .session(SilentSession())
        case "ticker", "drop":
            let rate = try Self.number(head.queryItem("rate") ?? "10", "rate", 1...MockLimits.rate)
            let cut = name == "drop" ? try Self.cut(head.queryItem("after") ?? "10") : .never
            return .session(TickerSession(loop: loop, every: .seconds(1) / rate, cut: cut))
        default: return .response(.text("the WebSockets are /ws/echo, ticker, silent and drop", status: 404))
        }
    }

    // MARK: Parameters

    private static func cut(_ text: String) throws(HTTPRequestFault) -> TickerSession.Cut {
        if text.hasSuffix("ms") {
            return .after(.milliseconds(try number(text.dropLast(2), "after", 0...MockLimits.milliseconds)))
        }
        if text.hasSuffix("s") {
            return .after(.seconds(try number(text.dropLast(), "after", 0...MockLimits.milliseconds / 1000)))
        }
        return .afterMessages(try number(text, "after", 0...1_000_000_000))
    }

    private static func number(
        _ text: some StringProtocol,
        _ name: String,
        _ range: ClosedRange<Int>
    ) throws(HTTPRequestFault) -> Int {
        guard let number = PercentCoding.decimal(text.utf8), range.contains(number) else {
            let end = range.upperBound == .max ? "10^18 - 1" : "\(range.upperBound)"
            throw HTTPRequestFault(400, "\(name) has to be a whole number from \(range.lowerBound) to \(end)")
        }
        return number
    }

    /// The first choice is the default.
    private static func choice(
        _ head: HTTPRequestHead,
        _ name: String,
        _ choices: [String]
    ) throws(HTTPRequestFault) -> String {
        guard let value = head.queryItem(name) else { return choices[0] }
        guard choices.contains(value) else {
            throw HTTPRequestFault(400, "\(name) has to be one of \(choices.joined(separator: ", "))")
        }
        return value
    }

    private static func key(_ head: HTTPRequestHead) throws(HTTPRequestFault) -> String {
        let key = head.queryItem("key") ?? ""
        guard key.utf8.count <= MockLimits.keyLength else {
            throw HTTPRequestFault(400, "key has to be at most \(MockLimits.keyLength) bytes")
        }
        return key
    }
}
