import Glibc
import TestSupport
import Testing

/// The test peer itself, through a raw client: what other suites build on must be right.
@Suite struct FaultServerTests {
    @Test("the accept key of RFC 6455 section 1.3, one whose padding needs a block more, and base64 of every length")
    func acceptKeys() {
        #expect(acceptKey(for: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(acceptKey(for: String(repeating: "a", count: 28)) == "xMWmCBqYJY4uXzUs8PNU1t+Pzro=")
        #expect(base64([]) == "")
        #expect(base64([1]) == "AQ==")
        #expect(base64([1, 2]) == "AQI=")
        #expect(base64([1, 2, 3]) == "AQID")
    }

    @Test("frames of every length form survive the way through both ends", arguments: [0, 125, 126, 65_535, 65_536])
    func frameLengths(count: Int) async throws {
        let server = try FaultServer(.ipv4(), .echo)
        defer { server.stop() }
        try await onOwnThread {
            let client = try RawWebSocketClient(port: server.port)
            try client.open()
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            try client.send(.binary(payload))
            let echoed = try client.readFrame()
            #expect(echoed.payload == payload)
            #expect(echoed.opcode == 2)
            #expect(echoed.maskingKey == nil)
            try client.send(.close(1000, "done"))
            #expect(try client.readFrame().closeCode == 1000)
            try client.awaitEnd()
        }
        #expect(server.closes.map(\.closeReason) == ["done"])
        #expect(server.scriptErrors.isEmpty)
    }

    @Test("it listens on IPv6 and Unix sockets too, and removes the socket file")
    func addresses() async throws {
        let directory = try TemporaryDirectory()
        for address in [ListenerAddress.ipv6(), .unix(path: directory.file("s"))] {
            let server = try FaultServer(address, .closeCode(1012, "restart"))
            try await onOwnThread {
                let client = try RawWebSocketClient(to: server.address)
                try client.open()
                let close = try client.readFrame()
                #expect(close.closeCode == 1012)
                #expect(close.closeReason == "restart")
            }
            server.stop()
        }
        #expect(directory.names == [])
    }

    @Test("a peer that closed is not counted as open when it dials again at once")
    func counts() async throws {
        let server = try FaultServer(.ipv4(), .neverReads)
        defer { server.stop() }
        try await onOwnThread {
            for _ in 0..<20 {
                let first = try RawWebSocketClient(port: server.port)
                let second = try RawWebSocketClient(port: server.port)
                try first.open()
                try second.open()
                first.close()
                second.close()
            }
        }
        let counts = server.counts
        #expect(counts.total == 40)
        #expect(counts.peak == 2)
        #expect(counts.now == 0)
    }

    @Test("behaviours by order and by target; cutting ends what is open")
    func routing() async throws {
        let server = try FaultServer(
            .ipv4(),
            .sequence(
                [.rejects(503, fields: [("Retry-After", "7")], body: "later")],
                then: .routes(["/n": .numbered(3, then: .hold), "/r": .resets(after: 1)])
            )
        )
        defer { server.stop() }
        try await onOwnThread {
            let refused = try RawWebSocketClient(port: server.port)
            #expect(throws: StreamError.unexpected("status 503")) { try refused.open("/n") }
            #expect(refused.response?["retry-after"] == "7")
            #expect(try refused.readContent(5) == Array("later".utf8))

            let numbered = try RawWebSocketClient(port: server.port)
            try numbered.open("/n")
            for number in 1...3 { #expect(try numbered.readText() == "{\"n\":\(number)}") }

            let reset = try RawWebSocketClient(port: server.port)
            try reset.open("/r")
            #expect(throws: StreamError.reset) { while true { _ = try reset.readFrame() } }

            server.cutConnections()
            #expect(throws: StreamError.endedByPeer) { try numbered.readFrame() }
        }
        #expect(server.requests.map(\.target) == ["/n", "/n", "/r"])
    }

    @Test("numbered feeds go on where they were cut and send every number once")
    func numberedFeeds() async throws {
        let feeds = NumberedFeeds(messages: 500, cutAfter: 1...90, generator: SeededGenerator("numberedFeeds"))
        let server = try FaultServer(.ipv4(), feeds.behaviour)
        defer { server.stop() }
        try await onOwnThread {
            var last = 0
            while feeds.finished.isEmpty {
                let client = try RawWebSocketClient(port: server.port)
                try client.open("/a")
                do {
                    while true {
                        let text = try client.readText()
                        let number = try #require(Int(text.dropFirst(5).dropLast()))
                        #expect(number > last)
                        last = number
                    }
                } catch is StreamError {}
            }
            #expect(last == 500)
        }
    }

    @Test("stop() ends peers in every blocking step and leaves no descriptor and no thread")
    func stops() async {
        await #expect(processExitsWith: .success) {
            let before = await ProcessCensus.baseline()
            let behaviours: [FaultBehaviour] = [
                .silentAfterAccept, .silentAfterUpgrade, .neverReads, .neverAnswersClose, .echo, .endlessHeader,
                .dropsIdle(after: .seconds(3600)), .numbered(1_000_000, then: .hold), .stopsInHeader,
            ]
            let server = try FaultServer(.ipv4(), .sequence(behaviours, then: .echo))
            try await onOwnThread {
                let clients = try (0..<10).map { _ in try RawWebSocketClient(port: server.port) }
                for client in clients { try client.sendRequest(target: "/", fields: [("Sec-WebSocket-Key", "x")]) }
                let waited = ContinuousClock.now
                while server.counts.total < clients.count { usleep(1000) }
                server.stop()
                #expect(ContinuousClock.now - waited < .seconds(10))
            }
            #expect(server.counts.now == 0)
            let left = await before.leftOver()
            #expect(left.isEmpty, "left over: \(left)")
        }
    }
}
