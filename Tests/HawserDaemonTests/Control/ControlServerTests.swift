import Glibc
import TestSupport
import Testing

@testable import HawserDaemon

/// Good and hostile clients of the control socket.
@Suite("Control server") struct ControlServerTests {
    /// No limit on time that a busy machine could meet.
    private static let patient: ControlLimits = {
        var limits = ControlLimits()
        limits.patience = .seconds(300)
        limits.answering = .seconds(300)
        return limits
    }()

    /// A server that says back whom it was asked by, or what `respond` does, and its path.
    private static func withServer(
        _ limits: ControlLimits = patient,
        respond: @escaping ControlServer.Respond = { request, peer in .success(Self.echo(request, peer)) },
        onRefusal: @escaping @Sendable (Int) -> Void = { _ in },
        _ body: @escaping @Sendable (String) throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("hawser.sock")
        let server = try ControlServer(
            try ControlSocket(path: path),
            limits: limits,
            onRefusal: onRefusal,
            respond: respond
        )
        do {
            try await onOwnThread { try body(path) }
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
        #expect(directory.names.isEmpty)
    }

    private static func echo(_ request: ControlRequest, _ peer: ControlPeer) -> [UInt8] {
        var members = JSONMembers()
        members.text("name", request.name)
        members.number("process", Int(peer.process))
        return members.encoded()
    }

    @Test("requests on one connection are answered in order, also several in one piece, and after a half-close")
    func order() async throws {
        try await Self.withServer { path in
            let probe = try ControlProbe(path)
            try probe.send("{\"id\":1,\"request\":\"a\"}\n\r\n\n{\"id\":2,\"request\":\"b\"}\r\n{\"id\":\"x\",\"req")
            #expect(try probe.answer()["result"]?["name"]?.text == "a")
            let second = try probe.answer()
            #expect(second["id"]?.number == 2 && second["version"]?.number == 1)
            try probe.send("uest\":\"c\"}")
            probe.stream.shutdownWriting()
            let third = try probe.answer()
            #expect(third["id"]?.text == "x" && third["result"]?["name"]?.text == "c")
            #expect(third["result"]?["process"]?.number == Int(getpid()))
            try probe.awaitEnd()
        }
    }

    @Test("who sends what is no request is told so, and not read any further")
    func malformed() async throws {
        try await Self.withServer { path in
            for (line, code) in [
                ("GET / HTTP/1.1\r\n", "malformed"), ("{\"request\":\"a\",\"version\":9}\n", "unsupported_version"),
                ("\u{0}\u{1}\n", "malformed"), (String(repeating: "[", count: 60_000) + "\n", "malformed"),
            ] {
                let probe = try ControlProbe(path)
                try probe.send(line)
                #expect(try probe.errorCode() == code)
                try probe.awaitEnd()
            }
            let probe = try ControlProbe(path)
            try probe.stream.send([0xFF, 0xFE, 0x0A])
            #expect(try probe.errorCode() == "malformed")
        }
    }

    @Test("a line without an end is refused at its limit")
    func oversized() async throws {
        try await Self.withServer { path in
            let probe = try ControlProbe(path)
            // The server may let go before all of it is sent.
            try? probe.send(String(repeating: "x", count: 1 << 20))
            #expect(try probe.errorCode() == "too_long")
        }
    }

    @Test("a slow client has a bounded time for its request, and one that never reads for its answer")
    func slow() async throws {
        var limits = Self.patient
        limits.patience = .milliseconds(200)
        let big = JSONText.repeated(8 << 20)
        try await Self.withServer(limits, respond: { _, _ in .success(big) }) { path in
            let idle = try ControlProbe(path)
            let trickling = try ControlProbe(path)
            try trickling.send("{\"requ")
            let deaf = try ControlProbe(path)
            try deaf.send("{\"request\":\"a\"}\n")
            try idle.awaitEnd()
            try trickling.awaitEnd()
            // The answer is cut: what was in the socket comes, and then the end.
            var received = 0
            do {
                while true {
                    try deaf.stream.receive(until: .now + RawStream.patience, for: "the rest")
                    received += deaf.stream.buffered.count
                    deaf.stream.consume(deaf.stream.buffered.count)
                    if received == big.count { break }
                    usleep(1_000)
                }
            } catch StreamError.endedByPeer {
            } catch StreamError.reset {}
        }
    }

    @Test("answers that nobody reads are bounded in all: who comes then is told that it is busy")
    func unread() async throws {
        var limits = Self.patient
        limits.waitingBytes = 12 << 20
        let big = JSONText.repeated(8 << 20)
        let done = Collected<Int>()
        try await Self.withServer(
            limits,
            respond: { _, _ in
                done.append(1)
                return .success(big)
            }
        ) { path in
            let deaf = try ControlProbe(path)
            try deaf.send("{\"request\":\"a\"}\n")
            // Once something has come, all of it waits.
            try deaf.stream.receive(until: .now + RawStream.patience, for: "the beginning of an answer")
            let other = try ControlProbe(path)
            try other.send("{\"request\":\"a\"}\n")
            #expect(try other.errorCode() == "busy")
            #expect(done.count == 2)
        }
    }

    @Test("an answer that does not come is an error, and what comes late is nobody's")
    func stuck() async throws {
        var limits = Self.patient
        limits.answering = .milliseconds(100)
        let gate = OneShot<Void>()
        try await Self.withServer(
            limits,
            respond: { request, peer in
                if request.name == "stuck" { await gate.value }
                return .success(Self.echo(request, peer))
            }
        ) { path in
            let probe = try ControlProbe(path)
            try probe.send("{\"id\":1,\"request\":\"stuck\"}\n")
            let late = try probe.answer()
            #expect(late["error"]?["code"]?.text == "timed_out" && late["id"]?.number == 1)
            gate.resolve(())
            // On a busy machine this one may be late, too: whichever it is, it is the answer to this request.
            try probe.send("{\"id\":2,\"request\":\"b\"}\n")
            #expect(try probe.answer()["id"]?.number == 2)
        }
        gate.resolve(())
    }

    @Test("of 1,000 at once 32 are served, the others are told, and every descriptor comes back")
    func thousand() async throws {
        await #expect(processExitsWith: .success) {
            _ = await ProcessCensus.baseline()
            var limit = rlimit(rlim_cur: 0, rlim_max: 0)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            limit.rlim_cur = min(limit.rlim_max, 8_192)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            // Whatever is made once is made.
            try await Self.withServer { _ in }
            let before = await ProcessCensus.baseline()
            let refusals = Collected<Int>()
            try await Self.withServer(onRefusal: { refusals.append($0) }) { path in
                var held: [ControlProbe] = []
                var refused = 0
                for _ in 0..<1_000 {
                    let probe = try ControlProbe(path)
                    held.append(probe)
                }
                for probe in held.dropFirst(32) {
                    if try probe.errorCode() == "too_many_clients" { refused += 1 }
                }
                #expect(refused == 968)
                for (index, probe) in held.prefix(32).enumerated() {
                    try probe.send("{\"id\":\(index),\"request\":\"a\"}\n")
                }
                for (index, probe) in held.prefix(32).enumerated() {
                    #expect(try probe.answer()["id"]?.number == index)
                }
            }
            #expect((refusals.values.first ?? 0) >= 1)
            let left = await before.leftOver()
            #expect(left.isEmpty, "\(left)")
        }
    }

