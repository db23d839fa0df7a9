import Glibc
import MonotonicTime
import NameResolution
import TestSupport
import Testing

@testable import Transport

/// What arrives, arrives whole and in order: whatever the handler takes, and however often it pauses.
@Suite("Socket reading")
struct SocketReadingTests {
    /// A length that divides no buffer and no record.
    private static let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &* 17) }

    /// Bytes that show when one is missing, doubled or out of place.
    static func pattern(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + block.count)
        while bytes.count < count { bytes.append(contentsOf: block) }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    @Test("what the handler leaves is offered again with more behind it", arguments: [false, true])
    func carry(secure: Bool) async throws {
        let payload = Self.pattern(40_009 * 50)
        try await withLoop { loop in
            try await withPeer(secure: secure, sends: payload) { endpoint, tls in
                let connection = try await Connection.establish(loop, endpoint, tls: tls) { client in
                    // Frames of a size that never fits what arrives.
                    client.consumes = { $0.count / 40_009 * 40_009 }
                }
                try await connection.over()
                #expect(connection.record.bytes == payload)
            }
        }
    }

    @Test(
        "a handler with room of its own gets every byte there, and through the buffer when it has none",
        arguments: [false, true]
    )
    func room(secure: Bool) async throws {
        let payload = Self.pattern(3_000_000)
        try await withLoop { loop in
            try await withPeer(secure: secure, sends: payload) { endpoint, tls in
                let connection = try await Connection.establish(loop, endpoint, tls: tls) { client in
                    client.roomSize = 1
                    client.onReceived = { [unowned client] _ in
                        let sizes = [0, 100_000, 16_384, 0, 0, 70_001]
                        client.roomSize = sizes[client.record.now.reads % sizes.count]
                    }
                    // Leaves a few bytes, but for the last time: they are offered again with what comes behind them.
                    client.consumes = { [unowned client] bytes in
                        client.record.byteCount + bytes.count == payload.count ? bytes.count : max(1, bytes.count - 5)
                    }
                }
                try await connection.over()
                #expect(connection.record.bytes == payload)
            }
        }
    }

    @Test("a handler that never takes a full buffer ends the socket")
    func stuck() async throws {
        try await withLoop { loop in
            try await withPeer(secure: false, sends: Self.pattern(3 * Socket.window)) { endpoint, tls in
                let connection = try await Connection.establish(loop, endpoint, tls: tls) { $0.consumes = { _ in 0 } }
                try await connection.over()
                if case .failed(EMSGSIZE)? = connection.record.end {
                } else {
                    Issue.record("\(connection.record.now.ends)")
                }
            }
        }
    }

    @Test(
        "pausing and resuming loses nothing, inside the handler and outside",
        arguments: [false, true],
        [false, true]
    )
    func pauses(secure: Bool, inside: Bool) async throws {
        let payload = Self.pattern(40 * Socket.window)
        try await withLoop { loop in
            try await withPeer(secure: secure, sends: payload) { endpoint, tls in
                let pauses = Collected<Int>()
                let connection = try await Connection.establish(loop, endpoint, tls: tls) { client in
                    var next = 50_000
                    client.onReceived = { [unowned client] socket in
                        #expect(!socket.isReadingPaused, "offered bytes while paused")
                        let count = client.record.byteCount
                        guard inside, count > next else { return }
                        next = count + 50_000
                        socket.pauseReading()
                        pauses.append(count)
                    }
                }
                while !connection.record.isOver {
                    await connection.with { inside ? $0.resumeReading() : $0.pauseReading() }
                    await loop.run {}
                    await connection.with { $0.resumeReading() }
                    await loop.run {}
                }
                #expect(connection.record.bytes == payload)
                if inside { #expect(pauses.count > 20) }
            }
        }
    }

    @Test("while paused nothing is delivered and the loop sleeps", arguments: [false, true])
    func silence(secure: Bool) async throws {
        let payload = Self.pattern(1_000_000)
        try await withLoop { loop in
            try await withPeer(secure: secure, sends: payload) { endpoint, tls in
                let connection = try await Connection.establish(loop, endpoint, tls: tls) { client in
                    client.onEstablished = { $0.pauseReading() }
                }
                let before = loop.turns
                let alarm = Collected<Int>()
                let timer = await loop.run {
                    let timer = loop.makeTimer { alarm.append(1) }
                    timer.arm(at: loop.now + .milliseconds(100))
                    return LoopBound(timer, to: loop)
                }
                try await eventually("100 ms") { alarm.count == 1 }
                withExtendedLifetime(timer) {}
                #expect(connection.record.byteCount == 0)
                #expect(loop.turns - before < 50, "a paused socket keeps the loop turning")
                await connection.with { $0.resumeReading() }
                try await connection.over()
                #expect(connection.record.bytes == payload)
            }
        }
    }

    @Test("what was left unconsumed when reading paused is offered again on resume, though nothing more arrives")
    func leftovers() async throws {
        try await withLoop { loop in
            let listener = try RawListener()
            let connection = try await Connection.establish(loop, .host("127.0.0.1", port: listener.port)) { client in
                client.consumes = { min($0.count, 10) }
                client.onReceived = { $0.pauseReading() }
            }
            let peer = try listener.accept()
            try peer.send(Self.pattern(30))
            for count in [10, 20, 30] {
                try await eventually("\(count) bytes") { connection.record.byteCount == count }
                await connection.with { $0.resumeReading() }
            }
            await loop.run {}
            #expect(connection.record.bytes == Self.pattern(30))
        }
    }

    @Test(
        "a handler that has enough for one turn gets the rest in the next, and all of it before the end",
        arguments: [false, true]
    )
    func yielding(secure: Bool) async throws {
        let payload = Self.pattern(2_000)
        try await withLoop { loop in
            try await withPeer(secure: secure, sends: payload) { endpoint, tls in
                let connection = try await Connection.establish(loop, endpoint, tls: tls) { client in
                    client.consumes = { min($0.count, 7) }
                    client.onReceived = { $0.yieldReading() }
                }
                try await connection.over()
                #expect(connection.record.bytes == payload)
                #expect(connection.record.now.reads >= payload.count / 7)
            }
        }
    }

    @Test("an idle socket keeps no buffer of bytes that were carried, wherever the last ones went")
    func idleCarry() async throws {
        try await withLoop { loop in
            let listener = try RawListener()
            let connection = try await Connection.establish(loop, .host("127.0.0.1", port: listener.port)) { client in
                var isFirst = true
                client.consumes = { bytes in
                    guard isFirst else { return bytes.count }
                    isFirst = false
                    return bytes.count - 40_000
                }
                // The first bytes are carried, with what is behind them comes no end, and the last have a place.
                client.onReceived = { [unowned client] _ in
                    client.roomSize = client.record.byteCount >= Socket.window ? 100_000 : 0
                }
            }
            await connection.with { $0.pauseReading() }
            let peer = try listener.accept()
            let payload = Self.pattern(200_000)
            try peer.send(payload)
            await connection.with { $0.resumeReading() }
            try await eventually("all bytes") { connection.record.byteCount == payload.count }
            let kept = await connection.with { $0.carryCapacity }
            #expect(kept == 0)
            #expect(connection.record.bytes == payload)
        }
    }

    @Test("one busy socket does not keep another from its bytes")
    func fairness() async throws {
        try await withLoop { loop in
            let flood = try RawListener()
            let busy = try await Connection.establish(loop, .host("127.0.0.1", port: flood.port))
            let source = try flood.accept()
            let thread = try source.handOver("flood") { source in
                while (try? source.send([UInt8](repeating: 7, count: 65536))) != nil {}
            }
            let listener = try RawListener()
            let quiet = try await Connection.establish(loop, .host("127.0.0.1", port: listener.port))
            let peer = try listener.accept()
            try await eventually("a flood") { busy.record.byteCount > 1_000_000 }
            for number in 1...20 {
                try peer.send([1])
                try await eventually("one byte") { quiet.record.byteCount == number }
            }
            await busy.with { $0.abort() }
            try await onOwnThread { thread.join() }
        }
    }

    /// Runs `body` against a peer that sends `payload` and closes.
    private func withPeer(
        secure: Bool,
        sends payload: [UInt8],
        _ body: (Endpoint, (context: TLSContext, serverName: String)?) async throws -> Void
    ) async throws {
        if secure {
            let authority = try CertificateAuthority()
            let server = try TLSServer(identity: try authority.issue(addresses: ["127.0.0.1"])) {
                try $0.write(payload)
            }
            let context = try TLSContext(TLSOptions(certificateAuthority: .pem(authority.certificate)))
            try await body(.host("127.0.0.1", port: server.port), (context, "127.0.0.1"))
        } else {
            let listener = try RawListener()
            let thread = try listener.handOver("send") { try? $0.send(payload) }
            try await body(.host("127.0.0.1", port: listener.port), nil)
            try await onOwnThread { thread.join() }
        }
    }
}
