import ConnectionLifecycle
import HawserWebSocket
import NameResolution
import TestSupport
import Testing
import Transport

/// Sessions through proxies, and proxies that misbehave, over real sockets.
@Suite struct ProxyTests {
    @Test("CONNECT: the tunnel's first bytes may come with the 2xx, and only the proxy's name is looked up")
    func connect() async throws {
        let server = try FaultServer { connection in
            let head = try connection.stream.readHead()
            guard head.startLine == ["CONNECT", "feed.invalid:8080", "HTTP/1.1"] else {
                throw StreamError.unexpected("\(head.startLine)")
            }
            try connection.send("HTTP/1.1 200 Established\r\n\r\n")
            try connection.upgrade(followedBy: WireFrame.text("first").bytes)
            try connection.closeProperly()
        }
        let held = try await hold("ws://feed.invalid:8080/", through: "http://user:pw@localhost:\(server.port)")
        #expect(held.report.end.outcome == .peerClosed, "\(held.report.detail)")
        #expect(held.messages == [.text("first")])
        #expect(held.report.timings.proxying != nil)
        #expect(server.scriptErrors.isEmpty, "\(server.scriptErrors)")
        server.stop()
    }

    @Test("SOCKS5: the name goes to the proxy, byte by byte answers are read")
    func socks() async throws {
        let server = try FaultServer { connection in
            try connection.expect([5, 2, 0, 2])
            try connection.send([5, 2], inPiecesOf: 1)
            try connection.expect([1, 1, 0x75, 1, 0x70])
            try connection.send([1, 0], inPiecesOf: 1)
            try connection.expect([5, 1, 0, 3, 12] + Array("feed.invalid".utf8) + [0, 80])
            try connection.send([5, 0, 0, 1, 0, 0, 0, 0, 0, 0], inPiecesOf: 1)
            try connection.upgrade()
            try connection.closeProperly()
        }
        let held = try await hold("ws://feed.invalid/", through: "socks5://u:p@127.0.0.1:\(server.port)")
        #expect(held.report.end.outcome == .peerClosed, "\(held.report.detail) \(server.scriptErrors)")
        server.stop()
    }

    @Test("TLS is spoken with the target through either proxy", arguments: ["http", "socks5"])
    func secure(_ scheme: String) async throws {
        let authority = try CertificateAuthority()
        let target = try TLSServer(identity: try authority.issue(names: ["feed.invalid"])) { peer in
            _ = try peer.read()
            try peer.write(Array("HTTP/1.1 418 Through\r\nContent-Length: 0\r\n\r\n".utf8))
            _ = try peer.readToEnd()
        }
        let port = target.port
        let proxy = try FaultServer { connection in
            if scheme == "http" {
                _ = try connection.stream.readHead()
                try connection.relay(toPort: port, after: Array("HTTP/1.1 200 OK\r\n\r\n".utf8))
            } else {
                try connection.expect([5, 1, 0])
                try connection.send([5, 0])
                try connection.expect([5, 1, 0, 3, 12] + Array("feed.invalid".utf8) + [0x01, 0xBB])
                try connection.relay(toPort: port, after: [5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
            }
        }
        let tls = try TLSContext(TLSOptions(certificateAuthority: .pem(authority.certificate)))
        let held = try await hold("wss://feed.invalid/", through: "\(scheme)://127.0.0.1:\(proxy.port)", tls)
        #expect(held.report.end.status == 418, "\(held.report.detail)")
        #expect(held.report.timings.securing != nil)
        proxy.stop()
        target.stop()
    }

    @Test(
        "Whatever a proxy answers instead of a tunnel ends the dial, in its stage and with its words",
        arguments: [
            ("HTTP/1.1 407 No\r\n\r\n", DialFault.proxyCredentials, "407"),
            ("HTTP/1.1 502 Bad Gateway\r\n\r\n", .proxy, "502 Bad Gateway"),
            ("HTTP/1.1 403 Never\r\n\r\n", .proxyRefused, "403 Never"),
            ("SSH-2.0-OpenSSH\r\n", .proxyRefused, "malformed"),
            ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "y", count: 40_000), .proxyRefused, "malformed"),
            ("", .proxy, "ended before"), ("HTTP/1.1 200 O", .proxy, "ended before"),
        ]
    )
    func refused(_ answer: String, _ fault: DialFault, _ words: String) async throws {
        let server = try FaultServer { connection in
            _ = try connection.stream.readHead()
            try connection.send(answer)
        }
        let held = try await hold("wss://feed.invalid/", through: "http://someone:hunter2@127.0.0.1:\(server.port)")
        let end = held.report.end
        #expect(end.outcome == .dialFailed)
        #expect(end.stage == .proxying)
        #expect(end.fault == fault, "\(held.report.detail)")
        #expect(held.report.detail.contains(words), "\(held.report.detail)")
        #expect(!held.report.detail.contains("hunter2") && !held.report.detail.contains("someone"))
        server.stop()
    }

