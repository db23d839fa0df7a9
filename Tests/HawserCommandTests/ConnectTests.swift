import Glibc
import TestSupport
import Testing

/// `hawser connect`: one connection by hand.
@Suite struct ConnectTests {
    private static func start(_ server: FaultServer, _ more: [String] = []) throws -> RunningProcess {
        try HawserProgram.start(["connect", server.url()] + more)
    }

    @Test("lines of standard input are sent, and what comes back is printed a line each; Ctrl-C closes with 1001 and 0")
    func echo() async throws {
        let server = try FaultServer(.echo)
        let process = try Self.start(server)
        _ = try await process.line(.stderr, containing: "connected to 127.0.0.1:\(server.port)")
        for text in ["hello", #"{"op":"subscribe"}"#, "grüße 👋"] {
            try process.write(text + "\n")
            _ = try await process.line(.stdout, containing: text)
        }
        process.send(signal: SIGINT)
        #expect(try await process.awaitExit() == .done)
        #expect(process.lines(.stdout) == ["hello", #"{"op":"subscribe"}"#, "grüße 👋"])
        #expect(server.closes.map(\.closeCode) == [1001])
        #expect(process.lines(.stderr).last?.contains("3 messages") == true, "\(process.lines(.stderr))")
        server.stop()
    }

    @Test("--send-rate spaces what is sent, and loses nothing of it")
    func sendRate() async throws {
        let server = try FaultServer(.echo)
        let texts = (0..<7).map { "m\($0)" }
        let began = ContinuousClock.now
        let process = try Self.start(
            server,
            ["--send-rate", "2/200ms", "--count", "7", "--no-input"] + texts.flatMap { ["--send", $0] }
        )
        #expect(try await process.awaitExit() == .done)
        #expect(process.lines(.stdout) == texts)
        #expect(began.duration(to: .now) >= .milliseconds(600))
        server.stop()
    }

    @Test("SIGTERM closes with 1001 too; the end of standard input does not end the session")
    func endOfInput() async throws {
        let server = try FaultServer(.echo)
        let process = try Self.start(server)
        try process.write("one\n")
        process.closeInput()
        _ = try await process.line(.stdout, containing: "one")
        #expect(server.counts.now == 1)
        process.send(signal: SIGTERM)
        #expect(try await process.awaitExit() == .done)
        #expect(server.closes.map(\.closeCode) == [1001])
        server.stop()
    }

