import ConnectionLifecycle
import TestSupport
import Testing
import Transport
import WebSocketProtocol

@testable import HawserWebSocket

/// permessage-deflate over real sockets (RFC 7692).
@Suite struct CompressionTests {
    /// RFC 7692 section 7.2.3.1: "Hello".
    private static let hello: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]

    private static func configuration(_ policy: CompressionPolicy?) -> WebSocketConfiguration {
        var configuration = WebSocketConfiguration()
        configuration.compression = policy
        return configuration
    }

    /// Upgrades with permessage-deflate, as `parameters` say.
    private static func agreeing(
        _ parameters: String = "",
        followedBy bytes: [UInt8] = [],
        _ script: @escaping @Sendable (FaultConnection, PeerCompression) throws -> Void
    ) throws -> FaultServer {
        try FaultServer { connection in
            let field = ("Sec-WebSocket-Extensions", "permessage-deflate" + parameters)
            try connection.upgrade(fields: [field], followedBy: bytes)
            try script(connection, PeerCompression())
        }
    }

    @Test("It is offered by default, and what the server takes is known")
    func agreement() async throws {
        let server = try Self.agreeing("; server_no_context_takeover; client_max_window_bits=10") { connection, _ in
            try connection.closeProperly()
        }
        let agreed = try await WebSocketClient.connect(to: server.url()) { await $0.agreed }
        #expect(
            agreed?.compression == DeflateAgreement(serverNoContextTakeover: true, clientWindowBits: 10)
        )
        let offer = server.requests.first?["Sec-WebSocket-Extensions"]
        #expect(offer?.hasPrefix("permessage-deflate") == true, "\(offer ?? "nothing")")
        server.stop()
    }

    @Test("A server that does not take the offer gets and sends plain messages")
    func declined() async throws {
        let server = try FaultServer(.echo)
        try await WebSocketClient.connect(to: server.url()) { session in
            #expect(await session.agreed?.compression == nil)
            let text = String(repeating: "x", count: 10_000)
            try await session.send(text)
            let echo = try await session.receive()
            #expect(echo == [.text(text)])
        }
        server.stop()
    }

    @Test("Nothing is offered when it is switched off")
    func off() async throws {
        let server = try FaultServer(.echo)
        try await WebSocketClient.connect(to: server.url(), configuration: Self.configuration(nil)) { _ in }
        #expect(server.requests.first?["Sec-WebSocket-Extensions"] == nil)
        server.stop()
    }

    @Test(
        "A parameter that was not asked for fails the handshake",
        arguments: [
            "; server_max_window_bits=16", "; client_max_window_bits=7", "; mode=fast", "; client_max_window_bits",
        ]
    )
    func wrongParameters(_ parameters: String) async throws {
        let server = try Self.agreeing(parameters) { connection, _ in try connection.awaitEnd() }
        let held = try await withLoop { try await SessionRunner($0).hold(server.url()) }
        #expect(held.report.end.outcome == .protocolError)
        #expect(held.openings == 0)
        server.stop()
    }

    @Test("The examples of RFC 7692 section 7.2.3, whole, in fragments, uncompressed, in the segment of the 101")
    func examples() async throws {
        let frames = [
            WireFrame(opcode: 1, Self.hello, reserved: 4),
            // In two fragments, with a ping between; RSV1 stands on the first.
            WireFrame(opcode: 1, Array(Self.hello[..<3]), fin: false, reserved: 4), .ping([1]),
            WireFrame(opcode: 0, Array(Self.hello[3...])),
            // Refers to what came before (7.2.3.2).
            WireFrame(opcode: 1, [0xF2, 0x00, 0x11, 0x00, 0x00], reserved: 4),
            // A stored block (7.2.3.3), a final block (7.2.3.4), two blocks (7.2.3.5), an empty message (7.2.3.6).
            WireFrame(opcode: 1, [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00], reserved: 4),
            WireFrame(opcode: 1, [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00], reserved: 4),
            WireFrame(
                opcode: 1,
                [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
                reserved: 4
            ),
            WireFrame(opcode: 1, [0x00], reserved: 4), .text("plain"),
        ]
        let bytes = frames.flatMap(\.bytes) + WireFrame.close(1000).bytes
        let atOnce = try Self.agreeing(followedBy: bytes) { connection, _ in try connection.awaitEnd() }
        let inPieces = try Self.agreeing { connection, _ in
            try connection.send(bytes, inPiecesOf: 1)
            try connection.awaitEnd()
        }
        for server in [atOnce, inPieces] {
            let held = try await withLoop { try await SessionRunner($0).hold(server.url()) }
            #expect(held.report.end.outcome == .peerClosed, "\(held.report.detail)")
            let expected = [String](repeating: "Hello", count: 6) + ["", "plain"]
            #expect(held.messages == expected.map { .text($0) })
            #expect(held.report.bytes == 35)
            server.stop()
        }
    }

    @Test("Messages above the threshold are sent compressed, smaller ones are not")
    func threshold() async throws {
        let frames = Collected<WireFrame>()
        let texts = Collected<String>()
        let server = try Self.agreeing { connection, peer in
            for _ in 0..<4 {
                let frame = try connection.readFrame()
                frames.append(frame)
                let payload = frame.reserved == 4 ? peer.inflate(frame.payload) : frame.payload
                texts.append(String(decoding: payload, as: UTF8.self))
            }
            try connection.closeProperly()
        }
        let long = String(repeating: "price 100.25; ", count: 100)
        let sent = [String(repeating: "s", count: 255), String(repeating: "l", count: 256), long, long]
        try await WebSocketClient.connect(to: server.url()) { session in
            try await session.send(contentsOf: sent)
            try await session.waitForEnd()
        }
        #expect(frames.values.map(\.reserved) == [0, 4, 4, 4])
        #expect(texts.values == sent)
        // The second of the two equal ones refers to the first.
        #expect(frames.values[3].payload.count < frames.values[2].payload.count)
        server.stop()
    }

    @Test("Without context takeover each message stands for itself, in both directions")
    func noTakeover() async throws {
        let sizes = Collected<Int>()
        let text = String(repeating: "price 100.25; ", count: 100)
        let server = try Self.agreeing(
            "; client_no_context_takeover; server_no_context_takeover"
        ) { connection, peer in
            for _ in 0..<3 {
                peer.forgetReceived()
                peer.forgetSent()
                let frame = try connection.readFrame()
                sizes.append(frame.payload.count)
                let message = peer.inflate(frame.payload)
                try connection.send(WireFrame(opcode: 1, peer.compress(message), reserved: 4))
            }
            try connection.closeProperly()
        }
        var policy = CompressionPolicy()
        policy.clientNoContextTakeover = true
        policy.serverNoContextTakeover = true
        try await WebSocketClient.connect(to: server.url(), configuration: Self.configuration(policy)) { session in
            var messages = session.messages.makeAsyncIterator()
            for _ in 0..<3 {
                try await session.send(text)
                #expect(try await messages.next() == .text(text))
            }
        }
        #expect(Set(sizes.values).count == 1)
        server.stop()
    }

    @Test("A message in fragments is compressed as one")
    func fragments() async throws {
        let frames = Collected<WireFrame>()
        let messages = Collected<[UInt8]>()
        let server = try Self.agreeing { connection, peer in
            for _ in 0..<2 {
                var payload: [UInt8] = []
                while true {
                    let frame = try connection.readFrame()
                    frames.append(frame)
                    payload += frame.payload
                    if frame.fin { break }
                }
                messages.append(peer.inflate(payload))
            }
            try connection.closeProperly()
        }
        try await WebSocketClient.connect(to: server.url()) { session in
            try await session.sendText { writer in
                for number in 0..<5 { try await writer.write("part \(number) ") }
            }
            try await session.sendBinary { _ in }
            try await session.waitForEnd()
        }
        #expect(messages.values == [Array((0..<5).map { "part \($0) " }.joined().utf8), []])
        #expect(frames.values.map(\.reserved) == [4, 0, 0, 0, 0, 0, 4])
        #expect(frames.values.map(\.opcode) == [1, 0, 0, 0, 0, 0, 2])
        server.stop()
    }

    @Test("A message given up before its first fragment leaves the compression in step")
    func givenUpEarly() async throws {
        struct GivenUp: Error {}
        let messages = Collected<[UInt8]>()
        let text = String(repeating: "price 100.25; ", count: 100)
        let server = try Self.agreeing { connection, peer in
            for _ in 0..<2 { messages.append(peer.inflate(try connection.readFrame().payload)) }
            try connection.closeProperly()
        }
        try await WebSocketClient.connect(to: server.url()) { session in
            try await session.send(text)
            await #expect(throws: GivenUp.self) { try await session.sendText { _ in throw GivenUp() } }
            try await session.send(text)
            try await session.waitForEnd()
        }
        #expect(messages.values == [Array(text.utf8), Array(text.utf8)])
        server.stop()
    }

    @Test("The size limit holds for what is inflated, and a bomb costs no more")
    func bomb() async throws {
        let server = try Self.agreeing { connection, peer in
            let bomb = peer.compress([UInt8](repeating: 0, count: 16 << 20))
            #expect(bomb.count < 64 << 10)
            try connection.send(WireFrame(opcode: 2, bomb, reserved: 4))
            try connection.readToEnd()
        }
        let held = try await withLoop { loop in
            var runner = SessionRunner(loop)
            runner.configuration.limits.messageSize = 1 << 20
            runner.configuration.timeouts.close = .milliseconds(100)
            return try await runner.hold(server.url())
        }
        #expect(held.report.end.outcome == .tooBig)
        #expect(held.report.end.closeCode == 1009)
        #expect(held.messages.isEmpty)
        server.stop()
    }

    @Test("Many sessions of one loop share a buffer and do not mix their messages")
    func manySessions() async throws {
        let server = try Self.agreeing { connection, peer in
            while true {
                let frame = try connection.readFrame()
                if frame.opcode == 8 { return try connection.send(.close(1000)) }
                let message = frame.reserved == 4 ? peer.inflate(frame.payload) : frame.payload
                try connection.send(WireFrame(opcode: 1, peer.compress(message), reserved: 4))
            }
        }
        let client = try WebSocketClient()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<10 {
                group.addTask {
                    try await client.connect(to: server.url()) { session in
                        var messages = session.messages.makeAsyncIterator()
                        for round in 0..<20 {
                            let text = String(repeating: "session \(number) round \(round); ", count: 1 + round * 30)
                            try await session.send(text)
                            #expect(try await messages.next() == .text(text))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        await client.shutdown()
        server.stop()
    }

    /// Some KiB on the wire that are 60 MiB of messages.
    private static func small(_ peer: PeerCompression) -> [UInt8] {
        let zeros = [UInt8](repeating: 0, count: 4 << 20)
        return (0..<15).flatMap { _ in WireFrame(opcode: 2, peer.compress(zeros), reserved: 4).bytes }
    }

    @Test("What a pause stops is no more than a message or two, however small they came, and nothing of it is lost")
    func pause() async throws {
        let server = try Self.agreeing { connection, peer in
            try connection.send(Self.small(peer))
            // Nothing arrives any more that would have the rest looked at.
            _ = try connection.expectClose()
        }
        try await WebSocketClient.connect(to: server.url()) { session in
            var counts: [Int] = []
            while counts.reduce(0, +) < 15 {
                try await eventually("a pause") { await session.isPaused }
                counts.append(try await session.receive().count)
            }
            #expect(counts.allSatisfy { $0 <= 2 }, "\(counts)")
        }
        server.stop()
    }

    @Test("Messages that wait behind much that was inflated arrive, also if the connection ends behind them")
    func endBehind() async throws {
        let server = try Self.agreeing { connection, peer in
            try connection.send(Self.small(peer) + WireFrame.text("last").bytes)
        }
        for pauses in [false, true] {
            let held = try await withLoop { loop in
                try await SessionRunner(loop).hold(
                    server.url(),
                    onMessage: { connection, count in
                        guard pauses else { return }
                        connection.pauseReading()
                        let connection = LoopBound(connection, to: loop)
                        loop.submit { connection.value.resumeReading() }
                    }
                )
            }
            #expect(held.messages.count == 16)
            #expect(held.messages.last == .text("last"))
            #expect(held.report.end.outcome == .peerVanished)
        }
        server.stop()
    }
}

extension WebSocketSession {
    /// Whether the inbox is full.
    fileprivate var isPaused: Bool { connection?.socket?.isReadingPaused == true }
}
