import Glibc
import TestSupport
import Testing

/// `hawser run` and the signals that a service manager and a person send.
@Suite struct SignalTests {
    private static let fileSink = "sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}\n"

    @Test(
        "SIGTERM and SIGINT close every session with 1001, write everything out and end with 0",
        arguments: [SIGTERM, SIGINT]
    )
    func stop(_ signal: Int32) async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            try connection.sendNumbered(1..<501)
            try connection.echoFrames()
        }
        let subscriptions = (1...10).map { "  s\($0): {url: \"\(server.url())\", decode: json}\n" }.joined()
        let daemon = try HeldDaemon(Self.fileSink + "subscriptions:\n" + subscriptions)
        try await daemon.logged("subscription.opened", times: 10)
        daemon.process.send(signal: signal)
        #expect(try await daemon.process.awaitExit() == .done)

        #expect(server.closes.map(\.closeCode) == Array(repeating: 1001, count: 10))
        let audit = try NumberAudit.file(daemon.directory.file("out.jsonl"))
        #expect(audit.problems == [])
        #expect(audit.marks == ["opened": 10, "closed": 10])
        let name = signal == SIGTERM ? "SIGTERM" : "SIGINT"
        #expect(daemon.log("daemon.stopping").map { $0["signal"] } == [name])
        #expect(daemon.log("daemon.stopped").first?["level"] == "info")
        #expect(daemon.log("daemon.stopped").first?.integer("received_messages") == audit.messages)
        server.stop()
    }

    @Test("a stop while it starts, dials or backs off ends with 0 at once", arguments: 1...5)
    func stopAtOnce(_ round: Int) async throws {
        let silent = try FaultServer(.silentAfterAccept)
        let dead = try DeadPort()
        let daemon = try HeldDaemon(
            "subscriptions: {dialling: {url: \"\(silent.url())\"}, dead: {url: \"\(dead.url())\"}}\n" + Self.fileSink
        )
        // From here on the signals are watched; what happens before is left to the default, which ends it too.
        try await daemon.logged("daemon.ready")
        if round > 2 { try await daemon.logged("dial.failed") }
        daemon.process.send(signal: SIGTERM)
        #expect(try await daemon.process.awaitExit(within: .seconds(5)) == .done)
        #expect(daemon.log("daemon.stopped").count == 1)
        silent.stop()
    }

    @Test("SIGHUP reloads; a file that says the same changes nothing, one with errors is refused")
    func hangUp() async throws {
        let server = try FaultServer(.echo)
        let daemon = try HeldDaemon("subscriptions: {s: {url: \"\(server.url())\"}}\n" + Self.fileSink)
        try await daemon.logged("subscription.opened")
        for count in 1...3 {
            daemon.process.send(signal: SIGHUP)
            let line = try await daemon.logged("daemon.reloaded", times: count)
            #expect(line.integer("unchanged") == 1)
        }
        try daemon.directory.write("subscriptions: {s: {url: nonsense}}\n", to: "hawser.yaml")
        daemon.process.send(signal: SIGHUP)
        let failed = try await daemon.logged("daemon.reload_failed")
        #expect(failed["level"] == "error")
        #expect(failed["cause"] == "configuration")
        #expect(daemon.log("configuration.error").first?["message"]?.contains("hawser.yaml:1:") == true)
        #expect(server.counts.now == 1)
        #expect(try await daemon.process.terminate() == .done)
        #expect(server.counts.total == 1)
        server.stop()
    }

    @Test("a second signal ends a drain that hangs at once", arguments: [SIGTERM, SIGINT])
    func secondSignal(_ signal: Int32) async throws {
        let (daemon, server, reader) = try await daemonWithFullOutput(drain: "60s")
        daemon.process.send(signal: SIGTERM)
        try await daemon.logged("subscription.stopped")
        let asked = ContinuousClock.now
        daemon.process.send(signal: signal)
        let exit = try await daemon.process.awaitExit(within: .seconds(5))
        #expect(ContinuousClock.now - asked < .seconds(2))
        #expect(exit == .failed)
        _ = reader
        server.stop()
    }

    @Test("a drain that nobody reads ends with its time, with 1, and says what was left behind")
    func drainLimit() async throws {
        let (daemon, server, reader) = try await daemonWithFullOutput(drain: "500ms")
        daemon.process.send(signal: SIGTERM)
        #expect(try await daemon.process.awaitExit(within: .seconds(10)) == .failed)
        let lost = try #require(daemon.log("sink.lost").first)
        #expect((lost.integer("records") ?? 0) > 0)
        #expect(daemon.log("daemon.stopped").first?["level"] == "error")
        _ = reader
        server.stop()
    }

    @Test("SIGHUP during the drain does not cost the records that wait")
    func hangUpWhileDraining() async throws {
        let (daemon, server, reader) = try await daemonWithFullOutput(drain: "60s")
        daemon.process.send(signal: SIGTERM)
        try await daemon.logged("subscription.stopped")
        for count in 1...3 {
            daemon.process.send(signal: SIGHUP)
            try await daemon.logged("signal.ignored", times: count)
        }
        let lines = try await onOwnThread { try reader.read { _ in false } }
        let exit = try await daemon.process.awaitExit()
        #expect(exit == .done, "\(daemon.process.lines(.stderr))")
        var audit = NumberAudit()
        audit.take(lines)
        #expect(audit.problems == [])
        #expect(audit.marks["closed"] == 1)
        server.stop()
    }

    /// A daemon whose standard output nobody reads, with full queues.
    private func daemonWithFullOutput(
        drain: String
    ) async throws -> (HeldDaemon, FaultServer, ReluctantReader) {
        let feed = OngoingFeed(upTo: 5_000, padding: 500)
        let server = try FaultServer(feed.behaviour)
        let directory = try TemporaryDirectory()
        let reader = try ReluctantReader(in: directory)
        let daemon = try HeldDaemon(
            """
            subscriptions: {s: {url: "\(server.url())", decode: json}}
            watermarks: {high: 256KiB, low: 64KiB}
            limits: {message_size: 64KiB}
            shutdown: {drain: \(drain)}
            log: {level: debug}
            """,
            in: directory,
            launcher: reader.launcher
        )
        try await daemon.logged("subscription.paused")
        return (daemon, server, reader)
    }
}
