import Glibc
import TestSupport
import Testing

/// A file sink on a real file system that runs full, mounted where only the daemon sees it: it goes with the daemon.
@Suite struct DiskFullTests {
    @Test("a full disk pauses the feed, is logged once, and when there is room everything is written")
    func full() async throws {
        // 3 MB of records: there is room for one, and for all once the ballast is gone.
        let total = 15_000
        let feed = OngoingFeed(upTo: total, padding: 100)
        let server = try FaultServer(feed.behaviour)
        let directory = try TemporaryDirectory()
        // Mapped to root in a namespace of its own, anybody may mount.
        let namespace = geteuid() == 0 ? ["-m"] : ["-m", "-r"]
        let prepare = #"mount -t tmpfs -o size=4m hawser-test "$0" && head -c 3m /dev/zero >"$0/ballast" && exec "$@""#
        #expect(mkdir(directory.file("disk"), 0o700) == 0)
        let daemon = try HeldDaemon(
            """
            subscriptions: {s: {url: "\(server.url())", decode: json, pause_max: 1h}}
            sinks: {out: {file: {path: DIR/disk/out.jsonl, fsync: batch}}}
            watermarks: {high: 256KiB, low: 64KiB}
            log: {level: debug}
            limits: {message_size: 64KiB}
            """,
            in: directory,
            launcher: ["/usr/bin/unshare"] + namespace + ["/bin/sh", "-c", prepare, directory.file("disk")]
        )
        try await daemon.logged("sink.opened")
        // Seen through the daemon's eyes, and held open beyond its end.
        let disk = "/proc/\(daemon.process.pid)/root\(directory.file("disk"))"
        let file = open(disk + "/out.jsonl", O_RDONLY | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }

        let full = try await daemon.logged("sink.disk_full")
        #expect(full["path"] == directory.file("disk/out.jsonl"))
        #expect(full["error"] == "No space left on device")
        #expect(full["remedy"]?.isEmpty == false)
        try await eventually("the feed is paused") {
            daemon.log("subscription.paused").count == daemon.log("subscription.resumed").count + 1
        }
        let resumed = daemon.log("subscription.resumed").count
        let calls = daemon.writeCalls
        try await eventually("three more attempts to write") { daemon.writeCalls >= calls + 3 }
        #expect(daemon.log("sink.disk_full").count == 1)
        #expect(daemon.log("sink.recovered").isEmpty)
        #expect(daemon.log("subscription.resumed").count == resumed)

        #expect(unlink(disk + "/ballast") == 0)
        let recovered = try await daemon.logged("sink.recovered")
        #expect((recovered.integer("paused_ms") ?? 0) > 1_000)
        try await daemon.logged("subscription.resumed", times: resumed + 1)
        try await eventually("everything is written") {
            try NumberAudit.contents(of: file).newest["s"] == total
        }
        #expect(try await daemon.process.terminate() == .done)
        let audit = try NumberAudit.contents(of: file)
        #expect(audit.problems == [])
        #expect(audit.messages == total)
        #expect(audit.marks == ["opened": 1, "closed": 1])
        #expect(daemon.log("sink.disk_full").count == 1)
        #expect(daemon.log("sink.failed").isEmpty)
        server.stop()
    }

    @Test("a stop while the disk is full ends with its drain, says what was lost, and leaves whole lines")
    func stopWhileFull() async throws {
        let server = try FaultServer(OngoingFeed(upTo: 20_000).behaviour)
        let directory = try TemporaryDirectory()
        let namespace = geteuid() == 0 ? ["-m"] : ["-m", "-r"]
        #expect(mkdir(directory.file("disk"), 0o700) == 0)
        let daemon = try HeldDaemon(
            """
            subscriptions: {s: {url: "\(server.url())", decode: json}}
            sinks: {out: {file: {path: DIR/disk/out.jsonl, fsync: never}}}
            shutdown: {drain: 1s}
            """,
            in: directory,
            launcher: ["/usr/bin/unshare"] + namespace + [
                "/bin/sh", "-c", #"mount -t tmpfs -o size=1m hawser-test "$0" && exec "$@""#, directory.file("disk"),
            ]
        )
        try await daemon.logged("sink.opened")
        let file = open("/proc/\(daemon.process.pid)/root\(directory.file("disk/out.jsonl"))", O_RDONLY | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        try await daemon.logged("sink.disk_full")
        #expect(try await daemon.process.terminate() == .failed)
        let lost = try #require(daemon.log("sink.lost").first)
        #expect((lost.integer("records") ?? 0) > 0)
        #expect(lost["error"] == "No space left on device")
        let audit = try NumberAudit.contents(of: file)
        #expect(audit.problems == [])
        #expect(audit.messages > 5_000)
        #expect(daemon.log("daemon.stopped").first?["level"] == "error")
        server.stop()
    }
}
