import HawserHTTP
import Locking
import TestSupport
import Testing

@Suite("HTTP documentation: streams and uploads", .serialized)
struct StreamExampleTests {
    /// Where the examples write to.
    private final class Taken: Sendable {
        private let state = OrderedMutex<[UInt8]>([])
        var bytes: [UInt8] { state.withLock { $0 } }
        func write(_ chunk: [UInt8]) throws { state.withLock { $0 += chunk } }
    }

    private struct DownloadFailed: Error, Equatable {
        let status: Int
    }

    @Test("reading piece by piece, with more time, and whole within a limit")
    func reading() async throws {
        let server = try ExampleServer()
        let (api, file) = (server.api, Taken())
        try await withClient { client in
            let request = try HTTPRequest(.get, "\(api)/v1/trades")
            try await client.withStream(request) { response in
                guard response.status == 200 else { return }
                for try await chunk in response.body { try file.write(chunk) }
            }
            #expect(file.bytes == ExampleServer.trades)
            try await client.withStream(request) { response in
                for try await chunk in response.body { try file.write(chunk) }
            }
            #expect(file.bytes.count == 2 * ExampleServer.trades.count)
            let bytes = try await client.withStream(request) { response in
                try await response.body.collect(upTo: 1 << 20)
            }
            #expect(bytes == ExampleServer.trades)
            let timeouts = try Self.unhurried(api).timeouts
            #expect(timeouts?.total == nil && timeouts?.read == .seconds(10))
        }
    }

    private static func unhurried(_ api: String) throws -> HTTPRequest {
        var request = try HTTPRequest(.get, "\(api)/v1/trades")
        request.timeouts = HTTPTimeouts(total: nil)
        return request
    }

    @Test("to a file, whose content is that of the answer")
    func downloading() async throws {
        let server = try ExampleServer()
        let folder = try TemporaryDirectory()
        let path = folder.file("trades")
        try await Self.download("\(server.api)/v1/trades", path)
        #expect(OpenFileCheck.bytes(path) == ExampleServer.trades)
        await #expect(throws: DownloadFailed(status: 404)) { try await Self.download("\(server.api)/v1/none", path) }
        #expect(folder.text(of: "trades") == "nothing here")
    }

    private static func download(_ url: String, _ path: String) async throws {
        let request = try HTTPRequest(.get, url)
        try await withClient { client in
            let head = try await client.download(request, to: path) { received, expected in
                print("\(received) of \(expected.map(String.init) ?? "an unknown number of") bytes")
            }
            guard head.isSuccess else { throw DownloadFailed(status: head.status) }
        }
    }

    @Test("sending a file, alone and as part of a form")
    func files() async throws {
        let server = try ExampleServer()
        let folder = try TemporaryDirectory()
        let (api, path) = (server.api, try folder.write("of a file", to: "report.pdf"))
        try await withClient { client in
            let backup = HTTPContent.file(path: path, type: "application/gzip")
            try await client.put("\(api)/v1/backups/1", content: backup).checkStatus()
            let parts = MultipartContent([
                .field("title", "August"),
                .file("report", path: path, type: "application/pdf"),
            ])
            try await client.post("\(api)/v1/reports", content: .multipart(parts)).checkStatus()
        }
        #expect(server.asked("PUT /v1/backups/1").map(\.text) == ["of a file"])
        let form = try #require(server.asked("POST /v1/reports").first)
        #expect(form.type?.hasPrefix("multipart/form-data") == true && form.text.contains("of a file"))
        #expect(form.text.contains("August") && form.text.contains(#"filename="report.pdf""#))
    }

    /// Lines that are made anew each time.
    private actor Pages {
        private var left: [String]

        init(of report: [String]) {
            left = report
        }

        func next() async throws -> [UInt8]? {
            left.isEmpty ? nil : Array(left.removeFirst().utf8)
        }
    }

    @Test("sending what is made on the way, once and anew")
    func making() async throws {
        let server = try ExampleServer()
        let (api, report) = (server.api, ["later ", "is ", "better"])
        let chunks = AsyncStream<[UInt8]> { stream in
            for line in ["{}\n", "{}\n"] { stream.yield(Array(line.utf8)) }
            stream.finish()
        }
        try await withClient { client in
            let content = HTTPContent.stream(ContentStream(chunks), type: "application/x-ndjson")
            try await client.post("\(api)/v1/import", content: content).checkStatus()
        }
        #expect(server.asked("POST /v1/import").map(\.text) == ["{}\n{}\n"])
        let content = ContentStream(replayable: {
            let pages = Pages(of: report)
            return { try await pages.next() }
        })
        try await withClient { client in
            var request = try HTTPRequest(.post, "\(api)/v1/orders", content: .stream(content))
            request.retry = RetryPolicy(first: .milliseconds(10), anyMethod: true)
            try await client.execute(request).checkStatus()
        }
        #expect(server.asked("POST /v1/orders").map(\.text) == ["later is better", "later is better"])
    }
}
