import Foundation
import TestSupport
import Testing

/// A parent that closed the standard descriptors: no socket or file may take their place, and a log line into it.
@Suite struct DescriptorTests {
    private static let closed = ["/bin/sh", "-c", #"exec "$@" <&- >&- 2>&-"#, "sh"]

    @Test("with all three closed, files and sockets get other numbers, and the records are written")
    func allClosed() async throws {
        let feed = OngoingFeed(upTo: 100)
        let server = try FaultServer(feed.behaviour)
        let daemon = try HeldDaemon(
            """
            subscriptions: {s: {url: "\(server.url())", decode: json}}
            sinks: {out: {file: {path: DIR/out.jsonl}}}
            """,
            launcher: Self.closed
        )
        let path = daemon.directory.file("out.jsonl")
        try await eventually("everything is written") {
            (daemon.directory.text(of: "out.jsonl") ?? "").contains("\"n\":100}")
        }
        for descriptor in 0...2 {
            let target = try FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/\(daemon.process.pid)/fd/\(descriptor)"
            )
            #expect(target == "/dev/null", "\(descriptor)")
        }
        #expect(try await daemon.process.terminate() == .done)
        let audit = try NumberAudit.file(path)
        #expect(audit.problems == [])
        #expect(audit.messages == 100)
        server.stop()
    }

    @Test("a sink of a closed standard output cannot be opened, and that is said")
    func closedOutput() async throws {
        let dead = try DeadPort()
        let daemon = try HeldDaemon(
            "subscriptions: {s: {url: \"\(dead.url())\"}}\n",
            launcher: ["/bin/sh", "-c", #"exec "$@" >&-"#, "sh"]
        )
        #expect(try await daemon.process.awaitExit() == .failed)
        let failed = try #require(daemon.log("daemon.failed").first)
        #expect(failed["message"]?.contains("stdout") == true, "\(failed.line)")
    }

    @Test("two daemons do not write one file: the second one ends with 1 and says why")
    func sharedFile() async throws {
        let dead = try DeadPort()
        let directory = try TemporaryDirectory()
        let yaml = "subscriptions: {s: {url: \"\(dead.url())\"}}\nsinks: {out: {file: {path: DIR/out.jsonl}}}\n"
        let first = try HeldDaemon(yaml, in: directory)
        try await first.logged("daemon.ready")
        let second = try HeldDaemon(yaml, in: directory)
        #expect(try await second.process.awaitExit() == .failed)
        let failed = try #require(second.log("daemon.failed").first)
        #expect(
            failed["message"]?.contains("\(directory.file("out.jsonl")): another process") == true,
            "\(failed.line)"
        )
        #expect(first.process.exit == nil)
        #expect(try await first.process.terminate() == .done)
    }
}
