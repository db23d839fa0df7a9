import Glibc
import HawserHTTP
import Locking

/// Many requests, one a line: an URL, or a JSON object that describes a request. What comes of each is a line of JSON.
public struct FetchBatch: Sendable {
    private let path: String
    private let options: FetchOptions
    private let adopt: @Sendable (inout HTTPRequest) throws -> Void

    /// The requests in the file at `path`, `-` for standard input.
    ///
    /// - Parameter adopt: puts into each request what the command line says of all.
    public init(path: String, _ options: FetchOptions, adopt: @escaping @Sendable (inout HTTPRequest) throws -> Void) {
        self.path = path
        self.options = options
        self.adopt = adopt
    }

    /// Sends them, so many at once.
    ///
    /// - Returns: failed if one of them did.
    public func run() async -> ExitStatus {
        let lines: InputLines
        do { lines = try InputLines(path) } catch {
            Fetch.say("\(error)")
            return .failed
        }
        let tally = FetchTally()
        do {
            try await withHTTPClient(options.configuration) { client in
                await withTaskGroup(of: Void.self) { group in
                    var underWay = 0
                    while !tally.isOutputGone, let line = await lines.next() {
                        if underWay >= options.limit {
                            await group.next()
                            underWay -= 1
                        }
                        underWay += 1
                        group.addTask { await perform(line, client, tally) }
                    }
                }
            }
        } catch {
            Fetch.say("\(error)")
            return .failed
        }
        if let failure = lines.failure { Fetch.say("\(failure)") }
        if !tally.isOutputGone { say(tally) }
        return tally.failed == 0 && lines.failure == nil && !tally.isOutputGone ? .done : .failed
    }

    private func perform(_ line: InputLine, _ client: HTTPClient, _ tally: FetchTally) async {
        let began = ContinuousClock.now
        var report = FetchReport()
        report.number("line", line.number)
        do {
            var request = try Self.request(line.text)
            try adopt(&request)
            report.text("request", "\(request.method) \(request.url)")
            let response = try await client.execute(request)
            report.answered(response.head, response.timings, content: response.bytes)
            let isFailure = options.failsOnStatus && response.status >= 400
            tally.add(report.finished(), isFailure ? "status" : nil, began.duration(to: .now))
        } catch {
            report.failed(error)
            tally.add(report.finished(), FetchReport.cause(of: error), began.duration(to: .now))
        }
    }

    private static func request(_ text: String) throws(HTTPError) -> HTTPRequest {
        text.hasPrefix("{") ? try HTTPRequest(describedBy: Array(text.utf8)) : try HTTPRequest(.get, text)
    }

    private func say(_ tally: FetchTally) {
        if options.isJSON {
            LogStream.writeAll(tally.report(), to: STDERR_FILENO)
        } else {
            Fetch.say(tally.summary)
        }
    }
}
