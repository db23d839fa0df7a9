import Glibc
import TestSupport
import Testing

/// A reader of standard output that is slow, or goes away.
@Suite struct StalledOutputTests {
    @Test("a stalled reader pauses the feed down to the server and loses nothing; memory stays bounded")
    func stall() async throws {
        let total = 32_000
        let feed = OngoingFeed(upTo: total, padding: 1_000)
        let server = try FaultServer(feed.behaviour)
        let directory = try TemporaryDirectory()
        let reader = try ReluctantReader(in: directory)
        let daemon = try HeldDaemon(
            """
            subscriptions: {s: {url: "\(server.url())", decode: json, pause_max: 1h}}
            watermarks: {high: 1MiB, low: 256KiB}
            log: {level: debug}
            limits: {message_size: 64KiB}
            """,
            in: directory,
            launcher: reader.launcher
        )
        try await daemon.logged("daemon.ready")
        let before = daemon.status("VmRSS")
        try await daemon.logged("subscription.paused")
        try await eventually("the server's sends stall") { feed.stalls > 0 }

        let sentAtStall = feed.sent()
        #expect(sentAtStall < total, "everything fitted into buffers: the test shows nothing")
        // 32 MB were on their way; the queue may hold one, the reading buffers little. Under a sanitizer, which reserves
        // terabytes of addresses, freed memory is kept for a while.
        let limit = daemon.status("VmSize") > 1 << 30 ? 400 << 10 : 12 << 10
        let growth = daemon.status("VmHWM") - before
        print("with \(sentAtStall) of \(total) sent, memory has grown by \(growth) KiB from \(before)")
        #expect(before > 0 && growth < limit, "\(growth) KiB more than \(before)")
        #expect(daemon.log("sink.blocked").count == 1)
        #expect(daemon.log("subscription.paused").first?["sink"] == "stdout")

        let lines = try await onOwnThread {
            try reader.read { $0.contains(#""json":{"n":\#(total),"#) }
        }
        var audit = NumberAudit()
        audit.take(lines)
        #expect(audit.problems == [])
        #expect(audit.messages == total)
        #expect(audit.marks == ["opened": 1])
        try await daemon.logged("subscription.resumed")
        #expect(try await daemon.process.terminate() == .done)
        #expect(server.counts.total == 1)
        server.stop()
    }

    @Test("after pause_max the session is closed as sink_blocked, and the hole is a gap with cause sink")
    func pauseLimit() async throws {
        let feed = OngoingFeed(upTo: .max, padding: 1_000)
        let server = try FaultServer(feed.behaviour)
        let directory = try TemporaryDirectory()
        let reader = try ReluctantReader(in: directory)
        let daemon = try HeldDaemon(
            """
            subscriptions:
              s:
                url: "\(server.url())"
                decode: json
                pause_max: 1500ms
                reconnect: {first: 50ms, floor: 0s, max: 50ms}
            watermarks: {high: 256KiB, low: 64KiB}
            limits: {message_size: 64KiB}
            """,
            in: directory,
            launcher: reader.launcher
        )
        let closed = try await daemon.logged("subscription.closed")
        #expect(closed["outcome"] == "sink_blocked")
        #expect((closed.integer("uptime_ms") ?? 0) >= 1500)

        // Up to a message behind the hole; then the daemon ends, and so does what it writes.
        var lines = try await onOwnThread {
            var gap = false
            return try reader.read { line in
                if gap { return line.contains(#""json":{"n":"#) }
                gap = line.contains(#""mark":"gap""#)
                return false
            }
        }
        daemon.process.send(signal: SIGTERM)
        lines += try await onOwnThread { try reader.read { _ in false } }
        #expect(try await daemon.process.awaitExit(within: .seconds(10)) == .done)
        server.stop()

        var audit = NumberAudit()
        audit.take(lines)
        #expect(audit.problems == [])
        #expect(audit.missing > 0)
        #expect((audit.marks["gap sink"] ?? 0) > 0, "\(audit.marks)")
        #expect(lines.contains { $0.contains(#""mark":"closed","outcome":"sink_blocked""#) })
    }

    @Test("a log that nobody reads stalls no feed, and does not keep the daemon from ending")
    func stalledLog() async throws {
        let total = 20_000
        let server = try FaultServer(OngoingFeed(upTo: total).behaviour)
        // Each dial is a line or two, some thousands of them a second: the pipe and the queue behind it are soon full.
        let dead = try DeadPort()
        let directory = try TemporaryDirectory()
        let reader = try ReluctantReader(in: directory)
        let churn = (1...40).map {
            "  dead-\($0): {url: \"\(dead.url())\", reconnect: {first: 1ms, floor: 0s, max: 1ms}}\n"
        }
        let daemon = try HeldDaemon(
            "log: {level: trace}\nsinks: {out: {file: {path: DIR/out.jsonl}}}\nsubscriptions:\n"
                + churn.joined() + "  s: {url: \"\(server.url())\", decode: json}\n",
            in: directory,
            launcher: ["/bin/sh", "-c", #"exec "$@" 2>"$0""#, reader.path]
        )
        try await eventually("the log's pipe is full and it dials on") {
            reader.isFull && (directory.text(of: "out.jsonl")?.contains("\"n\":\(total)}") ?? false)
        }
        daemon.process.send(signal: SIGTERM)
        #expect(try await daemon.process.awaitExit(within: .seconds(10)) == .done)
        server.stop()
    }

    @Test("a reader that goes away ends the daemon with 1 and a clear line, busy or idle", arguments: [true, false])
    func hangUp(isBusy: Bool) async throws {
        let feed = OngoingFeed(upTo: isBusy ? 1_000_000 : 0)
        let server = try FaultServer(feed.behaviour)
        let directory = try TemporaryDirectory()
        let reader = try ReluctantReader(in: directory)
        let daemon = try HeldDaemon(
            "subscriptions: {s: {url: \"\(server.url())\", decode: json}}\n",
            in: directory,
            launcher: reader.launcher
        )
        _ = try await onOwnThread { try reader.read { $0.contains(isBusy ? #""seq":100,"# : "opened") } }
        reader.hangUp()
        #expect(try await daemon.process.awaitExit(within: .seconds(15)) == .failed)
        let failed = try #require(daemon.log("sink.failed").first)
        #expect(failed["message"] == "its reader is gone")
        #expect(failed["error"] == "Broken pipe")
        #expect(daemon.log("daemon.stopping").first?["message"] == "stopping: the reader of sink stdout is gone")
        #expect(daemon.log("daemon.stopped").count == 1)
        server.stop()
    }
}
