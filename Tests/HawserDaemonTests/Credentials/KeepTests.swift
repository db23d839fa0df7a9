import Locking
import TestSupport
import Testing

@testable import HawserDaemon

/// The call that keeps a credential good while a subscription is connected.
@Suite("keep")
struct KeepTests {
    private static let fileSink = "sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}\n"

    @Test("It is made again and again while connected, is loud when it fails, and ends with the session")
    func whileConnected() async throws {
        let calls = OrderedMutex(0)
        let isBroken = OrderedMutex(false)
        let endpoint = try plainServer { request, connection in
            guard request.head.target == "/keep" else {
                return try connection.answer(200, [], "{\"key\":\"k3y-5ecret\"}")
            }
            calls.withLock { $0 += 1 }
            #expect(request.head["X-Key"] == "k3y-5ecret")
            try connection.answer(isBroken.withLock { $0 } ? 400 : 200, [], "{\"bad\":\"k3y-5ecret\"}")
        }
        let feed = try FaultServer { connection in
            guard connection.number == 1 else { return try connection.reject(status: 404) }
            try connection.upgrade()
            try connection.echoFrames()
        }
        let runner = try DaemonRunner(
            """
            requests:
              login: {url: "\(endpoint.http("/login"))"}
              keep: {url: "\(endpoint.http("/keep"))", retry: off, headers: {X-Key: "${request:login:/key}"}}
            subscriptions:
              a:
                url: "\(feed.url())"
                headers: {X-Key: "${request:login:/key}"}
                keep: {request: keep, every: 100ms}

            """ + Self.fileSink
        )
        _ = try await runner.run { runner in
            try await eventually("three calls") { calls.withLock { $0 } >= 3 }
            #expect(runner.lines(.keepFailed).isEmpty)
            isBroken.withLock { $0 = true }
            try await eventually("a failure") { !runner.lines(.keepFailed).isEmpty }
            feed.cutConnections()
            try await eventually("it is closed and refused") { !runner.lines(.dialFailed).isEmpty }
            // A call that was under way has been answered when a second look finds no more of them.
            var before = -1
            try await eventually("no more calls") {
                defer { before = calls.withLock { $0 } }
                try await Task.sleep(for: .milliseconds(300))
                return before == calls.withLock { $0 }
            }
        }
        let failed = try #require(runner.lines(.keepFailed).first)
        #expect(failed[.request] == "keep" && failed[.subscription] == "a")
        #expect(failed.message.hasSuffix("failed: the server answered 400"))
        let log = runner.log.values.flatMap { [$0.message] + $0.fields.map { "\($0.value)" } }
        #expect(!log.contains { $0.contains("5ecret") })
        endpoint.stop()
        feed.stop()
    }
}
