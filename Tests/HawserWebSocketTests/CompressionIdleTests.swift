import TestSupport
import Testing
import Transport
import WebSocketProtocol

@testable import HawserWebSocket

/// Compression state of idle connections is given back.
@Suite struct CompressionIdleTests {
    @Test("State is given back after a whole period without use, once, and no timer stays")
    func idlePeriod() async throws {
        let loop = try EventLoop()
        let idles = Collected<Duration>()
        let period = Duration.milliseconds(40)
        let compression = await loop.run {
            let compression = ConnectionCompression(DeflateAgreement(), CompressionPolicy(), idlePeriod: period)
            let begin = loop.now
            #expect(compression.used())
            compression.watch(on: loop) { idles.append(begin.duration(to: loop.now)) }
            #expect(!compression.used())
            return LoopBound(compression, to: loop)
        }
        try await eventually("the period has passed") { idles.count == 1 }
        // Used at the beginning of the first period, not in the second.
        #expect(idles.values.allSatisfy { $0 >= period * 2 })
        // The next use starts to watch again.
        #expect(await loop.run { compression.value.used() })
        await loop.shutdown()
    }

    @Test("A session goes on with its history when its state was given back, also in the middle of messages")
    func release() async throws {
        let text = String(repeating: "price 100.25; ", count: 40)
        let server = try FaultServer { connection in
            let peer = PeerCompression()
            try connection.upgrade(fields: [("Sec-WebSocket-Extensions", "permessage-deflate")])
            for _ in 0..<3 {
                // The second and third refer to the first.
                let message = peer.compress(Array(text.utf8))
                try connection.send(WireFrame(opcode: 1, Array(message.prefix(5)), fin: false, reserved: 4))
                try connection.send(WireFrame(opcode: 0, Array(message.dropFirst(5))))
                #expect(peer.inflate(try connection.readFrame().payload) == Array(text.utf8))
            }
            try connection.closeProperly()
        }
        let held = try await withLoop { loop in
            try await SessionRunner(loop).hold(
                server.url(),
                onMessage: { connection, _ in
                    // In the middle of receiving; in the next turn there is nothing under way.
                    connection.send(text)
                    let connection = LoopBound(connection, to: loop)
                    loop.submit {
                        connection.value.releaseCompressionState()
                        let hasState = connection.value.decoder.hasInflateState
                        #expect(!hasState)
                    }
                }
            )
        }
        #expect(held.messages == [.text(text), .text(text), .text(text)])
        #expect(held.report.end.outcome == .peerClosed, "\(held.report.detail)")
        server.stop()
    }

    @Test("Messages that come uncompressed do not hold the state")
    func plainMessages() async throws {
        let server = try FaultServer { connection in
            let peer = PeerCompression()
            try connection.upgrade(fields: [("Sec-WebSocket-Extensions", "permessage-deflate")])
            try connection.send(WireFrame(opcode: 1, peer.compress(Array("compressed".utf8)), reserved: 4))
            // Until the client says that it has what it waits for.
            while try connection.readFrame().opcode != 8 { try connection.sendText("plain") }
            try connection.sendClose(1000)
        }
        let held = try await withLoop { loop in
            try await SessionRunner(loop).hold(
                server.url(),
                onOpen: { connection in
                    let (agreement, policy) = (DeflateAgreement(), CompressionPolicy())
                    connection.compression =
                        ConnectionCompression(agreement, policy, idlePeriod: .milliseconds(20))
                },
                onMessage: { connection, count in
                    let connection = LoopBound(connection, to: loop)
                    loop.submit {
                        let hasState = connection.value.decoder.hasInflateState
                        // Bounded by the count: more messages than come in many periods.
                        if hasState && count < 100_000 {
                            connection.value.send("more")
                        } else {
                            connection.value.close(hasState ? .stale : .shutdown)
                        }
                    }
                }
            )
        }
        #expect(held.report.end.outcome == .shutdown)
        server.stop()
    }
}
