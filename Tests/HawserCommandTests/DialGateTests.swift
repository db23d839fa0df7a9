import Glibc
import TestSupport
import Testing

/// Many feeds of one host behind the dial gate, through the whole program, as the server counts it.
struct OutageRound {
    var feeds: Int
    var outage: Duration

    func run() async throws {
        let counter = DialCounter()
        let isDown = Flag()
        let server = try FaultServer(
            counter.counting(
                FaultBehaviour { connection in
                    if isDown.isRaised { return connection.close() }
                    try connection.upgrade()
                    try connection.echoFrames()
                }
            )
        )
        let subscriptions = (1...feeds).map { "  s\($0): {url: \"\(server.url("/s\($0)"))\"}\n" }.joined()
        let daemon = try HeldDaemon(
            """
            limits: {connections: \(feeds), dials: {per_origin: 20, per_host: 20/s}}
            sinks: {out: {file: {path: DIR/out.jsonl}}}
            subscriptions:

            """ + subscriptions
        )
        try await daemon.logged("subscription.opened", times: feeds, within: .seconds(60))
        isDown.raise()
        server.cutConnections()
        try await Task.sleep(for: outage)
        let before = counter.count
        let end = ContinuousClock.now
        isDown.lower()
        let share = (feeds * 95 + 99) / 100
        try await daemon.logged("subscription.opened", times: feeds + share, within: .seconds(60))
        let recovery = ContinuousClock.now - end
        try await daemon.logged("subscription.opened", times: 2 * feeds, within: .seconds(60))
        print("\(feeds) feeds: p95 back after \(recovery), \(counter.most(within: .seconds(1))) dials a second at most")
        #expect(counter.most(within: .seconds(1)) <= 20)
        #expect(counter.most(within: .seconds(1)) >= 15, "the limit was not tried")
        #expect(before > feeds, "nobody dialled while it was down")
        #expect(recovery <= .seconds(20))
        #expect(try await daemon.process.terminate() == .done)
        server.stop()
    }
}

@Suite struct DialGateTests {
    @Test("60 feeds of a host at 20/s through an outage: no rolling second with more, as the server counts")
    func outage() async throws {
        try await OutageRound(feeds: 60, outage: .seconds(4)).run()
    }

