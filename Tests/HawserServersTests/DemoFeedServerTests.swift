import Glibc
import HawserServers
import TestSupport
import Testing
import Transport

@Suite struct DemoFeedServerTests {
    @Test("a plain GET is answered with a line of text, other paths with 404, other methods with 405")
    func plainRequests() async throws {
        try await withServer { port in
            let client = try RawWebSocketClient(port: port)
            try client.sendRequest(target: "/")
            var head = try client.readResponse()
            #expect(head.status == 200)
            var content = try client.readContent(try #require(Int(head["Content-Length"] ?? "")))
            #expect(String(decoding: content, as: UTF8.self).contains("/ticker"))

            try client.sendRequest(target: "/nothing")
            head = try client.readResponse()
            #expect(head.status == 404)
            content = try client.readContent(try #require(Int(head["Content-Length"] ?? "")))
            #expect(content.last == 10)

            try client.sendRequest(method: "HEAD", target: "/")
            #expect(try client.readResponse().status == 200)
            #expect(client.stream.buffered.isEmpty)

            try client.sendRequest(method: "POST", target: "/", fields: [("Content-Length", "3")])
            try client.stream.send([1, 2, 3])
            #expect(try client.readResponse().status == 405)
        }
    }

    @Test("an upgrade to an unknown path is answered with 404 and a line of text")
    func unknownFeed() async throws {
        try await withServer { port in
            let client = try RawWebSocketClient(port: port)
            #expect(throws: StreamError.unexpected("status 404")) { try client.open("/elsewhere") }
            let count = try #require(Int(client.response?["Content-Length"] ?? ""))
            #expect(String(decoding: try client.readContent(count), as: UTF8.self).contains("/flaky"))
        }
    }

    @Test("an offer of permessage-deflate is declined, and nothing comes compressed")
    func noCompression() async throws {
        try await withServer { port in
            let client = try RawWebSocketClient(port: port)
            let offer = "permessage-deflate; client_max_window_bits"
            try client.open("/quiet", fields: [("Sec-WebSocket-Extensions", offer)])
            #expect(client.response?["Sec-WebSocket-Extensions"] == nil)
            let frame = try client.readFrame()
            #expect(frame.reserved == 0 && frame.text.hasPrefix("{"))
        }
    }

    @Test("/ticker numbers its messages from 1, with price and time, 20 a second")
    func ticker() async throws {
        try await withServer(DemoTiming()) { port in
            let start = ContinuousClock.now
            let client = try RawWebSocketClient(port: port)
            try client.open("/ticker")
            for number in 1...11 {
                let text = try client.readText()
                #expect(text.hasPrefix("{\"n\":\(number),\"price\":"))
                #expect(
                    text.firstMatch(of: /"price":\d+\.\d\d,"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"}$/) != nil
                )
            }
            // Ten intervals of 50 ms: a loaded machine may be late, never early.
            #expect(ContinuousClock.now - start >= .milliseconds(500))
            try client.send(.close(1000))
            var frame = try client.readFrame()
            while frame.opcode == 1 { frame = try client.readFrame() }
            #expect(frame.closeCode == 1000)
            try client.awaitEnd()
        }
    }

