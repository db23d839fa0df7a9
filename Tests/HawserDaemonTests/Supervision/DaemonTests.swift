import ConnectionLifecycle
import TestSupport
import Testing

@testable import HawserDaemon

/// The daemon on real sockets: limit, order, reconnects, records, end.
@Suite struct DaemonTests {
    private static let fileSink = "sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}\n"

    @Test("Eight subscriptions under five permits: never more than five, and each gets its turn")
    func connectionLimit() async throws {
        // Each session lasts 200 ms: long enough to overlap, short enough to take turns.
        let server = try FaultServer { connection in
            try connection.upgrade()
            try connection.sendText(connection.request?.target ?? "")
            try connection.pause(.milliseconds(200))
            try connection.closeProperly()
        }
        let subscriptions = (1...8).map { "  s\($0): {url: \"\(server.url("/s\($0)"))\"}\n" }.joined()
        let runner = try DaemonRunner(
            "limits: {connections: 5, dials: \(FreeDials.yaml(5))}\ndefaults: {reconnect: {first: 10ms, floor: 0s, max: 20ms, reset_after: 1s}}\n"
                + Self.fileSink + "subscriptions:\n" + subscriptions
        )
        let ending = try await runner.run { runner in
            try await eventually("every subscription had two sessions") {
                (1...8).allSatisfy { index in
                    runner.lines(.subscriptionOpened).count { $0[.subscription] == "s\(index)" } >= 2
                }
            }
        }
        #expect(server.counts.peak == 5)
        #expect(ending.statistics.allSatisfy { $0.sessions >= 2 })
        let waiting = runner.lines(.subscriptionWaiting)
        #expect(waiting.prefix(3).map { $0[.position] } == ["1", "2", "3"])
        // First in, first out: whoever waited first dials next, before anybody has a second turn.
        let dialed = runner.lines(.subscriptionDialing).compactMap { $0[.subscription] }
        #expect(Set(dialed.prefix(8)).count == 8, "\(dialed)")
        #expect(Array(dialed.dropFirst(5).prefix(3)) == waiting.prefix(3).compactMap { $0[.subscription] })
        server.stop()
    }

    @Test("Messages arrive in order, none twice, and what is missing lies in a marked gap")
    func identity() async throws {
        try await IdentityCheck(feeds: 10, messages: 2_000, cutAfter: 50...400).run()
    }

    @Test("A dead server is dialled again and again with growing delays, and each attempt says why")
    func deadServer() async throws {
        let dead = try DeadPort()
        let runner = try DaemonRunner(
            """
            subscriptions:
              dead:
                url: \(dead.url())
                reconnect: {first: 10ms, factor: 2, jitter: none, max: 80ms, floor: 0s}
            """ + "\n" + Self.fileSink
        )
        let ending = try await runner.run { runner in
            try await eventually("six attempts") { runner.lines(.dialFailed).count >= 6 }
        }
        let delays = runner.lines(.dialFailed).prefix(6).compactMap { $0[.delayMilliseconds] }
        #expect(delays == ["10", "20", "40", "80", "80", "80"])
        #expect(runner.lines(.dialFailed).first?.message.contains("Connection refused") == true)
        #expect(ending.status == .done)
        #expect(ending.statistics.first?.sessions == 0)
    }