    @Test("a daemon that is killed again and again keeps the limit of its host across its lives, as the server counts")
    func crashLoop() async throws {
        var generator = SeededGenerator("crash loop")
        let counter = DialCounter()
        let server = try FaultServer(counter.counting(.echo))
        let directory = try TemporaryDirectory()
        let yaml = """
            limits: {dials: {per_origin: 20, per_host: [5/s, 25/8s]}}
            sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}
            subscriptions:

            """ + (1...40).map { "  s\($0): {url: \"\(server.url())\"}\n" }.joined()
        var crashes = 0
        while counter.count < 35, crashes < 200 {
            let daemon = try HeldDaemon(yaml, in: directory)
            try await daemon.logged("daemon.ready")
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...500, using: &generator)))
            daemon.process.send(signal: SIGKILL)
            #expect(try await daemon.process.awaitExit() == .signal(SIGKILL))
            crashes += 1
        }
        server.stop()
        print("\(counter.count) dials in \(crashes) lives, \(counter.most(within: .seconds(1))) a second at most")
        #expect(crashes >= 8 && counter.count >= 35)
        #expect(counter.most(within: .seconds(1)) <= 5)
        #expect(counter.most(within: .seconds(8)) <= 25)
    }

    @Test("without its memory the same loop breaks the limit: it is the file that keeps it")
    func amnesia() async throws {
        let counter = DialCounter()
        let server = try FaultServer(counter.counting(.echo))
        let directory = try TemporaryDirectory()
        let yaml = """
            limits: {dials: {per_origin: 20, per_host: [5/m]}}
            sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}
            subscriptions:

            """ + (1...8).map { "  s\($0): {url: \"\(server.url())\"}\n" }.joined()
        for life in 1...2 {
            let state = ["STATE_DIRECTORY": directory.file("\(life)")]
            let daemon = try HeldDaemon(yaml, in: directory, environment: state)
            try await daemon.logged("subscription.opened", times: 5)
            daemon.process.send(signal: SIGKILL)
            _ = try await daemon.process.awaitExit()
        }
        let same = try HeldDaemon(yaml, in: directory, environment: ["STATE_DIRECTORY": directory.file("2")])
        let wait = try await same.logged("dial.waiting")
        #expect(wait["cause"] == "rate")
        #expect(wait.integer("delay_ms").map { $0 > 30_000 && $0 <= 60_000 } == true)
        #expect(same.log("dials.restored").count == 1)
        let asked = ContinuousClock.now
        #expect(try await same.process.terminate() == .done)
        #expect(ContinuousClock.now - asked < .seconds(3), "shutdown interrupts the wait")
        server.stop()
        #expect(counter.count == 10)
    }

    @Test("a memory that is garbage holds a host for one window, and says so")
    func garbage() async throws {
        let server = try FaultServer(.echo)
        let directory = try TemporaryDirectory()
        mkdir(directory.file("state"), 0o700)
        try directory.write([UInt8](repeating: 0xFF, count: 999), to: "state/dials")
        let daemon = try HeldDaemon(
            """
            limits: {dials: {per_host: 2/2s}}
            sinks: {out: {file: {path: DIR/out.jsonl}}}
            subscriptions: {s: {url: "\(server.url())"}}
            """,
            in: directory
        )
        try await daemon.logged("dials.unreadable")
        try await daemon.logged("dial.waiting")
        try await daemon.logged("subscription.opened", within: .seconds(10))
        #expect(try await daemon.process.terminate() == .done)
        server.stop()
    }

    @Test("a Retry-After of one feed is kept by the others of its host, also by the next life of the daemon")
    func retryAfter() async throws {
        let busy = try FaultServer(.rejects(429, fields: [("Retry-After", "600")]))
        let directory = try TemporaryDirectory()
        let yaml = """
            limits: {dials: {per_host: none}}
            sinks: {out: {file: {path: DIR/out.jsonl}}}
            subscriptions: {a: {url: "\(busy.url())"}, b: {url: "\(busy.url())"}, c: {url: "\(busy.url())"}}
            """
        let first = try HeldDaemon(yaml, in: directory)
        try await first.logged("dial.failed")
        #expect(try await first.process.terminate() == .done)
        let second = try HeldDaemon(yaml, in: directory)
        for number in 1...3 {
            let wait = try await second.logged("dial.waiting", times: number)
            #expect(wait["cause"] == "retry_after")
            #expect(wait.integer("delay_ms").map { $0 > 500_000 && $0 <= 600_000 } == true)
        }
        #expect(try await second.process.terminate() == .done)
        busy.stop()
        #expect(busy.counts.total == 1)
    }

    @Test("a second daemon of the same state directory runs, and says that it will not remember")
    func shared() async throws {
        let server = try FaultServer(.echo)
        let directory = try TemporaryDirectory()
        let state = ["STATE_DIRECTORY": directory.path]
        let yaml = "sinks: {out: {file: {path: DIR/out.jsonl}}}\nsubscriptions: {s: {url: \"\(server.url())\"}}\n"
        let first = try HeldDaemon(yaml, environment: state)
        try await first.logged("subscription.opened")
        let second = try HeldDaemon(yaml, environment: state)
        try await second.logged("subscription.opened")
        #expect(second.log("dials.unsaved").first?["level"] == "warning")
        #expect(first.log("dials.unsaved").isEmpty)
        for daemon in [first, second] { #expect(try await daemon.process.terminate() == .done) }
        server.stop()
    }
}

@Suite struct DialGateSlowTests {
    @Test("300 feeds of a host at 20/s through an outage of 60 s: no rolling second with more, p95 back within 20 s")
    func outage() async throws {
        try await OutageRound(feeds: 300, outage: .seconds(60)).run()
    }
}