    @Test("clients that go in the middle of everything leave nothing behind")
    func gone() async throws {
        try await Self.withServer { path in
            for round in 0..<200 {
                let probe = try ControlProbe(path)
                do {
                    if round % 4 > 0 { try probe.send("{\"request\":\"a\"}\n") }
                    if round % 4 > 1 { try probe.send("{\"request\":\"a\"}\n{\"requ") }
                } catch StreamError.reset {
                    // One client too many for the moment.
                }
                if round % 4 > 2 { probe.stream.reset() } else { probe.stream.close() }
            }
            // Until all of them are noticed, their places are taken.
            let deadline = ContinuousClock.now + RawStream.patience
            var answer: JSONTree?
            while answer?["result"] == nil, ContinuousClock.now < deadline {
                let probe = try ControlProbe(path)
                do {
                    try probe.send("{\"request\":\"a\"}\n")
                    answer = try probe.answer()
                } catch StreamError.reset {}
            }
            #expect(answer?["result"]?["name"]?.text == "a")
        }
    }
}

extension JSONText {
    /// The member of an object that is so many bytes long.
    fileprivate static func repeated(_ count: Int) -> [UInt8] {
        Array("\"big\":\"".utf8) + [UInt8](repeating: 0x78, count: count) + Array("\"".utf8)
    }
}