    @Test("binary messages are printed as base64")
    func binary() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            try connection.sendBinary([0, 1, 2, 255])
            try connection.sendBinary([])
            try connection.sendText("text")
            try connection.closeProperly(1000, "that was all")
        }
        let finished = try await HawserProgram.finish(Self.start(server))
        #expect(finished.exit == .done)
        #expect(finished.output == ["AAEC/w==", "", "text"])
        server.stop()
    }

    @Test("--count ends after so many messages, with a normal close")
    func count() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            try connection.sendNumbered(1..<1_001)
            try connection.expectClose()
        }
        let finished = try await HawserProgram.finish(Self.start(server, ["--count", "3", "--no-input"]))
        #expect(finished.exit == .done)
        #expect(finished.output == ["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"])
        try await eventually("the server has read the Close") { server.closes.count == 1 }
        #expect(server.closes.map(\.closeCode) == [1000])
        server.stop()
    }

    @Test("--for ends after so long; --send, -H and --subprotocol go out")
    func duration() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade(subprotocol: "v1.json")
            try connection.echoFrames()
        }
        let started = ContinuousClock.now
        let finished = try await HawserProgram.finish(
            Self.start(
                server,
                [
                    "--for", "700ms", "--send", "first", "--send", "second", "-H", "X-Feed: a b", "--subprotocol",
                    "v1.json", "--no-input",
                ]
            )
        )
        #expect(ContinuousClock.now - started >= .milliseconds(700))
        #expect(finished.exit == .done)
        #expect(finished.output == ["first", "second"])
        let request = try #require(server.requests.first)
        #expect(request["X-Feed"] == "a b")
        #expect(request["Sec-WebSocket-Protocol"] == "v1.json")
        #expect(finished.errors.first?.contains("subprotocol v1.json") == true, "\(finished.errors)")
        server.stop()
    }

    @Test("a server that closes is reported with code and reason, and is no failure")
    func serverClose() async throws {
        let server = try FaultServer(.closeCode(4003, "session expired"))
        let finished = try await HawserProgram.finish(Self.start(server))
        #expect(finished.exit == .done)
        let line = try #require(finished.errors.last)
        #expect(line.contains("peer_closed") && line.contains("4003: session expired"), "\(line)")
        server.stop()
    }

    @Test("a session that breaks is a failure that says why")
    func broken() async throws {
        let cases: [(FaultBehaviour, String)] = [
            (.numbered(2, then: .drop), "connection"),
            (.numbered(2, then: .reset), "reset"),
            (.badUTF8, "UTF-8"),
        ]
        for (behaviour, reason) in cases {
            let server = try FaultServer(behaviour)
            let finished = try await HawserProgram.finish(Self.start(server))
            #expect(finished.exit == .failed)
            #expect(finished.errors.last?.hasPrefix("hawser connect: error: ") == true, "\(finished.errors)")
            #expect(finished.errors.last?.contains(reason) == true, "\(finished.errors)")
            server.stop()
        }
    }

    @Test("a dial that fails ends with 1 and one line that says what was tried and why it failed")
    func dialFailures() async throws {
        let dead = try DeadPort()
        let rejecting = try FaultServer(.rejects(403, body: "no access"))
        let silent = try FaultServer(.silentAfterAccept)
        let noisy = try FaultServer(.garbageInsteadOfHTTP)
        let plain = try FaultServer { connection in
            try connection.send("220 this is no TLS server\r\n")
            try connection.awaitEnd()
        }
        let cases: [([String], String)] = [
            ([dead.url()], "127.0.0.1:\(dead.port): Connection refused"),
            ([rejecting.url()], "403"),
            ([silent.url(), "--timeout", "300ms"], "300ms"),
            ([noisy.url()], "HTTP"),
            (["ws://name.invalid/"], "name.invalid"),
            (["ws+unix:/nonexistent/feed.sock:/"], "No such file"),
            (["wss://127.0.0.1:\(plain.port)/"], "TLS"),
            (["wss://127.0.0.1/", "--cacert", "/nonexistent.pem"], "/nonexistent.pem"),
        ]
        for (arguments, reason) in cases {
            let finished = try await HawserProgram.run(["connect"] + arguments)
            #expect(finished.exit == .failed, "\(arguments)")
            #expect(finished.output == [])
            #expect(finished.errors.count == 1, "\(arguments): \(finished.errors)")
            #expect(finished.errors.first?.hasPrefix("hawser connect: error: ") == true, "\(finished.errors)")
            #expect(finished.errors.first?.contains(reason) == true, "\(arguments): \(finished.errors)")
        }
        for server in [rejecting, silent, noisy, plain] { server.stop() }
    }

    @Test("Ctrl-C ends it while it dials, too", .timeLimit(.minutes(1)))
    func interruptedDial() async throws {
        let silent = try FaultServer(.silentAfterAccept)
        let process = try Self.start(silent, ["--timeout", "30s"])
        try await eventually("it has connected") { silent.counts.total == 1 }
        process.send(signal: SIGINT)
        let exit = try await process.awaitExit(within: .seconds(5))
        #expect(exit == .done || exit == .signal(SIGINT))
        silent.stop()
    }

    @Test("a reader of its output that goes away ends it")
    func hangUp() async throws {
        let server = try FaultServer(OngoingFeed(upTo: .max).behaviour)
        let directory = try TemporaryDirectory()
        let reader = try ReluctantReader(in: directory)
        let process = try HawserProgram.start(through: reader.launcher, ["connect", server.url(), "--no-input"])
        _ = try await onOwnThread { try reader.read { $0.contains("\"n\":100}") } }
        reader.hangUp()
        let exit = try await process.awaitExit(within: .seconds(10))
        #expect(exit == .failed)
        #expect(process.lines(.stderr).last == "hawser connect: error: cannot write to standard output: Broken pipe")
        server.stop()
    }

    @Test("a second Ctrl-C ends it while nobody reads its output; until then the server has to wait")
    func stalledOutput() async throws {
        let feed = OngoingFeed(upTo: 64_000, padding: 1_000)
        let server = try FaultServer(feed.behaviour)
        let directory = try TemporaryDirectory()
        let reader = try ReluctantReader(in: directory)
        let process = try HawserProgram.start(through: reader.launcher, ["connect", server.url(), "--no-input"])
        try await eventually("the server's sends stall") { feed.stalls > 0 }
        #expect(feed.sent() < 64_000)
        process.send(signal: SIGINT)
        try await eventually("the session is closed") { server.closes.map(\.closeCode) == [1001] }
        process.send(signal: SIGINT)
        #expect(try await process.awaitExit(within: .seconds(10)) == .failed)
        _ = reader
        server.stop()
    }
}
