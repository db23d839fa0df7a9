import Glibc
import TestSupport
import Testing

/// What systemd hears, on a real socket.
@Suite struct NotificationTests {
    @Test("READY=1 when it holds its subscriptions, STOPPING=1 when it is told to end", arguments: [false, true])
    func readyAndStopping(isAbstract: Bool) async throws {
        let directory = try TemporaryDirectory()
        let name = isAbstract ? "@hawser-test-\(getpid())-\(directory.path.suffix(6))" : directory.file("notify")
        let socket = try NotificationSocket(name)
        let server = try FaultServer(.echo)
        let daemon = try HeldDaemon(
            "subscriptions: {a: {url: \"\(server.url())\"}, b: {url: \"\(server.url())\"}}\n",
            in: directory,
            environment: ["NOTIFY_SOCKET": name]
        )
        let ready = try await onOwnThread { try socket.receive() }
        #expect(ready.first == "READY=1")
        #expect(ready.contains("STATUS=holding 2 subscriptions"), "\(ready)")
        #expect(!daemon.log("daemon.ready").isEmpty || daemon.process.exit == nil)
        daemon.process.send(signal: SIGTERM)
        let stopping = try await Self.next(of: socket)
        #expect(stopping.first == "STOPPING=1")
        #expect(try await daemon.process.awaitExit() == .done)
        server.stop()
    }

    @Test("a reload begins with RELOADING=1 and the time, and ends with READY=1, whether it succeeds or not")
    func reloading() async throws {
        let directory = try TemporaryDirectory()
        let socket = try NotificationSocket(directory.file("notify"))
        let feeds = try FaultServer(.echo)
        func text(_ names: [String]) -> String {
            "sinks: {out: {file: {path: \(directory.file("out.jsonl"))}}}\nsubscriptions:\n"
                + names.map { "  \($0): {url: \"\(feeds.url("/\($0)"))\"}\n" }.joined()
        }
        let daemon = try HeldDaemon(text(["a", "b"]), in: directory, environment: ["NOTIFY_SOCKET": socket.name])
        #expect(try await onOwnThread { try socket.receive() }.first == "READY=1")
        try await daemon.logged("subscription.opened", times: 2)
        let texts = [text(["a", "c", "d"]), "subscriptions: [\n", text(["a"])]
        let statuses = ["STATUS=holding 3 subscriptions", "STATUS=reload failed: ", "STATUS=holding 1 subscriptions"]
        for (text, status) in zip(texts, statuses) {
            try directory.write(text, to: "hawser.yaml")
            daemon.process.send(signal: SIGHUP)
            let begin = try await Self.next(of: socket)
            #expect(begin.first == "RELOADING=1")
            let time = try #require(begin.first { $0.hasPrefix("MONOTONIC_USEC=") }?.dropFirst(15))
            var now = timespec()
            clock_gettime(CLOCK_MONOTONIC, &now)
            let age = try Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000 - #require(Int64(time))
            #expect((0..<60_000_000).contains(age))
            let end = try await Self.next(of: socket)
            #expect(end.first == "READY=1")
            #expect(end.contains { $0.hasPrefix(status) }, "\(end)")
        }
        #expect(feeds.requests.count { $0.target == "/a" } == 1)
        daemon.process.send(signal: SIGTERM)
        #expect(try await Self.next(of: socket).first == "STOPPING=1")
        #expect(try await daemon.process.awaitExit() == .done)
        feeds.stop()
    }

    /// The next datagram that is not only the status of every few seconds.
    private static func next(of socket: NotificationSocket) async throws -> [String] {
        while true {
            let datagram = try await onOwnThread { try socket.receive() }
            if datagram.contains(where: { !$0.hasPrefix("STATUS=") }) { return datagram }
        }
    }

    @Test("READY=1 does not wait for a server that is not there")
    func readyWithoutServer() async throws {
        let directory = try TemporaryDirectory()
        let socket = try NotificationSocket(directory.file("notify"))
        let dead = try DeadPort()
        let daemon = try HeldDaemon(
            "subscriptions: {a: {url: \"\(dead.url())\"}}\n",
            in: directory,
            environment: ["NOTIFY_SOCKET": socket.name]
        )
        #expect(try await onOwnThread { try socket.receive() }.first == "READY=1")
        #expect(try await daemon.process.terminate() == .done)
    }

    @Test("signs of life come as often as the watchdog wants them, and none from a process that is stopped")
    func watchdog() async throws {
        let directory = try TemporaryDirectory()
        let socket = try NotificationSocket(directory.file("notify"))
        let daemon = try HeldDaemon(
            "loops: 2\nsubscriptions: {}\n",
            in: directory,
            environment: ["NOTIFY_SOCKET": socket.name, "WATCHDOG_USEC": "1000000"]
        )
        var seen: [[String]] = []
        while seen.count(where: { $0 == ["WATCHDOG=1"] }) < 4 {
            seen.append(try await onOwnThread { try socket.receive() })
        }
        daemon.process.send(signal: SIGSTOP)
        try await eventually("it is stopped") {
            (fileText("/proc/\(daemon.process.pid)/stat") ?? "").contains(") T ")
        }
        try await onOwnThread { while (try? socket.receive(within: .zero)) != nil {} }
        await #expect(throws: NeverHappened.self) {
            try await onOwnThread { try socket.receive(within: .seconds(1)) }
        }
        daemon.process.send(signal: SIGCONT)
        #expect(try await onOwnThread { try socket.receive() } == ["WATCHDOG=1"])
        #expect(try await daemon.process.terminate() == .done)
    }

    @Test("a socket that is missing, or a name that is none, is no reason to fail")
    func nobodyListens() async throws {
        for name in ["/nonexistent/notify", "nonsense", "@", String(repeating: "/x", count: 200)] {
            let daemon = try HeldDaemon("subscriptions: {}\n", environment: ["NOTIFY_SOCKET": name])
            try await daemon.logged("daemon.ready")
            #expect(try await daemon.process.terminate() == .done, "\(name)")
        }
    }
}
