import Glibc
import TestSupport
import Testing

/// kill -9 of the whole daemon, at seeded moments while it writes a file, and its next start.
struct KillRound {
    var kills: Int

    /// Starts and kills a daemon, again and again on one file; at last it is ended properly and the file is read.
    func run() async throws {
        // Long messages, so that much of the time goes into write(2), where a kill tears a line.
        let feed = OngoingFeed(upTo: .max, padding: 4_000)
        let server = try FaultServer(feed.behaviour)
        let directory = try TemporaryDirectory()
        let path = directory.file("out.jsonl")
        var generator = SeededGenerator("kills")
        var torn = 0
        for kill in 1...kills {
            let before = size(of: path)
            let daemon = try startDaemon(server, in: directory)
            // Sometimes before it has written anything, mostly in the midst of it.
            let written = kill % 5 == 0 ? 0 : Int.random(in: 1...4_000_000, using: &generator)
            try await eventually("\(written) bytes", within: .seconds(60)) {
                size(of: path) - before >= written || daemon.process.exit != nil
            }
            daemon.process.send(signal: SIGKILL)
            #expect(try await daemon.process.awaitExit() == .signal(SIGKILL))
            if !endsWithLine(path) {
                torn += 1
                try await expectCut(path, server, in: directory)
            }
        }
        print("\(torn) of \(kills) kills hit the inside of a line")

        let last = try startDaemon(server, in: directory)
        try await last.logged("subscription.opened", times: 2)
        #expect(try await last.process.terminate() == .done)
        server.stop()
        let audit = try NumberAudit.file(path, mayBeginAnywhere: true)
        #expect(audit.problems == [])
        #expect(audit.messages > kills * 50)
        #expect(audit.runs.count > kills / 2, "most runs must have written for this to mean anything")
        // Two subscriptions, and each run but the first that wrote; a kill may come between the two marks.
        let restarts = audit.marks["gap restart"] ?? 0
        let expected = (audit.runs.count - 1) * 2
        #expect(restarts <= expected && restarts >= expected - kills / 5, "\(restarts) of \(expected)")
    }

    /// A torn line is cut off by the next start, which says so and leaves the whole lines alone.
    private func expectCut(_ path: String, _ server: FaultServer, in directory: TemporaryDirectory) async throws {
        let before = try #require(fileText(path))
        let whole = before.lastIndex(of: "\n").map { before[...$0] } ?? ""
        let daemon = try startDaemon(server, in: directory)
        let line = try await daemon.logged("sink.torn_tail")
        #expect(line.integer("bytes") == before.utf8.count - whole.utf8.count)
        #expect(line["path"] == path)
        try await daemon.logged("subscription.opened", times: 2)
        #expect(try await daemon.process.terminate() == .done)
        #expect(fileText(path)?.hasPrefix(whole) == true)
    }

    private func startDaemon(_ server: FaultServer, in directory: TemporaryDirectory) throws -> HeldDaemon {
        try HeldDaemon(
            """
            defaults: {decode: json}
            subscriptions: {a: {url: "\(server.url("/a"))"}, b: {url: "\(server.url("/b"))"}}
            sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}
            """,
            in: directory
        )
    }

    private func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_size : 0
    }

    private func endsWithLine(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        var last: UInt8 = 0
        return size == 0 || (pread(descriptor, &last, 1, size - 1) == 1 && last == 10)
    }
}

@Suite struct KillTests {
    @Test("killed while it writes, the daemon leaves whole lines after its next start, and a gap that says restart")
    func kill() async throws {
        try await KillRound(kills: 6).run()
    }

    @Test("a torn line of any length, as a power cut leaves it, is cut off at start; the rest is kept")
    func tornTail() async throws {
        let server = try FaultServer(OngoingFeed(upTo: 100).behaviour)
        let directory = try TemporaryDirectory()
        let yaml = """
            subscriptions: {s: {url: "\(server.url())", decode: json}}
            sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}
            """
        let first = try HeldDaemon(yaml, in: directory)
        try await eventually("its records are written") {
            directory.text(of: "out.jsonl")?.contains("\"n\":100}") == true
        }
        #expect(try await first.process.terminate() == .done)
        let whole = try #require(directory.text(of: "out.jsonl"))
        let line = try #require(whole.split(separator: "\n").last)
        for length in [1, line.utf8.count / 2, line.utf8.count] {
            try directory.write(whole + line.prefix(length), to: "out.jsonl")
            let next = try HeldDaemon(yaml, in: directory)
            #expect(try await next.logged("sink.torn_tail").integer("bytes") == length)
            try await next.logged("subscription.opened")
            #expect(try await next.process.terminate() == .done)
            let text = try #require(directory.text(of: "out.jsonl"))
            #expect(text.hasPrefix(whole))
            let added = text.dropFirst(whole.count).split(separator: "\n")
            #expect(added.first?.contains(#""sub":"s","mark":"gap","cause":"restart"}"#) == true, "\(added)")
            #expect(added.count == 3, "\(added)")
        }
        server.stop()
    }
}

@Suite struct KillSlowTests {
    @Test("killed 50 times while it writes, the daemon never leaves a torn line, and each hole is in a gap")
    func kill() async throws {
        try await KillRound(kills: 50).run()
    }
}
