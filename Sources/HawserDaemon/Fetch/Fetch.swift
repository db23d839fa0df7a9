import Glibc
import HawserHTTP
import Locking

/// One request by hand: the content goes to standard output or a file.
public struct Fetch: Sendable {
    private let request: HTTPRequest
    private let options: FetchOptions
    private let lastTimings = LastTimings()

    /// A request that has not been sent.
    public init(_ request: HTTPRequest, _ options: FetchOptions) {
        self.request = request
        var options = options
        options.configuration.observer = lastTimings
        self.options = options
    }

    /// Sends it and writes what comes.
    ///
    /// - Returns: done once there is an answer, whatever its status unless the options say otherwise.
    public func run() async -> ExitStatus {
        do {
            let head = try await withHTTPClient(options.configuration) { client in
                options.isJSON ? try await report(client) : try await copy(client)
            }
            guard options.failsOnStatus, head.status >= 400 else { return .done }
            if !options.isJSON { Self.say("\(request.method) \(head.url): the server answered \(head.status)") }
            return .failed
        } catch {
            if options.isJSON {
                var report = FetchReport()
                report.failed(error)
                LogStream.writeAll(report.finished(), to: STDOUT_FILENO)
            } else if (error as? FetchOutputFailure)?.code != EPIPE {
                Self.say("\(error)")
            }
            return .failed
        }
    }

    private func report(_ client: HTTPClient) async throws -> HTTPResponseHead {
        if case .file(let path) = options.output {
            let head = try await download(client, to: path)
            var report = FetchReport()
            report.answered(head, lastTimings.value, content: nil)
            report.text("file", path)
            try Self.write(report.finished())
            return head
        }
        let response = try await client.execute(request)
        var report = FetchReport()
        report.answered(response.head, response.timings, content: response.bytes)
        try Self.write(report.finished())
        return response.head
    }

    private func copy(_ client: HTTPClient) async throws -> HTTPResponseHead {
        if case .file(let path) = options.output {
            let head = try await download(client, to: path)
            if options.showsHead { try Self.write(Self.text(head)) }
            return head
        }
        return try await client.withStream(request) { response in
            if options.showsHead { try Self.write(Self.text(response.head)) }
            for try await chunk in response.body {
                try await Blocking.run { try Self.write(chunk) }
            }
            return response.head
        }
    }

    /// With --fail a file is not overwritten by the words of an error.
    private func download(_ client: HTTPClient, to path: String) async throws -> HTTPResponseHead {
        let progress = DownloadProgress()
        defer { progress.clear() }
        return try await client.download(request, to: path, checksStatus: options.failsOnStatus) {
            progress.show($0, $1)
        }
    }

    private static func text(_ head: HTTPResponseHead) -> [UInt8] {
        var text = "HTTP/\(head.version) \(head.status)\n"
        for field in head.headers.lines { text += "\(field.name): \(field.value)\n" }
        return Array((text + "\n").utf8)
    }

    static func write(_ bytes: [UInt8]) throws(FetchOutputFailure) {
        let code = LogStream.writeAll(bytes, to: STDOUT_FILENO)
        if code != 0 { throw FetchOutputFailure(place: "standard output", code: code) }
    }

    static func say(_ text: String) {
        LogStream.writeAll(Array("hawser fetch: \(text)\n".utf8), to: STDERR_FILENO)
    }
}

/// Remembers how long the newest request took.
private final class LastTimings: HTTPObserver {
    private let timings = OrderedMutex(RequestTimings())

    var value: RequestTimings { timings.withLock { $0 } }

    func requestEnded(
        _ request: HTTPRequest,
        _ outcome: Result<HTTPResponseHead, any Error>,
        _ timings: RequestTimings
    ) {
        self.timings.withLock { $0 = timings }
    }

    func requestRetries(_ request: HTTPRequest, attempt: Int, after delay: Duration, because cause: RetryCause) {
        Fetch.say("\(cause.rawValue); attempt \(attempt) in \(delay)")
    }
}
