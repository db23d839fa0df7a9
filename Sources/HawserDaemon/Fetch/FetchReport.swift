import HawserHTTP

/// What came of a request, as a line of JSON.
struct FetchReport: ~Copyable {
    private var members = JSONMembers()

    init() {}

    /// An answer; `content` is left out if it is nil.
    mutating func answered(_ head: HTTPResponseHead, _ timings: RequestTimings, content: [UInt8]?) {
        members.number("status", head.status)
        members.text("version", head.version)
        members.text("url", "\(head.url)")
        members.number("redirects", head.redirects)
        members.pairs("headers", head.headers.lines.map { ($0.name, $0.value) })
        members.times(timings)
        guard let content else { return }
        members.number("bytes", content.count)
        members.content(content, isJSON: false)
    }

    /// No answer.
    mutating func failed(_ error: any Error) {
        members.text("error", "\(error)")
        members.text("cause", Self.cause(of: error))
        if let attempts = (error as? HTTPError)?.attempts, attempts > 0 { members.number("attempts", attempts) }
    }

    /// A word for the cause, of a closed list.
    static func cause(of error: any Error) -> String {
        switch error {
        case let error as HTTPError: error.cause
        case is CancellationError: "cancelled"
        case is CallError: "configuration"
        case is CredentialFailure: "credential"
        default: "file"
        }
    }

    mutating func text(_ name: String, _ value: String) {
        members.text(name, value)
    }

    mutating func number(_ name: String, _ value: Int) {
        members.number(name, value)
    }

    /// The whole line.
    consuming func finished() -> [UInt8] {
        members.line()
    }
}

extension JSONMembers {
    /// How often a request was sent, whether its connection was kept, and how long its parts took.
    mutating func times(_ timings: RequestTimings) {
        number("attempts", timings.attempts)
        truth("reused", timings.isReused)
        milliseconds("queue_ms", timings.queue)
        milliseconds("dns_ms", timings.dns)
        milliseconds("connect_ms", timings.connect)
        milliseconds("tls_ms", timings.tls)
        milliseconds("first_byte_ms", timings.firstByte)
        milliseconds("total_ms", timings.total)
    }
}
