import Glibc
import HawserServers
import TestSupport
import Testing
import Transport

/// Connections of the mock server: kept, pipelined, slow, many, wrong, and ended.
@Suite struct MockConnectionTests {
    @Test("a connection is kept as HTTP/1.1 and 1.0 say, and ended behind an answer that says so")
    func keepAlive() async throws {
        try await withMockServer { port, _ in
            let modern = try RawHTTPClient(port: port)
            #expect(try modern.exchange("GET", "/user/1").head["Connection"] == nil)
            let last = try modern.exchange("GET", "/user/2", fields: [("Connection", "close")])
            #expect(last.head["Connection"] == "close")
            #expect(try modern.readToEnd() == [])

            let old = try RawHTTPClient(port: port)
            try old.send(raw: "GET /user/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(try old.receive().head["Connection"] == "keep-alive")
            try old.send(raw: "GET /user/1 HTTP/1.0\r\n\r\n")
            #expect(try old.receive().head["Connection"] == "close")
            #expect(try old.readToEnd() == [])
        }
    }

    @Test("pipelined requests of every kind are answered in order, however they are cut into pieces")
    func pipelining() async throws {
        var random = SeededGenerator("pipelined requests")
        var wire = ""
        var expected: [Int] = []
        for number in 0..<400 {
            switch Int.random(in: 0..<7, using: &random) {
            case 0: wire += "GET /bytes/\(number * 100) HTTP/1.1\r\nHost: x\r\n\r\n"
            case 1: wire += "POST /status/201 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
            case 2: wire += "GET /delay/1 HTTP/1.1\r\nHost: x\r\n\r\n"
            case 3: wire += "GET /stream/\(number) HTTP/1.1\r\nHost: x\r\n\r\n"
            case 4: wire += "DELETE / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
            case 5: wire += "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
            default: wire += "GET /user/\(number) HTTP/1.1\r\nHost: x\r\n\r\n"
            }
            expected.append(
                wire.hasSuffix("abc") ? 201 : wire.hasSuffix("0\r\n\r\n") ? 405 : 0
            )
            if wire.hasSuffix("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n") { expected[number] = 404 }
        }
        let (bytes, statuses, seed) = (Array(wire.utf8), expected, random.seed)
        let pieces = [bytes.count, 1, 17, 1000]
        try await withMockServer { port, _ in
            for piece in pieces {
                let client = try RawHTTPClient(port: port)
                // Byte by byte only the beginning, as every byte is a segment.
                let end = piece == 1 ? 2000 : bytes.count
                for start in stride(from: 0, to: end, by: piece) {
                    try client.stream.send(Array(bytes[start..<min(end, start + piece)]))
                }
                if end < bytes.count { try client.stream.send(Array(bytes[end...])) }
                for status in statuses {
                    let answer = try client.receive().status
                    #expect(answer == (status == 0 ? 200 : status), "seed \(seed)")
                }
                #expect(client.stream.buffered.isEmpty)
            }
        }
    }

    @Test("what is no HTTP gets an answer that says so, and the end")
    func garbage() async throws {
        try await withMockServer { port, _ in
            for (text, status) in [
                ("hello\r\n\r\n", 400), ("GET / HTTP/3.0\r\n\r\n", 505), ("\u{16}\u{3}\u{1}\r\n\r\n", 400),
                ("GET / HTTP/1.1\r\nX: \(String(repeating: "y", count: 70_000))", 431),
                ("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            ] {
                let client = try RawHTTPClient(port: port)
                try client.send(raw: text)
                let response = try client.receive()
                #expect(response.status == status && response.head["Connection"] == "close")
                #expect(try client.readToEnd() == [])
            }
        }
    }

    @Test("1 GiB to a reader costs a bounded amount of memory, and a reader that stops costs no processor time")
    func slowReaders() async {
        await #expect(processExitsWith: .success) {
            try await withMockServer { (port, _, loop) in
                let client = try RawHTTPClient(port: port)
                _ = try client.exchange("GET", "/bytes/10000000")
                let before = try PeakMemory.reset()
                let count = 1 << 30
                try client.send("GET", "/bytes/\(count)")
                _ = try client.stream.readHead()
                var received = 0
                while received < count {
                    try client.stream.fill(1, until: .now + RawStream.patience, for: "bytes")
                    received += client.stream.buffered.count
                    client.stream.consume(client.stream.buffered.count)
                }
                #expect(received == count)
                let grown = try PeakMemory.kibibytes() - before
                // A sixteenth of what was sent: the address sanitizer keeps freed memory for a while.
                #expect(grown < 64 << 10, "\(grown) KiB")

                // Readers that stop, with requests in the pipe that the server must not be woken for again and again.
                let stopped = try (0..<2).map { _ in try RawHTTPClient(port: port) }
                for client in stopped { client.stream.limitReceiveBuffer(4096) }
                try stopped[0].send("GET", "/bytes/\(count)")
                for _ in 0..<5000 { try stopped[0].send("GET", "/user/1") }
                try Self.sendEchoes(stopped[1])
                try Self.settle(loop)
            }
        }
    }

    /// Sends requests whose answers are long, until the connection takes no more.
    private static func sendEchoes(_ client: RawHTTPClient) throws {
        let content = [UInt8](repeating: 0xFF, count: 1 << 20)
        let request = Array("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: \(content.count)\r\n\r\n".utf8) + content
        for start in stride(from: 0, to: 64 << 20, by: 8192) {
            do throws(StreamError) {
                try client.stream.wait(for: POLLOUT, until: .now + .milliseconds(300), "room")
            } catch {
                guard case .timedOut = error else { throw error }
                return
            }
            let piece = (start..<start + 8192).map { request[$0 % request.count] }
            try client.stream.send(piece)
        }
        Issue.record("64 MiB were taken from a client that reads nothing")
    }

    /// Waits until the loop hardly turns for a tenth of a second; one that is woken for nothing never comes to that.
    private static func settle(_ loop: EventLoop) throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            let turns = loop.turns
            usleep(100_000)
            if loop.turns - turns < 10 { return }
        }
        throw NeverHappened(what: "a quiet loop", limit: .seconds(20))
    }

    @Test("more requests than are held behind a delay wait in the kernel, cost nothing, and are answered")
    func fullBacklog() async throws {
        try await withMockServer { port, _, loop in
            let client = try RawHTTPClient(port: port)
            try client.send("GET", "/delay/2000")
            for number in 0..<5000 { try client.send("GET", "/user/\(number)") }
            // Quiet, and that before the answer is due.
            try Self.settle(loop)
            #expect(throws: StreamError.timedOut("an answer")) {
                try client.stream.wait(for: POLLIN, until: .now, "an answer")
            }
            #expect(try client.receive().text.contains("2000"))
            for number in 0..<5000 { #expect(try client.receive().text == "{\"id\": \(number)}") }
        }
    }

    @Test("300 connections are served at once, and one over the limit waits until another has ended")
    func manyConnections() async throws {
        try await withMockServer({ $0.limits.connections = 300 }) { port, _ in
            let clients = try (0..<300).map { _ in try RawHTTPClient(port: port) }
            for (number, client) in clients.enumerated() { try client.send("GET", "/user/\(number)") }
            for (number, client) in clients.enumerated() {
                #expect(try client.receive().text == "{\"id\": \(number)}")
            }
            let late = try RawHTTPClient(port: port)
            try late.send("GET", "/user/1")
            #expect(throws: StreamError.timedOut("the end of a message head")) {
                try late.stream.readHead(within: .milliseconds(100))
            }
            #expect(try clients[7].exchange("GET", "/user/7").status == 200)
            clients[0].stream.close()
            #expect(try late.receive().status == 200)
        }
    }

    @Test("a client that is silent between requests is cut, one within a request told so, one that reads nothing cut")
    func patience() async throws {
        try await withMockServer({ $0.limits.patience = .milliseconds(200) }) { port, _ in
            let (idle, half, partial) = (
                try RawHTTPClient(port: port), try RawHTTPClient(port: port), try RawHTTPClient(port: port)
            )
            let deaf = try RawHTTPClient(port: port)
            try deaf.send("GET", "/bytes/\(1 << 30)")
            try half.send(raw: "GET /user/1 HTTP/1.1\r\nHo")
            try partial.send("POST", "/echo", fields: [("Content-Length", "5")])
            #expect(try idle.readToEnd() == [])
            #expect(try half.receive().status == 408)
            #expect(try partial.receive().status == 408)
            try RawHTTPClient.awaitEnd(of: deaf)
        }
    }

    @Test("stop lets an answer that is due soon go out, and cuts what would take longer")
    func stop() async throws {
        let loop = try EventLoop()
        let server = try MockServer(loop: loop)
        let port = try #require(UInt16(try await server.start().split(separator: ":").last ?? ""))
        let sent = Collected<Int>()
        async let clients: Void = onOwnThread {
            let soon = try RawHTTPClient(port: port)
            let late = try RawHTTPClient(port: port)
            let endless = try RawHTTPClient(port: port)
            let idle = try RawHTTPClient(port: port)
            try soon.send("GET", "/delay/300")
            try late.send("GET", "/delay/60000")
            try endless.send("GET", "/bytes/\(1 << 36)")
            #expect(try idle.exchange("GET", "/user/1").status == 200)
            sent.append(1)
            #expect(try idle.readToEnd() == [])
            let answer = try soon.receive()
            #expect(answer.status == 200 && answer.head["Connection"] == "close")
            #expect(throws: StreamError.self) { try late.receive() }
            try RawHTTPClient.awaitEnd(of: endless)
        }
        try await eventually("the requests are sent") { sent.count == 1 }
        let start = ContinuousClock.now
        await server.stop()
        #expect(ContinuousClock.now - start < .seconds(3))
        await server.stop()
        try await clients
        await #expect(throws: ServerError.startedBefore) { try await server.start() }
        await loop.shutdown()
    }

    @Test("hosts that are no addresses and ports that are taken are errors that name them; ::1 can be served")
    func addresses() async throws {
        let loop = try EventLoop()
        var options = MockServer.Options()
        options.host = "example.org"
        #expect(throws: ServerError.notAnAddress("example.org")) { try MockServer(loop: loop, options: options) }
        options.host = "::1"
        let six = try MockServer(loop: loop, options: options)
        let url = try await six.start()
        #expect(url.hasPrefix("http://[::1]:"))
        options.port = try #require(UInt16(url.split(separator: ":").last ?? ""))
        let second = try MockServer(loop: loop, options: options)
        await #expect(throws: ServerError.listen(address: "[::1]:\(options.port)", code: EADDRINUSE)) {
            try await second.start()
        }
        await second.stop()
        await six.stop()
        await loop.shutdown()
    }

    @Test("servers come and go, with and without TLS, with clients in every state, and leave nothing behind")
    func nothingIsLeft() async {
        await #expect(processExitsWith: .success) {
            // libuv, libwebsockets and OpenSSL keep a few descriptors for the life of the process.
            let first = try EventLoop()
            var options = MockServer.Options()
            options.usesTLS = true
            let warm = try MockServer(loop: first, options: options)
            try await warm.start()
            await warm.stop()
            await first.shutdown()
            let before = await ProcessCensus.baseline()
            let loop = try EventLoop()
            for round in 0..<8 {
                options.usesTLS = round % 2 == 1
                let server = try MockServer(loop: loop, options: options)
                let port = try #require(UInt16(try await server.start().split(separator: ":").last ?? ""))
                let certificate = server.certificate
                try await onOwnThread { try Self.leaveClients(port, certificate) }
                if round > 5 {
                    // Nobody is left to wait for.
                    try await eventually("no connection") { await server.connectionCount == 0 }
                }
                await server.stop()
            }
            await loop.shutdown()
            let left = await before.leftOver()
            #expect(left.isEmpty, "left over: \(left)")
        }
    }

    /// Brings connections into every state and leaves them there; all are closed when this returns.
    private static func leaveClients(_ port: UInt16, _ certificate: String?) throws {
        if let certificate {
            let clients = try (0..<5).map { _ in try TLSClient(port: port, trusting: certificate, name: "localhost") }
            for (client, target) in zip(
                clients,
                ["/user/1", "/bytes/1000000000", "/delay/60000", "/stream/9?every=500"]
            ) {
                try client.peer.write(Array("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
                if target != "/delay/60000" { _ = try client.peer.read() }
            }
            let wrong = try RawHTTPClient(port: port)
            try wrong.send("GET", "/user/1")
            try RawHTTPClient.awaitEnd(of: wrong)
            return
        }
        let clients = try (0..<7).map { _ in try RawHTTPClient(port: port) }
        try clients[0].send("GET", "/delay/60000")
        try clients[1].send("GET", "/bytes/1000000000")
        try clients[2].send(raw: "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        try clients[3].send(raw: "GET / HT")
        try clients[4].send(raw: "rubbish\r\n\r\n")
        try clients[5].send("GET", "/stream/1000?every=50")
        let sessions = try (0..<3).map { _ in try RawWebSocketClient(port: port) }
        try sessions[0].open("/ws/ticker?rate=1000")
        try sessions[1].open("/ws/silent")
        try sessions[2].open("/ws/echo")
        _ = try sessions[0].readText()
        sessions[1].stream.reset()
        _ = try clients[5].stream.readHead()
        clients[1].stream.reset()
    }
}

extension RawHTTPClient {
    /// Reads and drops what comes until the server has ended the connection, in order or not.
    static func awaitEnd(of client: RawHTTPClient) throws {
        do throws(StreamError) {
            while true {
                client.stream.consume(client.stream.buffered.count)
                try client.stream.receive(until: .now + RawStream.patience, for: "the server's end")
            }
        } catch {
            guard error == .endedByPeer || error == .reset else { throw error }
        }
    }
}
