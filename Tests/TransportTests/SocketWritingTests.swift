import Glibc
import NameResolution
import TestSupport
import Testing

@testable import Transport

/// What is written is sent: at once if it can be, later if it must be, once and in order.
@Suite("Socket writing")
struct SocketWritingTests {
    private let pattern = SocketReadingTests.pattern

    @Test(
        "a peer that does not read: the rest waits in the queue, and goes when there is room",
        arguments: [false, true]
    )
    func backPressure(secure: Bool) async throws {
        let payload = pattern(20_000_000)
        try await withLoop { loop in
            let go = try StopSignal()
            let received = Collected<[UInt8]>()
            let peer = try TestPeer(secure: secure, go: go, total: payload.count, received: received)
            let connection = try await Connection.establish(loop, peer.endpoint, tls: peer.tls)
            let queued = await connection.with { socket in
                socket.write(payload)
                return socket.queuedBytes
            }
            #expect((queued ?? 0) > 1_000_000)
            #expect((queued ?? 0) < payload.count)
            #expect(connection.record.now.drained == 0)
            go.raise()
            try await eventually("a drained queue") { connection.record.now.drained == 1 }
            #expect(await connection.with { $0.queuedBytes } == 0)
            try await eventually("all bytes") { received.count == 1 }
            #expect(received.values.first == payload)
            await connection.with { $0.abort() }
            try await onOwnThread { peer.join() }
        }
    }

    @Test("a write that the kernel takes goes at once and queues nothing")
    func atOnce() async throws {
        try await withLoop { loop in
            let listener = try RawListener()
            let connection = try await Connection.establish(loop, .host("127.0.0.1", port: listener.port))
            let peer = try listener.accept()
            let hold = Held()
            await connection.with { socket in
                socket.write([1, 2, 3])
                socket.write([])
                #expect(socket.queuedBytes == 0)
                // The turn does not end before the bytes have been seen to arrive.
                loop.submit { hold.wait() }
            }
            #expect(try peer.receive(exactly: 3) == [1, 2, 3])
            hold.release()
            await loop.run {}
            #expect(connection.record.now.drained == 0)
        }
    }

    @Test("coalesced writes leave together at the end of the turn, in order with others")
    func coalescing() async throws {
        try await withLoop { loop in
            let listener = try RawListener()
            let connection = try await Connection.establish(loop, .host("127.0.0.1", port: listener.port))
            let peer = try listener.accept()
            let waiting = await connection.with { socket in
                for byte in UInt8(0)..<50 { socket.write([byte], coalescing: true) }
                socket.write([50])
                return socket.queuedBytes
            }
            #expect(waiting == 51)
            #expect(try peer.receive() == Array(0...50), "one segment")
            try await eventually("drained") { connection.record.now.drained == 1 }
        }
    }

    @Test("writing to a peer that is gone ends the socket once, not within the call")
    func gone() async throws {
        try await withLoop { loop in
            let listener = try RawListener()
            let connection = try await Connection.establish(loop, .host("127.0.0.1", port: listener.port)) { client in
                client.onEstablished = { $0.pauseReading() }
            }
            try listener.accept().reset()
            let endedWithin = await connection.with { socket in
                for _ in 0..<10 { socket.write([1, 2, 3]) }
                return connection.record.isOver
            }
            #expect(endedWithin == false)
            try await connection.over()
            #expect(connection.record.now.ends.count == 1)
            if case .reset? = connection.record.end {} else { Issue.record("\(connection.record.now.ends)") }
        }
    }

    @Test("the queue gives its bytes out once and in order, whatever is taken at a time")
    func queue() {
        var random = SeededGenerator(seed: 7)
        var queue = OutputQueue()
        var expected: [UInt8] = []
        var seen: [UInt8] = []
        for _ in 0..<2000 {
            let chunk = (0..<Int.random(in: 0..<900, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            expected += chunk
            chunk.withUnsafeBytes { queue.append($0) }
            let share = Int.random(in: 0..<1000, using: &random)
            queue.take { bytes in
                let count = min(share, bytes.count)
                seen += bytes[..<count]
                return count
            }
            #expect(queue.count == expected.count - seen.count)
        }
        queue.take { bytes in
            seen += bytes
            return bytes.count
        }
        #expect(seen == expected)
        #expect(queue.isEmpty)
    }
}

/// A peer, plain or secure, that reads nothing until it may, and then everything.
private final class TestPeer: Sendable {
    let endpoint: Endpoint
    let tls: (context: TLSContext, serverName: String)?
    private let server: TLSServer?
    private let thread: JoinableThread?

    init(secure: Bool, go: StopSignal, total: Int, received: Collected<[UInt8]>) throws {
        if secure {
            let authority = try CertificateAuthority()
            let server = try TLSServer(identity: try authority.issue(addresses: ["127.0.0.1"])) { peer in
                go.wait(atMost: .seconds(20))
                received.append(try peer.read(exactly: total))
                _ = try peer.readToEnd()
            }
            self.server = server
            thread = nil
            endpoint = .host("127.0.0.1", port: server.port)
            tls = (try TLSContext(TLSOptions(certificateAuthority: .pem(authority.certificate))), "127.0.0.1")
        } else {
            let listener = try RawListener()
            server = nil
            endpoint = .host("127.0.0.1", port: listener.port)
            tls = nil
            thread = try listener.handOver("read") { peer in
                go.wait(atMost: .seconds(20))
                if let bytes = try? peer.receive(exactly: total) { received.append(bytes) }
                _ = try? peer.receive()
            }
        }
    }

    func join() {
        thread?.join()
        server?.stop()
    }
}
