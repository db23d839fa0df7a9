import HawserHTTP
import Locking
import TestSupport
import Testing

@Suite("HTTP client: connections, attempts and streams", .serialized)
struct ClientConnectionTests {
    @Test("40 at once open 40 connections, and 400 requests no more")
    func connections() async throws {
        let server = try plainServer { request, connection in try connection.answer(200, [], request.head.target) }
        let limits = HTTPPoolLimits(maxConnections: 40, maxPerHost: 40, maxKeepalive: 40)
        try await withClient({ $0.pool = limits }) { client in
            let requests = try (0..<400).map { try HTTPRequest(.get, server.http("/\($0)")) }
            let results = await client.gather(requests, limit: 40)
            for (index, result) in results.enumerated() { #expect(try result.get().text() == "/\(index)") }
        }
        #expect(server.counts.total <= 40)
        #expect(server.counts.peak <= 40)
    }

    @Test("idle connections beyond the limit are closed")
    func keepalive() async throws {
        let goOn = try StopSignal()
        let server = try plainServer { _, connection in
            goOn.wait(atMost: .seconds(20))
            try connection.answer(200, [], "")
        }
        let limits = HTTPPoolLimits(maxConnections: 10, maxPerHost: 10, maxKeepalive: 3)
        try await withClient({ $0.pool = limits }) { client in
            let requests = try (0..<10).map { _ in try HTTPRequest(.get, server.http()) }
            async let results = client.gather(requests, limit: 10)
            try await eventually("ten connections") { server.counts.now == 10 }
            goOn.raise()
            for result in await results { _ = try result.get() }
            try await eventually("few connections") { server.counts.now <= 4 }
        }
        try await eventually("no connection") { server.counts.now == 0 }
    }

    @Test("one failure harms no other, and what comes first is told first")
    func gather() async throws {
        let server = try plainServer { request, connection in
            if request.head.target == "/1" { return connection.reset() }
            if request.head.target == "/0" { try connection.pause(.seconds(1)) }
            try connection.answer(200, [], request.head.target)
        }
        try await withClient { client in
            let requests = try (0..<5).map { try HTTPRequest(.post, server.http("/\($0)")) }
            let results = await client.gather(requests)
            for index in [0, 2, 3, 4] { #expect(try results[index].get().text() == "/\(index)") }
            #expect(throws: HTTPError.self) { try results[1].get() }
            var order: [Int] = []
            try await client.forEachResult(of: requests) { index, _ in order.append(index) }
            #expect(order.sorted() == [0, 1, 2, 3, 4] && order.last == 0)
        }
    }

    @Test("a server that closes kept connections under requests: no error, and each request answered once")
    func stale() async throws {
        let answered = Collected<String>()
        let server = try plainServer { request, connection in
            answered.append(request.head.target)
            try connection.answer(200, [], request.head.target)
            if request.index == 5 {
                try connection.pause(.milliseconds(1))
                connection.close()
            }
        }
        try await withClient { client in
            let requests = try (0..<2000).map { try HTTPRequest(.get, server.http("/\($0)")) }
            let results = await client.gather(requests, limit: 8)
            let wrong = results.enumerated().filter { (try? $0.element.get().text()) != "/\($0.offset)" }
            #expect(wrong.isEmpty, "\(wrong.prefix(3))")
        }
        #expect(answered.count >= 2000)
    }

    @Test("attempts: a flaky server is asked again, the observer hears of each, a POST is not repeated")
    func retries() async throws {
        let server = try plainServer { request, connection in
            try connection.answer(request.index < 3 ? 503 : 200, [("Retry-After", "0")], "\(request.index)")
        }
        let observer = RecordingObserver()
        try await withClient({
            $0.observer = observer
            $0.retry = RetryPolicy(first: .milliseconds(10))
        }) { client in
            let answer = try await client.get(server.http())
            #expect(answer.status == 200 && answer.text() == "3" && answer.timings.attempts == 3)
            #expect(observer.retries.values == [2, 3])
            #expect(observer.ends.values == ["200"])
        }
        let asked = Collected<String>()
        let again = try plainServer { request, connection in
            asked.append(request.head.method)
            try connection.answer(503, [], "")
        }
        try await withClient({ $0.retry = RetryPolicy(first: .milliseconds(10)) }) { client in
            let answer = try await client.post(again.http())
            #expect(answer.status == 503)
        }
        #expect(asked.values == ["POST"])
    }

    @Test(
        "a request that is not idempotent goes out once, also where a kept connection turns out to be dead",
        arguments: ["POST", "PATCH", "PURGE"]
    )
    func sentOnce(_ name: String) async throws {
        let asked = OrderedMutex(0)
        let server = try plainServer { request, connection in
            guard request.head.method == name else { return try connection.answer(200, [], "kept") }
            asked.withLock { $0 += 1 }
            connection.close()
        }
        let method = try #require(HTTPMethod(name))
        for content in [HTTPContent.none, .text("content")] {
            asked.withLock { $0 = 0 }
            try await withClient { client in
                let kept = try await client.get(server.http())
                #expect(kept.text() == "kept")
                let error = await #expect(throws: HTTPError.self) {
                    try await client.execute(HTTPRequest(method, HTTPURL(server.http()), content: content))
                }
                #expect(error?.cause == "connection_lost")
            }
            #expect(asked.withLock { $0 } == 1)
        }
    }

    @Test("a stream comes piece by piece; a reader that stops stops the server; leaving it ends the transfer")
    func streams() async throws {
        let sent = OrderedMutex(0)
        let server = try plainServer { _, connection in
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(1 << 30)\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 1 << 16)
            for _ in 0..<1 << 14 {
                try connection.send(piece)
                sent.withLock { $0 += piece.count }
            }
        }
        try await withClient({ $0.timeouts.read = .milliseconds(1500) }) { client in
            let request = try HTTPRequest(.get, server.http())
            try await client.withStream(request) { response in
                #expect(response.status == 200)
                var iterator = response.body.makeAsyncIterator()
                #expect(try await iterator.next()?.isEmpty == false)
                // Until the kernel's buffers are full the server goes on.
                var last = -1
                while sent.withLock({ $0 }) != last {
                    last = sent.withLock { $0 }
                    try await Task.sleep(for: .milliseconds(1700))
                }
                #expect(last < 64 << 20, "\(last) bytes were sent to a reader that does not read")
                // Longer than the read timeout: the reader's own pause does not count.
                #expect(try await iterator.next()?.isEmpty == false)
            }
            try await eventually("no connection") { server.counts.now == 0 }
        }
    }