    @Test("A proxy that stalls at any step is given up at its deadline", arguments: [0, 1, 2])
    func stalls(_ step: Int) async throws {
        let server = try FaultServer { connection in
            if step > 0 {
                try connection.expect([5, 1, 0])
                try connection.send(step == 1 ? [5] : [5, 0])
            }
            try connection.hold()
        }
        let held = try await hold("ws://feed.invalid/", through: "socks5://127.0.0.1:\(server.port)") {
            $0.timeouts.proxy = .milliseconds(300)
        }
        #expect(held.report.end.fault == .timeout)
        #expect(held.report.end.stage == .proxying)
        #expect(held.report.detail == "no tunnel from the proxy within 300ms")
        server.stop()
    }

    @Test("A proxy that cannot be reached is not gone around, and a Unix socket has no proxy")
    func unreachable() async throws {
        let target = try FaultServer { try $0.upgrade() }
        let gone = try FaultServer { _ in }
        let port = gone.port
        gone.stop()
        let held = try await hold(target.url(), through: "http://127.0.0.1:\(port)")
        #expect(held.report.end.fault == .refused)
        #expect(held.report.detail.contains("127.0.0.1:\(port)"), "\(held.report.detail)")
        let unix = try await hold("ws+unix:/run/none.sock:/", through: "http://127.0.0.1:\(target.port)")
        #expect(unix.report.end.fault == .proxyRefused)
        #expect(target.counts.total == 0)
        target.stop()
    }

    @Test("Nothing is left open after a failure at any step")
    func census() async throws {
        await #expect(processExitsWith: .success) {
            // libuv keeps one pipe of its own from the first loop on, for as long as the process lives.
            try await withLoop { _ in }
            let before = await ProcessCensus.baseline()
            let answers: [[UInt8]] = [[], [5], [5, 255], [5, 0], [4], [5, 0, 5, 5, 0]]
            for answer in answers {
                let server = try FaultServer { connection in
                    try connection.expect([5, 1, 0])
                    try connection.send(answer)
                }
                let held = try await withLoop { loop in
                    var runner = SessionRunner(loop)
                    runner.configuration.proxy = try ProxyURL("socks5://127.0.0.1:\(server.port)")
                    return try await runner.hold("ws://feed.invalid/")
                }
                #expect(held.report.end.stage == .proxying, "\(held.report.detail)")
                server.stop()
            }
            let left = await before.leftOver()
            #expect(left.isEmpty, "\(left)")
        }
    }

    private func hold(
        _ url: String,
        through proxy: String,
        _ tls: TLSContext? = nil,
        _ change: (inout WebSocketConfiguration) -> Void = { _ in }
    ) async throws -> HeldSession {
        try await withLoop { loop in
            var runner = SessionRunner(loop)
            runner.configuration.proxy = try ProxyURL(proxy)
            change(&runner.configuration)
            runner.tls = try tls ?? (url.hasPrefix("wss") ? TLSContext(TLSOptions()) : nil)
            return try await runner.hold(url)
        }
    }
}

extension FaultConnection {
    /// Reads exactly `bytes`.
    fileprivate func expect(_ bytes: [UInt8]) throws(StreamError) {
        try stream.fill(bytes.count, until: .now + RawStream.patience, for: "\(bytes.count) bytes")
        let seen = Array(stream.buffered.prefix(bytes.count))
        guard seen == bytes else { throw .unexpected("\(seen), not \(bytes)") }
        stream.consume(bytes.count)
    }

    /// Is a proxy that says `answer` once it is connected, and copies bytes both ways from then on.
    fileprivate func relay(toPort port: UInt16, after answer: [UInt8]) throws {
        let target = try RawStream(connectedTo: port, stop: stream)
        try send(answer)
        try stream.relay(with: target)
    }
}
