import ConnectionLifecycle
import HawserWebSocket
import Locking
import TestSupport
import Testing
import Transport

/// Every example of the documentation, compiled and run: `ExampleTextTests` compares the texts.
@Suite struct ExampleTests {
    @Test("The first example")
    func first() async throws {
        let server = try FaultServer(.answering("trade 1", "trade 2"))
        try await Self.firstExample(server.url())
        #expect(server.closes.map(\.closeCode) == [1000])
        let url = server.url()
        try await WebSocketClient.connect(to: url) { session in
            try await session.send(#"{"op":"subscribe"}"#)
            for try await message in session.messages { print(message) }
        }
        server.stop()
    }

    private static func firstExample(_ url: String) async throws {
        try await WebSocketClient.connect(to: url) { session in
            try await session.send(#"{"op":"subscribe","channel":"trades"}"#)
            for try await message in session.messages {
                print(message)
            }
        }
    }

    @Test("Connecting: one session, many sessions, the opening handshake")
    func connecting() async throws {
        let server = try FaultServer(.answering("trade 1"))
        let url = server.url()
        try await WebSocketClient.connect(to: url) { session in
            try await session.send("hello")
            print(try await session.receive())
        }
        server.stop()
        let feed = try FaultServer(.numbered(2, then: .close(1000)))
        try await Self.manySessions([feed.url(), feed.url(), feed.url()])
        #expect(feed.counts.total == 3)
        feed.stop()
        try await Self.openingHandshake()
    }

    private static func manySessions(_ urls: [String]) async throws {
        try await WebSocketClient.withClient { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for url in urls {
                    group.addTask {
                        try await client.connect(to: url) { session in
                            for try await message in session.messages { print(message) }
                        }
                    }
                }
                // The first to fail ends them all; unlike `waitForAll`, this notices at once.
                for try await _ in group {}
            }
        }
    }

    private static func openingHandshake() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade(subprotocol: "v1.json")
            try connection.closeProperly()
        }
        let client = try WebSocketClient()
        let (url, token) = (server.url(), "t0")
        var configuration = WebSocketConfiguration()
        configuration.fields = [("Authorization", "Bearer \(token)")]
        configuration.subprotocols = ["v2.json", "v1.json"]
        try await client.connect(to: url, configuration: configuration) { session in
            let opening = await session.agreed
            print("the server chose \(opening?.subprotocol ?? "no subprotocol")")
        }
        await client.shutdown()
        #expect(server.requests.first?["Authorization"] == "Bearer t0")
        server.stop()
    }

    @Test("Connecting: limits and certificates")
    func configuration() {
        var configuration = WebSocketConfiguration()
        configuration.timeouts.dial = .seconds(5)
        configuration.keepAlive = .ping(every: .seconds(15), timeout: .seconds(5))
        configuration.limits.messageSize = 16 << 20
        configuration.tls.certificateAuthority = .file("/etc/feed/authority.pem")
        configuration.tls.clientCertificate = "/etc/feed/client.pem"
        #expect(configuration.timeouts.tcp == .seconds(3))
        #expect(configuration.tls.verify)
    }

    @Test("Receiving: messages, batches, and a fold")
    func receiving() async throws {
        let server = try FaultServer(.numbered(9, then: .close(1000)))
        let client = try WebSocketClient()
        try await client.connect(to: server.url()) { session in
            for try await message in session.messages {
                switch message {
                case .text(let text): print("text: \(text)")
                case .binary(let bytes): print("\(bytes.count) bytes")
                }
            }
        }
        let stored = try await client.connect(to: server.url()) { session in
            var store: [WebSocketMessage] = []
            for try await batch in session.batches {
                store.append(contentsOf: batch)
            }
            return store
        }
        #expect(stored.count == 9)
        let count = try await client.connect(to: server.url()) { session in
            let bytes = try await session.reduce(into: 0) { count, kind, payload in
                count += payload.byteCount
            }
            return bytes
        }
        #expect(count == stored.reduce(0) { $0 + $1.byteCount })
        await client.shutdown()
        server.stop()
    }

    /// Counts bytes; confined to the event loop that calls it.
    private final class Meter: Sendable {
        private let bytes = OrderedMutex(0)
        var total: Int { bytes.withLock { $0 } }
        func add(_ count: Int) { bytes.withLock { $0 += count } }
    }

    @Test("Receiving: lent from the first message on, and answered")
    func lent() async throws {
        let server = try FaultServer(.answering("12345", "678"))
        // This one closes only when it has been answered.
        let patient = try FaultServer { connection in
            try connection.upgrade()
            _ = try connection.readFrame()
            for text in ["12345", "678"] { try connection.sendText(text) }
            for _ in 0..<2 { #expect(try connection.readFrame().payload == Array("seen".utf8)) }
            try connection.closeProperly()
        }
        let (client, meter) = (try WebSocketClient(), Meter())
        var url = server.url()
        try await client.connect(
            to: url,
            onMessage: { kind, payload in meter.add(payload.byteCount) }
        ) { session in
            try await session.send("start")
            try await session.waitForEnd()
        }
        #expect(meter.total == 8)
        let (recent, missed) = (Collected<WebSocketMessage>(), Meter())
        url = patient.url()
        try await client.connect(to: url) { session in
            try await session.send("start")
            try await session.forEachMessage { kind, payload in
                if payload.byteCount < 1_024 { recent.append(WebSocketMessage(kind, copying: payload)) }
                if !session.trySend("seen") { missed.add(1) }
            }
        }
        #expect(recent.values == [.text("12345"), .text("678")])
        #expect(missed.total == 0)
        await client.shutdown()
        server.stop()
        patient.stop()
    }

    @Test("Sending: messages, many of them, of unknown length, and a ping")
    func sending() async throws {
        let server = try FaultServer(.echo)
        let url = server.url()
        let file = [UInt8](repeating: 7, count: 5_000)
        let parts = AsyncStream<[UInt8]> { stream in
            for part: [UInt8] in [[1, 2], [3]] { stream.yield(part) }
            stream.finish()
        }
        try await WebSocketClient.connect(to: url) { session in
            try await session.send("text")
            try await session.send([1, 2, 3])
            try await session.send(file[..<4_096])
            try await session.send(contentsOf: ["subscribe trades", "subscribe quotes"])
            try await session.sendBinary { writer in
                for try await part in parts { try await writer.write(part) }
            }
            let roundTrip = try await session.ping()
            print("the server is \(roundTrip) away")
            let echoes = try await session.receive()
            #expect(echoes.last == .binary([1, 2, 3]))
            #expect(echoes.count == 6)
        }
        try await Self.onTheLoop(url)
        server.stop()
    }

    private static func onTheLoop(_ url: String) async throws {
        let loop = try EventLoop()
        let client = WebSocketClient(on: loop)
        try await withTaskExecutorPreference(loop) {
            try await client.connect(to: url) { session in
                for number in 1...1_000 { try await session.send("\(number)") }
            }
        }
        await client.shutdown()
    }

    @Test("Compression: off, cheap, and what was agreed")
    func compression() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade(
                fields: [("Sec-WebSocket-Extensions", "permessage-deflate; server_no_context_takeover")]
            )
            try connection.closeProperly()
        }
        var configuration = WebSocketConfiguration()
        configuration.compression = CompressionPolicy(
            threshold: 1_024,
            memory: 32 << 10,
            serverNoContextTakeover: true
        )
        #expect(Self.off().compression == nil)
        configuration.compression?.memory = 64 << 10
        try await WebSocketClient.connect(to: server.url(), configuration: configuration) { session in
            if let agreement = await session.agreed?.compression {
                print("compressed: \(agreement)")
            }
            #expect(await session.agreed?.compression?.serverNoContextTakeover == true)
        }
        server.stop()
    }

    private static func off() -> WebSocketConfiguration {
        var configuration = WebSocketConfiguration()
        configuration.compression = nil
        return configuration
    }

    @Test("Ends: errors, the report, and closing")
    func ends() async throws {
        let server = try FaultServer(
            .routes(["/drop": .numbered(3, then: .drop), "/end": .closeCode(1012, "restart"), "/echo": .echo])
        )
        for url in [server.url("/none"), server.url("/drop")] { try await Self.errors(url) }
        try await WebSocketClient.connect(to: server.url("/end")) { session in
            let report = try await session.waitForEnd()
            switch report.end.outcome {
            case .peerClosed: print("closed with \(report.end.closeCode ?? 1005): \(report.end.closeReason)")
            case .pingTimeout, .reset, .peerVanished: print("lost: \(report.detail)")
            default: print(report.detail)
            }
            #expect(report.end.closeReason == "restart")
        }
        try await WebSocketClient.connect(to: server.url("/echo")) { session in
            await session.close(code: .goingAway, reason: "moving to another server")
        }
        #expect(server.closes.last?.closeReason == "moving to another server")
        server.stop()
    }

    private static func errors(_ url: String) async throws {
        do {
            try await WebSocketClient.connect(to: url) { session in
                for try await message in session.messages { print(message) }
            }
        } catch WebSocketError.notOpened(let report) {
            print("no session: \(report.detail)")
        } catch WebSocketError.ended(let report) {
            print("broken off after \(report.messages) messages: \(report.detail)")
        }
    }
}

extension FaultBehaviour {
    /// Upgrades, awaits a message, sends these texts and closes.
    fileprivate static func answering(_ texts: String...) -> FaultBehaviour {
        FaultBehaviour { connection in
            try connection.upgrade()
            _ = try connection.readFrame()
            for text in texts { try connection.sendText(text) }
            try connection.closeProperly()
        }
    }
}