    @Test("/flaky cuts TCP without a Close, and its numbers go on while nobody is connected")
    func flaky() async throws {
        var timing = DemoTiming()
        timing.flakyTick = .milliseconds(10)
        timing.flakyLife = .milliseconds(50)...(.milliseconds(100))
        try await withServer(timing) { port in
            let first = try numbersOfOneLife(port: port)
            usleep(100_000)
            let second = try numbersOfOneLife(port: port)
            #expect(zip(first, first.dropFirst()).allSatisfy { $0 + 1 == $1 })
            let (last, next) = (try #require(first.last), try #require(second.first))
            #expect(next >= last + 10)
        }
    }

    /// The numbers that one connection to `/flaky` brings until it is cut; of another one if that was too short for any.
    private func numbersOfOneLife(port: UInt16) throws -> [Int] {
        var numbers: [Int] = []
        while numbers.isEmpty {
            let client = try RawWebSocketClient(port: port)
            try client.open("/flaky")
            let end = #expect(throws: StreamError.self) {
                while true {
                    let text = try client.readText()
                    numbers.append(try #require(Int(text.dropFirst(5).prefix { $0 != "," })))
                }
            }
            // A reset if a message was just being sent; a Close frame would be unexpected.
            #expect(end == .endedByPeer || end == .reset)
        }
        return numbers
    }

    @Test("/quiet says hello, keeps a client that pings, and closes a silent one")
    func quiet() async throws {
        // A machine that stalls the pinging thread for as long as the server's patience proves nothing: more patience.
        for patience in [Duration.milliseconds(300), .seconds(1), .seconds(4), .seconds(16)] {
            var timing = DemoTiming()
            timing.quietPatience = patience
            let longestGap = Collected<Duration>()
            try await withServer(timing) { longestGap.append(try pingUntilOtherIsClosed(port: $0, patience)) }
            if let gap = longestGap.values.first, gap < patience / 2 { return }
        }
        Issue.record("the machine was too slow to tell")
    }

    /// Two clients of `/quiet`, of which one pings, until the other one is closed; gives the longest time between pings.
    private func pingUntilOtherIsClosed(port: UInt16, _ patience: Duration) throws -> Duration {
        let pinging = try RawWebSocketClient(port: port)
        let silent = try RawWebSocketClient(port: port)
        try silent.open("/quiet")
        try pinging.open("/quiet")
        #expect(try silent.readText().contains("hello"))
        #expect(try pinging.readText().contains("hello"))
        var longestGap = Duration.zero
        var last = ContinuousClock.now
        while (try? silent.stream.wait(for: POLLIN, until: .now, "the Close")) == nil {
            try pinging.send(.ping([1]))
            longestGap = max(longestGap, ContinuousClock.now - last)
            last = .now
            guard longestGap < patience / 2 else { return longestGap }
            #expect(try pinging.readFrame() == .pong([1]))
            usleep(10_000)
        }
        let close = try silent.readFrame()
        #expect(close.closeCode == 1000)
        #expect(close.closeReason.contains("no ping"))
        try silent.send(.close(1000))
        try silent.awaitEnd()
        #expect(try pinging.readFrame().closeCode == 1000)
        return longestGap
    }

    @Test("stop closes sessions with 1001, cuts who does not answer, and frees the port")
    func stop() async throws {
        let loop = try EventLoop()
        let server = DemoFeedServer(loop: loop, seed: 1)
        let port = try await server.start()
        let (ready, done) = (Collected<Int>(), Collected<UInt16>())
        async let clients: Void = onOwnThread {
            let polite = try RawWebSocketClient(port: port)
            let stubborn = try RawWebSocketClient(port: port)
            let mute = try RawWebSocketClient(port: port)
            try polite.open("/quiet")
            try stubborn.open("/ticker")
            ready.append(1)
            _ = try polite.readText()
            let close = try polite.readFrame()
            done.append(close.closeCode ?? 0)
            try polite.send(.close(1001))
            try polite.awaitEnd()
            try stubborn.awaitEnd()
            try mute.awaitEnd()
        }
        try await eventually("three connections") { await server.connectionCount == 3 && ready.count == 1 }
        let start = ContinuousClock.now
        await server.stop()
        #expect(ContinuousClock.now - start < .seconds(3))
        await server.stop()
        try await clients
        #expect(done.values == [1001])
        #expect(throws: SystemCallError.self) { try RawWebSocketClient(port: port) }
        await #expect(throws: ServerError.startedBefore) { try await server.start() }
        await loop.shutdown()
    }

    @Test("a port that is taken is an error that names it; the server can still be stopped")
    func portTaken() async throws {
        let loop = try EventLoop()
        let first = DemoFeedServer(loop: loop, seed: 1)
        let port = try await first.start()
        let second = DemoFeedServer(loop: loop, port: port, seed: 1)
        await #expect(throws: ServerError.listen(address: "127.0.0.1:\(port)", code: EADDRINUSE)) {
            try await second.start()
        }
        await second.stop()
        await first.stop()
        await loop.shutdown()
    }

    @Test("servers come and go on one loop, with clients in every state, and leave nothing behind")
    func nothingIsLeft() async {
        await #expect(processExitsWith: .success) {
            // libuv and libwebsockets keep a few descriptors for the life of the process.
            try await EventLoop().shutdown()
            let before = await ProcessCensus.baseline()
            let loop = try EventLoop()
            for round in 0..<6 {
                let server = DemoFeedServer(loop: loop, seed: UInt64(round))
                let port = try await server.start()
                try await onOwnThread {
                    let clients = try (0..<6).map { _ in try RawWebSocketClient(port: port) }
                    try clients[0].open("/ticker")
                    try clients[1].open("/quiet")
                    try clients[2].stream.send(Array("GET / HT".utf8))
                    try clients[3].stream.send(Array("\0\u{1}\u{2}rubbish\r\n\r\n".utf8))
                    try clients[4].open("/flaky")
                    clients[4].stream.reset()
                    _ = try clients[0].readText()
                    if round % 2 == 0 {
                        Task { await server.stop() }
                        for client in clients where !client.stream.isClosed { try client.awaitEnd() }
                    }
                }
                await server.stop()
            }
            // One that nobody stops ends with the loop.
            let forgotten = DemoFeedServer(loop: loop, seed: 1)
            let port = try await forgotten.start()
            try await onOwnThread { try RawWebSocketClient(port: port).open("/ticker") }
            await loop.shutdown()
            await forgotten.stop()
            let left = await before.leftOver()
            #expect(left.isEmpty, "left over: \(left)")
        }
    }

    private func withServer(
        _ timing: DemoTiming = DemoTiming(),
        _ body: @escaping @Sendable (UInt16) throws -> Void
    ) async throws {
        let loop = try EventLoop()
        let server = DemoFeedServer(loop: loop, seed: 7, timing: timing)
        let port = try await server.start()
        let result: Result<Void, any Error>
        do { result = .success(try await onOwnThread { try body(port) }) } catch { result = .failure(error) }
        await server.stop()
        await loop.shutdown()
        try result.get()
    }
}