    @Test("Stopping closes every session with 1001 and writes everything down")
    func stop() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            try connection.sendNumbered(1..<101)
            try connection.echoFrames()
        }
        let runner = try DaemonRunner(
            "subscriptions:\n"
                + (1...20).map { "  s\($0): {url: \"\(server.url())\", decode: json}\n" }.joined() + Self.fileSink
        )
        let ending = try await runner.run { runner in
            try await eventually("every feed has come") { try runner.records().count >= 20 * 101 }
        }
        #expect(ending.status == .done)
        #expect(server.closes.map(\.closeCode) == Array(repeating: 1001, count: 20))
        let records = try runner.records()
        #expect(records.count { $0.mark == "opened" } == 20)
        #expect(records.count { $0.mark == "closed" && $0.outcome == "shutdown" } == 20)
        #expect(records.count { $0.number != nil } == 2_000)
        server.stop()
    }

    @Test("Stopping interrupts every state at once: dialling, waiting and backing off")
    func stopInEveryState() async throws {
        let silent = try FaultServer(.silentAfterAccept)
        let dead = try DeadPort()
        let runner = try DaemonRunner(
            """
            limits: {connections: 2, dials: \(FreeDials.yaml(2))}
            subscriptions:
              backing-off: {url: "\(dead.url())", reconnect: {first: 60s, floor: 60s, max: 60s, jitter: none}}
              dialling: {url: "\(silent.url())"}
              also-dialling: {url: "\(silent.url())"}
              waiting: {url: "\(silent.url())"}
            """ + "\n" + Self.fileSink
        )
        let asked = Collected<ContinuousClock.Instant>()
        let ending = try await runner.run { runner in
            try await eventually("two dial and one backs off") {
                silent.counts.now == 2 && !runner.lines(.dialFailed).isEmpty
                    && !runner.lines(.subscriptionWaiting).isEmpty
            }
            asked.append(.now)
        }
        #expect(try ContinuousClock.now - #require(asked.values.first) < .seconds(3))
        #expect(ending.status == .done)
        #expect(ending.statistics.map(\.phase) == [.stopped, .stopped, .stopped, .stopped])
        silent.stop()
    }

    @Test("Stopping makes nobody dial who waited for a permit")
    func stopWithWaiters() async throws {
        let server = try FaultServer(.echo)
        let subscriptions = (1...40).map { "  s\($0): {url: \"\(server.url())\"}\n" }.joined()
        let limits = "limits: {connections: 5, dials: \(FreeDials.yaml(5))}\n"
        let runner = try DaemonRunner(limits + Self.fileSink + "subscriptions:\n" + subscriptions)
        _ = try await runner.run { runner in
            try await eventually("five are open") { runner.lines(.subscriptionOpened).count == 5 }
        }
        #expect(server.counts.total == 5)
        #expect(server.closes.count == 5)
        server.stop()
    }

    @Test("A second run of the same file begins with a gap of cause restart for each subscription")
    func restart() async throws {
        let server = try FaultServer(.numbered(3, then: .hold))
        let yaml = "subscriptions: {a: {url: \"\(server.url())\"}, b: {url: \"\(server.url())\"}}\n"
        let directory = try TemporaryDirectory()
        let sink = "sinks: {out: {file: {path: \(directory.file("out.jsonl"))}}}\n"
        for _ in 0..<2 {
            let runner = try DaemonRunner(yaml + sink)
            _ = try await runner.run { runner in
                try await eventually("both are open") { runner.lines(.subscriptionOpened).count == 2 }
            }
        }
        let records = try (directory.text(of: "out.jsonl") ?? "").split(separator: "\n")
            .map { try TestRecord(line: String($0)) }
        let second = try #require(records.firstIndex { $0.run != records[0].run })
        #expect(records[second...].prefix(2).map(\.cause) == ["restart", "restart"])
        #expect(Set(records[second...].prefix(2).map(\.subscription)) == ["a", "b"])
        #expect(!records[..<second].contains { $0.cause == "restart" })
        server.stop()
    }

    @Test("A rotated token is read anew for each dial")
    func rotatedToken() async throws {
        let directory = try TemporaryDirectory()
        let token = try directory.write("first\n", to: "token")
        let server = try FaultServer(.numbered(1, then: .close(1000)))
        let runner = try DaemonRunner(
            """
            subscriptions:
              a:
                url: \(server.url())
                headers: {Authorization: "Bearer ${file:\(token)}"}
                reconnect: {first: 10ms, floor: 0s, max: 10ms}
            """ + "\n" + Self.fileSink
        )
        _ = try await runner.run { _ in
            try await eventually("a first session") { !server.requests.isEmpty }
            _ = try directory.write("second", to: "token")
            try await eventually("a session with the new token") {
                server.requests.last?["Authorization"] == "Bearer second"
            }
        }
        #expect(server.requests.first?["Authorization"] == "Bearer first")
        #expect(!runner.log.values.contains { "\($0)".contains("Bearer") })
        server.stop()
    }

    @Test("Subscribe messages are sent after each reconnect, in order")
    func subscribeMessages() async throws {
        let seen = Collected<[String]>()
        let server = try FaultServer { connection in
            try connection.upgrade()
            seen.append([try connection.readFrame().text, try connection.readFrame().text])
            try connection.closeProperly()
        }
        let runner = try DaemonRunner(
            """
            subscriptions:
              a:
                url: \(server.url())
                subscribe: ['{"op":"login"}', '{"op":"subscribe"}']
                reconnect: {first: 10ms, floor: 0s, max: 10ms}
            """ + "\n" + Self.fileSink
        )
        _ = try await runner.run { _ in try await eventually("three sessions") { seen.count >= 3 } }
        #expect(seen.values.allSatisfy { $0 == [#"{"op":"login"}"#, #"{"op":"subscribe"}"#] })
        server.stop()
    }
}
