import Glibc
import NameResolution
import TestSupport
import Testing

@testable import Transport

/// Every way a connection can end brings exactly one end, with the right reason, after the last byte.
@Suite("Socket ends")
struct SocketEndTests {
    private func check(
        _ connection: Connection,
        bytes: Int,
        _ isExpected: (SocketEnd) -> Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await connection.over()
        // One more turn, in which a second end would come.
        await connection.loop.run {}
        let seen = connection.record.now
        #expect(seen.ends.count == 1, sourceLocation: sourceLocation)
        #expect(seen.late.isEmpty, "\(seen.late)", sourceLocation: sourceLocation)
        #expect(seen.bytes.count == bytes, sourceLocation: sourceLocation)
        if let end = seen.ends.first { #expect(isExpected(end), "\(end)", sourceLocation: sourceLocation) }
        try await eventually("no open socket") { connection.loop.openSockets == 0 }
    }

    private func pair(_ loop: EventLoop) async throws -> (Connection, RawPeer) {
        let listener = try RawListener()
        let connection = try await Connection.establish(loop, .host("127.0.0.1", port: listener.port))
        return (connection, try listener.accept())
    }

    @Test("the peer closes: data, then eof")
    func fin() async throws {
        try await withLoop { loop in
            let (connection, peer) = try await pair(loop)
            try peer.send([UInt8](repeating: 7, count: 1000))
            peer.end()
            try await check(connection, bytes: 1000) { if case .eof = $0 { true } else { false } }
        }
    }

    @Test("the peer ends its side only: eof as well")
    func halfClose() async throws {
        try await withLoop { loop in
            let (connection, peer) = try await pair(loop)
            try peer.send([1, 2, 3])
            peer.shutdownWriting()
            try await check(connection, bytes: 3) { if case .eof = $0 { true } else { false } }
        }
    }

    @Test("the peer resets: reset, with what it had sent before", arguments: [0, 1, 50_000])
    func reset(bytes: Int) async throws {
        try await withLoop { loop in
            let (connection, peer) = try await pair(loop)
            // While the loop is held, data and RST arrive together: the loop sees no more than an error.
            let hold = Held()
            loop.submit { hold.wait() }
            if bytes > 0 { try peer.send([UInt8](repeating: 7, count: bytes)) }
            peer.reset()
            hold.release()
            try await check(connection, bytes: bytes) { if case .reset(ECONNRESET) = $0 { true } else { false } }
        }
    }

    @Test("the peer resets while reading is paused: noticed with the next write, and nothing that had arrived is lost")
    func resetWhilePaused() async throws {
        try await withLoop { loop in
            let (connection, peer) = try await pair(loop)
            await connection.with { $0.pauseReading() }
            try peer.send([UInt8](repeating: 7, count: 100_000))
            peer.reset()
            await loop.run {}
            #expect(!connection.record.isOver)
            await connection.with { $0.write([1]) }
            try await check(connection, bytes: 100_000) { if case .reset = $0 { true } else { false } }
        }
    }

    @Test("a handler that pauses, writes and resumes while the last bytes are delivered changes nothing")
    func restlessHandler() async throws {
        try await withLoop { loop in
            let listener = try RawListener()
            let connection = try await Connection.establish(loop, .host("127.0.0.1", port: listener.port)) { client in
                client.onReceived = { [unowned client] socket in
                    socket.pauseReading()
                    socket.write([1, 2, 3])
                    socket.write([4], coalescing: true)
                    if client.record.byteCount > 40_000 { socket.resumeReading() }
                }
                client.onEstablished = { $0.pauseReading() }
            }
            let peer = try listener.accept()
            try peer.send([UInt8](repeating: 7, count: 100_000))
            peer.reset()
            await connection.with { $0.write([1]) }
            try await check(connection, bytes: 100_000) { if case .reset = $0 { true } else { false } }
        }
    }

    @Test("aborted inside the handler, outside of it, and twice: one end, later in the turn")
    func abort() async throws {
        try await withLoop { loop in
            let listener = try RawListener()
            let endpoint = Endpoint.host("127.0.0.1", port: listener.port)
            let inside = try await Connection.establish(loop, endpoint) { client in
                client.onReceived = { socket in
                    socket.abort()
                    socket.write([1])
                    socket.abort()
                }
            }
            let peer = try listener.accept()
            try peer.send([1, 2])
            try await check(inside, bytes: 2) { if case .aborted = $0 { true } else { false } }

            let outside = try await Connection.establish(loop, endpoint)
            let second = try listener.accept()
            let endedWithin = await outside.with { socket in
                socket.abort()
                let ended = outside.record.isOver
                socket.abort()
                socket.pauseReading()
                socket.resumeReading()
                socket.shutdownAfterFlush()
                return ended || !socket.isEnded
            }
            #expect(endedWithin == false)
            try await check(outside, bytes: 0) { if case .aborted = $0 { true } else { false } }
            withExtendedLifetime(second) {}
        }
    }

    @Test("a detached socket ends without a word")
    func detach() async throws {
        try await withLoop { loop in
            let (connection, peer) = try await pair(loop)
            await connection.with { $0.detach() }
            #expect(try peer.receive().isEmpty)
            try await eventually("no open socket") { loop.openSockets == 0 }
            #expect(connection.record.now.ends.isEmpty)
        }
    }

    @Test("sockets that end each other in one turn, with events pending for all of them: one end each")
    func crossfire() async throws {
        try await withLoop { loop in
            let listener = try RawListener()
            for round in 0..<20 {
                let group = Collected<LoopBound<Socket>>()
                var connections: [Connection] = []
                var peers: [RawPeer] = []
                for _ in 0..<8 {
                    let connection = try await Connection.establish(loop, .host("127.0.0.1", port: listener.port)) {
                        client in
                        client.onEstablished = { group.append(LoopBound($0, to: loop)) }
                        client.onReceived = { me in
                            for other in group.values where other.value !== me { other.value.abort() }
                            if round % 2 == 0 { me.abort() }
                        }
                    }
                    connections.append(connection)
                    peers.append(try listener.accept())
                }
                let hold = Held()
                loop.submit { hold.wait() }
                for peer in peers {
                    try peer.send([UInt8](repeating: 1, count: 50))
                    if round % 3 == 0 { peer.reset() }
                }
                hold.release()
                for connection in connections.dropFirst() { try? await connection.over() }
                await loop.run { for socket in group.values { socket.value.abort() } }
                for connection in connections {
                    try await connection.over()
                    #expect(connection.record.now.ends.count == 1)
                }
            }
            try await eventually("no open socket") { loop.openSockets == 0 }
        }
    }

    @Test("the loop's shutdown ends every socket as aborted")
    func shutdown() async throws {
        let loop = try EventLoop()
        let (connection, peer) = try await pair(loop)
        let dialing = await Connection.dial(loop, .host("192.0.2.1", port: 9))
        await loop.shutdown()
        #expect(connection.record.now.ends.count == 1)
        if case .aborted? = connection.record.end {
        } else {
            Issue.record("\(String(describing: connection.record.end))")
        }
        #expect(try peer.receive().isEmpty)
        #expect(loop.openSockets == 0)
        try await dialing.over()
        let late = await Connection.dial(loop, .host("127.0.0.1", port: 9))
        try await late.over()
        if case .resources(ECANCELED)? = late.record.now.failures.first {} else { Issue.record("\(late.record.now)") }
    }

    @Test("shutdownAfterFlush sends what is queued, then FIN, and still reads what the peer says until it ends")
    func shutdownAfterFlush() async throws {
        try await withLoop { loop in
            let (connection, peer) = try await pair(loop)
            let payload = [UInt8](repeating: 9, count: 4_000_000)
            await connection.with { socket in
                socket.write(payload)
                socket.shutdownAfterFlush()
                socket.write([1, 2, 3])
            }
            #expect(try peer.receive(exactly: payload.count) == payload)
            #expect(try peer.receive().isEmpty, "nothing after the queue but FIN")
            try peer.send([4, 5, 6])
            peer.end()
            try await check(connection, bytes: 3) { if case .eof = $0 { true } else { false } }
        }
    }
}
