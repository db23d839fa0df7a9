import Glibc
import HawserHTTP
import TestSupport
import Testing

/// Contents that come or go piece by piece.
@Suite("HTTP interop: streams", .serialized)
struct HTTPStreamInteropTests {
    @Test("a download comes in pieces, whole and in order", arguments: HTTPWay.allCases)
    func download(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            let request = try HTTPRequest(.get, servers.nginx(way, "/bytes/5000003"))
            try await client.withStream(request) { response in
                #expect(response.status == 200 && response.headers["Content-Length"] == "5000003")
                var (count, pieces, isRight) = (0, 0, true)
                for try await chunk in response.body {
                    isRight = isRight && isPattern(chunk, from: count)
                    count += chunk.count
                    pieces += 1
                }
                #expect(count == 5_000_003 && pieces > 5 && isRight)
            }
        }
    }

    @Test("bytes are handed over as they come, long before the end", arguments: HTTPWay.allCases)
    func promptly(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            let request = try HTTPRequest(.get, servers.nginx(way, "/drip/20/50"))
            let began = ContinuousClock.now
            try await client.withStream(request) { response in
                var moments: [Duration] = []
                for try await chunk in response.body where !chunk.isEmpty {
                    moments.append(ContinuousClock.now - began)
                }
                #expect(moments.count > 10)
                #expect(try #require(moments.first) < .milliseconds(500))
                #expect(try #require(moments.last) > .milliseconds(900))
            }
        }
    }

    @Test("a consumer that stops reading stops the server", arguments: HTTPWay.allCases)
    func backPressure(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            let (word, size) = (token("sent"), 100_000_000)
            let request = try HTTPRequest(.get, servers.nginx(way, "/bytes/\(size)?token=\(word)"))
            let progress = try servers.app("/sent/\(word)")
            try await client.withStream(request) { response in
                var chunks = response.body.makeAsyncIterator()
                var count = try #require(try await chunks.next()).count
                let stopped = try await settled(progress, client)
                // What the sockets, nginx and the client hold between them.
                #expect(stopped > 0 && stopped < 40_000_000, "\(stopped)")
                while let chunk = try await chunks.next() { count += chunk.count }
                #expect(count == size)
            }
            let whole = try await settled(progress, client)
            #expect(whole == size)
        }
    }

    @Test("a stream that is left halfway, or cancelled, ends at the server", arguments: HTTPWay.allCases)
    func halfway(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            let (word, size) = (token("left"), 100_000_000)
            let request = try HTTPRequest(.get, servers.nginx(way, "/bytes/\(size)?token=\(word)"))
            try await client.withStream(request) { response in
                var chunks = response.body.makeAsyncIterator()
                _ = try await chunks.next()
            }
            let left = try await settled(servers.app("/sent/\(word)"), client)
            #expect(left > 0 && left < size)
            let other = token("cancelled")
            let cancelled = try HTTPRequest(.get, servers.nginx(way, "/bytes/\(size)?token=\(other)"))
            let (begun, beginning) = AsyncStream<Void>.makeStream()
            let task = Task {
                try await client.withStream(cancelled) { response in
                    for try await _ in response.body {
                        beginning.yield()
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
            }
            for await _ in begun { break }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            let stopped = try await settled(servers.app("/sent/\(other)"), client)
            #expect(stopped > 0 && stopped < size)
            #expect(try await client.get(servers.nginx(way, "/user/1")).status == 200)
        }
    }

    @Test("a file is downloaded, with its progress, and uploaded again", arguments: HTTPWay.allCases)
    func files(way: HTTPWay) async throws {
        struct Upload: Decodable { var length: Int, sha256: String }
        let directory = try TemporaryDirectory()
        let path = directory.file("copy")
        try await withHTTPServers(way) { servers, client in
            let request = try HTTPRequest(.get, servers.nginx(way, "/bytes/3000001"))
            let progress = Collected<Int64>()
            let head = try await client.download(request, to: path) { received, expected in
                if expected == 3_000_001 { progress.append(received) }
            }
            #expect(head.status == 200 && progress.values.last == 3_000_001)
            #expect(progress.values == progress.values.sorted())
            let sent: Upload = try await client.put(servers.nginx(way, "/upload"), content: .file(path: path)).json()
            let same: Upload = try await client.put(
                servers.nginx(way, "/upload"),
                content: .bytes(pattern(3_000_001))
            ).json()
            #expect(sent.length == 3_000_001 && sent.sha256 == same.sha256)
        }
    }

    @Test("20 downloads of 25 MB to files at once need little memory", arguments: [HTTPWay.h1, .h1OverTLS])
    func manyDownloads(way: HTTPWay) async throws {
        let directory = try TemporaryDirectory()
        try await withHTTPServers(way) { servers, client in
            let before = try PeakMemory.reset()
            try await downloadMany(20, 25_000_000, way, servers, client, directory)
            let grown = try PeakMemory.kibibytes() - before
            #expect(grown < 48 << 10, "\(grown) KiB more than \(before)")
        }
    }
}