    @Test("a download is written as it comes")
    func download() async throws {
        let folder = try TemporaryDirectory()
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 17) }
        let server = try plainServer { _, connection in try connection.answer(200, [], bytes) }
        try await withClient { client in
            let seen = Collected<Int64>()
            let path = folder.file("out.bin")
            let head = try await client.download(HTTPRequest(.get, server.http()), to: path) { received, expected in
                #expect(expected == 3_000_000)
                seen.append(received)
            }
            #expect(head.status == 200 && seen.values.last == 3_000_000)
            let file = OpenFileCheck.bytes(path)
            #expect(file == bytes)
        }
    }

    @Test(
        "cancelling ends the transfer at once, whatever it waits for",
        arguments: ["answer", "pool", "retry", "stream"]
    )
    func cancellation(place: String) async throws {
        let server = try FaultServer { connection in
            _ = try connection.stream.readHead()
            switch place {
            case "retry": try connection.answer(503, [("Retry-After", "600")], "")
            case "stream": try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            default: break
            }
            try connection.hold()
        }
        try await withClient({
            $0.pool = HTTPPoolLimits(maxConnections: 1)
            $0.timeouts = .none
            $0.retry = place == "retry" ? RetryPolicy() : .never
        }) { client in
            let request = try HTTPRequest(.get, server.http())
            let tasks = (0..<(place == "pool" ? 2 : 1)).map { _ in
                Task {
                    if place == "stream" {
                        try await client.withStream(request) { for try await _ in $0.body {} }
                    } else {
                        _ = try await client.execute(request)
                    }
                }
            }
            try await eventually("a request") { server.counts.total >= 1 }
            for task in tasks.reversed() {
                task.cancel()
                let result = await task.result
                #expect(throws: CancellationError.self) { try result.get() }
            }
            try await eventually("no connection") { server.counts.now == 0 || place == "retry" }
        }
    }

    @Test("shutdown ends what is under way, and nothing is left of any client")
    func shutdown() async {
        await #expect(processExitsWith: .success) {
            let server = try FaultServer { connection in
                _ = try connection.stream.readHead()
                // Half of an answer: one that is whole would leave the connection to a request that starts late.
                if connection.number % 2 == 0 {
                    try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
                }
                try connection.hold()
            }
            let census = await ProcessCensus.baseline()
            for _ in 0..<5 {
                let client = try HTTPClient()
                let request = try HTTPRequest(.get, server.http())
                let tasks = (0..<6).map { _ in Task { try await client.execute(request) } }
                try await eventually("requests") { server.counts.now >= 6 }
                await client.shutdown()
                for task in tasks { _ = await task.result }
                let late = await failure { _ = try await client.get(server.http()) }
                var isRefused = false
                if case .shutDown? = late?.kind { isRefused = true }
                #expect(isRefused, "\(String(describing: late))")
                await client.shutdown()
            }
            server.stop()
            let left = await census.leftOver().filter { !$0.contains("fault") }
            #expect(left.isEmpty, "\(left)")
        }
    }

    @Test("blocking work runs on its own threads, bounded, and its errors come back")
    func blocking() async throws {
        let running = RunningCount()
        let gate = try StopSignal()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<40 {
                group.addTask {
                    try await Blocking.run {
                        running.change(by: 1)
                        gate.wait(atMost: .seconds(10))
                        running.change(by: -1)
                        return number
                    }
                }
            }
            try await eventually("a full pool") { running.now == Blocking.threadLimit }
            gate.raise()
            var sum = 0
            for try await number in group { sum += number }
            #expect(sum == 780)
        }
        #expect(running.peak == Blocking.threadLimit)
        await #expect(throws: CancellationError.self) { try await Blocking.run { throw CancellationError() } }
    }
}

/// How many are at it, and were at most.
private final class RunningCount: Sendable {
    private let counts = OrderedMutex((now: 0, peak: 0))

    var now: Int { counts.withLock { $0.now } }
    var peak: Int { counts.withLock { $0.peak } }

    func change(by step: Int) {
        counts.withLock { counts in
            counts.now += step
            counts.peak = max(counts.peak, counts.now)
        }
    }
}

/// Takes down what it is told.
final class RecordingObserver: HTTPObserver {
    let retries = Collected<Int>()
    let ends = Collected<String>()

    func requestEnded(
        _ request: HTTPRequest,
        _ outcome: Result<HTTPResponseHead, any Error>,
        _ timings: RequestTimings
    ) {
        switch outcome {
        case .success(let head): ends.append("\(head.status)")
        case .failure(let error): ends.append("\(error)")
        }
    }

    func requestRetries(_ request: HTTPRequest, attempt: Int, after delay: Duration, because: RetryCause) {
        retries.append(attempt)
    }
}
