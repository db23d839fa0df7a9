import Glibc
import HawserServers
import TestSupport
import Testing
import Transport

/// The base of every server, with handlers made for the test.
@Suite struct LibwebsocketsServerTests {
    @Test("messages come whole: of every length, fragmented, with a Ping between, many at once")
    func messages() async throws {
        try await withServer { port in
            let client = try RawWebSocketClient(port: port)
            try client.open("/echo")
            for count in [0, 1, 125, 126, 65_535, 65_536, 200_000] {
                let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                try client.send(.binary(payload))
                #expect(try message(from: client) == .binary(payload))
            }
            try client.send(WireFrame(opcode: 1, Array("zwölf ".utf8.prefix(3)), fin: false))
            try client.send(.ping([9]))
            try client.send(WireFrame(opcode: 0, Array("zwölf ".utf8.dropFirst(3)), fin: false))
            try client.send(WireFrame(opcode: 0, Array("Boxer".utf8)))
            #expect(try client.readFrame() == .pong([9]))
            #expect(try message(from: client) == .text("zwölf Boxer"))
            for number in 1...200 { try client.send(.text("\(number)")) }
            for number in 1...200 { #expect(try message(from: client) == .text("\(number)")) }
            try client.send(.close(1000, "done"))
            #expect(try client.readFrame().closeCode == 1000)
            try client.awaitEnd()
        }
    }

    @Test("a message over the limit ends the session with 1009, text that is not UTF-8 with 1007")
    func violations() async throws {
        try await withServer { port in
            let large = try RawWebSocketClient(port: port)
            try large.open("/echo")
            try large.send(.binary([UInt8](repeating: 1, count: ServerConnection.messageLimit + 1)))
            #expect(try large.readFrame().closeCode == 1009)
            try large.send(.close(1009))
            try large.awaitEnd()
            let broken = try RawWebSocketClient(port: port)
            try broken.open("/echo")
            try broken.send(WireFrame(opcode: 1, [0xC0, 0xAF]))
            #expect(try broken.readFrame().closeCode == 1007)
            try broken.send(.close(1007))
            try broken.awaitEnd()
        }
    }

    @Test("connections over the limit wait until one has ended")
    func connectionLimit() async throws {
        try await withServer(connectionLimit: 2) { port in
            let first = try RawWebSocketClient(port: port)
            let second = try RawWebSocketClient(port: port)
            try first.open("/echo")
            try second.open("/echo")
            let third = try RawWebSocketClient(port: port)
            try third.sendRequest(target: "/")
            // Those that are served are served on; the third one has to wait.
            try second.send(.text("a"))
            #expect(try message(from: second) == .text("a"))
            #expect(throws: StreamError.timedOut("the end of a message head")) {
                try third.stream.readHead(within: .milliseconds(100))
            }
            first.close()
            #expect(try third.readResponse().status == 404)
        }
    }

    @Test("a client that stops reading is refused more at a megabyte, and cut by stop in spite of what is buffered")
    func stopWithFullBuffers() async throws {
        let loop = try EventLoop()
        let refusals = Collected<Int>()
        let served = await loop.run {
            LoopBound(LibwebsocketsServer(loop: loop, handler: TestHandler(loop: loop, refusals: refusals)), to: loop)
        }
        let port = try await loop.run {
            try served.value.start(.ipv4Loopback(port: 0))
            return served.value.port
        }
        try await onOwnThread {
            let client = try RawWebSocketClient(port: port)
            client.stream.limitReceiveBuffer(4096)
            try client.open("/flood")
            while refusals.count < 50 { usleep(1000) }
            let stopped = Collected<Duration>()
            let start = ContinuousClock.now
            loop.submit { served.value.stop { stopped.append(ContinuousClock.now - start) } }
            while stopped.count == 0 { usleep(1000) }
            #expect(stopped.values[0] < .seconds(3))
            try client.awaitEnd()
        }
        await loop.shutdown()
    }

    private func withServer(
        connectionLimit: Int = 100,
        _ body: @escaping @Sendable (UInt16) throws -> Void
    ) async throws {
        let loop = try EventLoop()
        let served = await loop.run {
            let handler = TestHandler(loop: loop, refusals: Collected())
            return LoopBound(
                LibwebsocketsServer(loop: loop, handler: handler, connectionLimit: connectionLimit),
                to: loop
            )
        }
        let port = try await loop.run {
            try served.value.start(.ipv4Loopback(port: 0))
            return served.value.port
        }
        let result: Result<Void, any Error>
        do { result = .success(try await onOwnThread { try body(port) }) } catch { result = .failure(error) }
        await withCheckedContinuation { continuation in
            loop.submit { served.value.stop { continuation.resume() } }
        }
        await loop.shutdown()
        try result.get()
    }

    private func message(from client: RawWebSocketClient) throws -> ServerMessage {
        let frame = try client.readFrame()
        return frame.opcode == 1 ? .text(frame.text) : .binary(frame.payload)
    }
}

/// `/echo` sends back what it gets, `/flood` sends until it is refused, and notes each refusal.
private final class TestHandler: ServerHandler {
    private let loop: EventLoop
    private let refusals: Collected<Int>

    init(loop: EventLoop, refusals: Collected<Int>) {
        self.loop = loop
        self.refusals = refusals
    }

    func response(to request: ServerRequest) -> ServerResponse { .text("nothing", status: 404) }

    func upgrade(_ request: ServerRequest) -> UpgradeDecision {
        .accept(request.path == "/flood" ? FloodSession(loop: loop, refusals: refusals) : EchoSession())
    }
}

private final class EchoSession: ServerSession {
    private var connection: ServerConnection?

    func opened(_ connection: ServerConnection) { self.connection = connection }

    func received(_ message: ServerMessage) {
        switch message {
        case .text(let text): connection?.send(text: text)
        case .binary(let payload): connection?.send(binary: payload)
        }
    }

    func ended() { connection = nil }
}

private final class FloodSession: ServerSession {
    private let loop: EventLoop
    private let refusals: Collected<Int>
    private var timer: LoopTimer?

    init(loop: EventLoop, refusals: Collected<Int>) {
        self.loop = loop
        self.refusals = refusals
    }

    func opened(_ connection: ServerConnection) {
        timer = loop.makeTimer { [weak self, weak connection] in
            guard let self, let connection else { return }
            if !connection.send(binary: [UInt8](repeating: 0, count: 60_000)) { refusals.append(1) }
            timer?.arm(at: loop.now)
        }
        timer?.arm(at: loop.now)
    }

    func received(_ message: ServerMessage) {}

    func ended() { timer = nil }
}