/// Large downloads in a process of their own, whose whole memory is looked at.
@Suite("HTTP interop: large downloads", .serialized)
struct HTTPStreamSlowTests {
    @Test("20 downloads of 100 MB to files at once stay below 64 MiB in all, and half cancelled leave nothing behind")
    func bounded() async throws {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let servers = try await HTTPInteropServers.shared()
            try await withHTTPClient(servers.configuration()) { client in
                _ = try await client.get(servers.nginx(.h1, "/user/1"))
            }
            let census = await ProcessCensus.baseline()
            try await withHTTPClient(servers.configuration()) { client in
                let before = try PeakMemory.reset()
                try await downloadMany(20, 100_000_000, .h1, servers, client, directory)
                let most = try PeakMemory.kibibytes()
                #expect(most < 64 << 10, "\(most) KiB, before it \(before)")
                let task = Task { try await downloadMany(20, 100_000_000, .h1, servers, client, directory) }
                try await eventually("all have begun") {
                    (0..<20).allSatisfy {
                        fileSize(directory.file("\($0)")).map { $0 > 0 && $0 < 100_000_000 } ?? false
                    }
                }
                task.cancel()
                _ = await task.result
            }
            let left = await census.leftOver()
            #expect(left.isEmpty, "\(left)")
        }
    }
}

/// Downloads to files `0`, `1`, … all at once, checks their sizes, and removes them.
private func downloadMany(
    _ number: Int,
    _ size: Int,
    _ way: HTTPWay,
    _ servers: HTTPInteropServers,
    _ client: HTTPClient,
    _ directory: TemporaryDirectory
) async throws {
    for index in 0..<number { unlink(directory.file("\(index)")) }
    try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<number {
            group.addTask {
                var request = try HTTPRequest(.get, servers.nginx(way, "/bytes/\(size)"))
                request.timeouts = HTTPTimeouts(total: nil)
                let path = directory.file("\(index)")
                let head = try await client.download(request, to: path)
                let written = fileSize(path)
                #expect(head.status == 200 && written == size)
            }
        }
        try await group.waitForAll()
    }
}

private func fileSize(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
}

/// What a progress route says once it says the same for a while.
private func settled(_ url: String, _ client: HTTPClient) async throws -> Int {
    var (last, repeats) = (-1, 0)
    try await eventually("the server stops sending") {
        let now = try await client.get(url).json(as: Int.self)
        repeats = now == last ? repeats + 1 : 0
        last = now
        return repeats > 15
    }
    return last
}

/// Whether `chunk` is what `/bytes` sends from byte `offset` on.
private func isPattern(_ chunk: [UInt8], from offset: Int) -> Bool {
    let start = offset % 251
    return chunk.elementsEqual(pattern(start + chunk.count).dropFirst(start))
}
