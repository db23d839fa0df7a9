import Foundation
import MonotonicTime
import TestSupport
import Testing

@testable import HawserDaemon

/// The file sink as a whole, with its threads.
@Suite("File sink")
struct FileSinkTests {
    private let folder: TemporaryDirectory
    private let files = FaultyFiles()
    private let events = Collected<SinkEvent>()

    init() throws { folder = try TemporaryDirectory() }

    private var path: String { folder.file("out.jsonl") }

    private func sink(
        _ options: FileSinkOptions? = nil,
        watermarks: Watermarks = Watermarks(),
        run: String = "run1",
        subscriptions: [String] = ["sub"]
    ) throws -> FileSink {
        var options = options ?? FileSinkOptions(path: path)
        options.retryInterval = .milliseconds(5)
        options.checkInterval = .milliseconds(5)
        return try FileSink(
            name: "archive",
            options: options,
            watermarks: watermarks,
            run: run,
            subscriptions: subscriptions,
            operations: files.operations,
            clock: .system,
            onEvent: { [events] in events.append($0) }
        )
    }

    private func expectDrained(_ sink: FileSink) async {
        let report = await sink.drain(within: .seconds(20))
        #expect(report == DrainReport(leftBehindRecords: 0, leftBehindBytes: 0, error: nil, isComplete: true))
    }

    @Test("records are appended in order; a new file has no restart mark, a file with content has one for each name")
    func restart() async throws {
        let first = try sink()
        for number in 1...50 { #expect(first.offer(batch(number * 10...number * 10 + 9)) == .open) }
        await expectDrained(first)
        var lines = try fileLines(path)
        #expect(sequences(lines) == Array(10...509))
        #expect(restarts(lines).isEmpty)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 & ~0o640 == 0)

        let second = try sink(run: "run2", subscriptions: ["sub", "other"])
        #expect(second.offer(batch(1...2, run: "run2")) == .open)
        await expectDrained(second)
        lines = Array(try fileLines(path).dropFirst(500))
        #expect(restarts(Array(lines.prefix(2))) == ["sub", "other"])
        #expect(lines.allSatisfy { $0["run"] as? String == "run2" })
        #expect(sequences(Array(lines.dropFirst(2))) == [1, 2])
        #expect(second.statistics.writtenRecords == 4)
    }

    @Test("a torn tail is cut off, reported, and still counts as a restart; so do rotated files alone")
    func tornTail() async throws {
        try folder.write("{\"time\":\"2026", to: "out.jsonl")
        let torn = try sink()
        await expectDrained(torn)
        #expect(events.values == [.tornTailCut(path: path, bytes: 13)])
        #expect(restarts(try fileLines(path)) == ["sub"])
        unlink(path)
        try folder.write("{}\n", to: "out.jsonl.20260101T000000Z-0000")
        await expectDrained(try sink())
        #expect(restarts(try fileLines(path)) == ["sub"])
    }

    @Test("a full disk blocks the sink, is said once, and nothing is lost, torn or doubled when there is room again")
    func diskFull() async throws {
        files.faults.withLock { $0.room = 100_000 }
        let sink = try sink(watermarks: Watermarks(high: 100_000, low: 50_000))
        var sent = 0
        repeat { sent += 10 } while sink.offer(batch(sent - 9...sent, padding: 200)) != .full
        try await eventually("several attempts") { files.faults.withLock { $0.writeCalls } > 5 }
        #expect(events.values.filter { $0 == .diskFull(path: path, errno: ENOSPC) }.count == 1)
        files.faults.withLock { $0.room = nil }
        try await eventually("relief") { sink.statistics.fullSince == nil }
        await expectDrained(sink)
        #expect(sequences(try fileLines(path)) == Array(1...sent))
        let names = events.values.map { "\($0)".prefix { $0 != "(" } }
        #expect(Set(names) == ["blocked", "diskFull", "recovered", "resumed"])
        #expect(names.count == 4)
    }

    @Test("with fsync: batch, records leave the queue only when they are synced")
    func failingSync() async throws {
        files.faults.withLock { $0.syncErrors = [Int32](repeating: EIO, count: 1_000_000) }
        let sink = try sink(FileSinkOptions(path: path, fsync: .batch))
        #expect(sink.offer(batch(1...10)) == .open)
        try await eventually("several attempts") { files.faults.withLock { $0.syncErrors.count } < 999_990 }
        #expect(sink.statistics.queuedRecords == 10)
        #expect(sink.statistics.lastError == EIO)
        #expect(events.values == [.writeFailed(path: path, errno: EIO)])
        files.faults.withLock { $0.syncErrors = [] }
        await expectDrained(sink)
        #expect(sequences(try fileLines(path)) == Array(1...10))
        #expect(events.count == 2)
    }

    @Test("a drain on a full disk ends in time with whole lines in the file and the rest counted")
    func drainOnFullDisk() async throws {
        files.faults.withLock { $0.room = 12_345 }
        let sink = try sink()
        #expect(sink.offer(batch(1...500, padding: 50)) == .open)
        try await eventually("a full disk") { events.values == [.diskFull(path: path, errno: ENOSPC)] }
        let report = await sink.drain(within: .milliseconds(50))
        let written = sequences(try fileLines(path))
        #expect(written.count > 10)
        #expect(written == Array(1..<written.count + 1))
        #expect(report.leftBehindRecords == 500 - written.count)
        #expect(report.error == ENOSPC)
        #expect(report.isComplete)
    }

    @Test("a file deleted to make room, inside a line: each record is whole in the old or in the new one")
    func deletedWhileFull() async throws {
        let sink = try sink()
        #expect(link(path, folder.file("kept")) == 0)
        files.faults.withLock { $0.room = 12_345 }
        #expect(sink.offer(batch(1...500, padding: 50)) == .open)
        try await eventually("a full disk") { events.values == [.diskFull(path: path, errno: ENOSPC)] }
        unlink(path)
        try await eventually("a new file") { events.values.contains(.reopened(path: path)) }
        files.faults.withLock { $0.room = nil }
        await expectDrained(sink)
        let kept = sequences(try fileLines(folder.file("kept")))
        #expect(kept.count > 10)
        #expect(kept + sequences(try fileLines(path)) == Array(1...500))
    }

    @Test("two sinks cannot write one file; after the first has ended the second can")
    func locked() async throws {
        let first = try sink()
        #expect {
            try sink()
        } throws: { error in
            (error as? SinkError)?.problem == .inUse
        }
        await expectDrained(first)
        await expectDrained(try sink())
    }

    @Test("while another program renames and deletes the file, each record is in one of the files once")
    func logrotate() async throws {
        let sink = try sink(FileSinkOptions(path: path, fsync: .batch))
        let moved = try TemporaryDirectory()
        var sent = 0
        for round in 1...10 {
            sent += 100
            _ = sink.offer(batch(sent - 99...sent))
            try await eventually("written") { sink.statistics.queuedRecords == 0 }
            #expect(rename(path, moved.file(String(format: "%02d", round))) == 0)
            try await eventually("a new file") {
                sent += 1
                _ = sink.offer(batch(sent...sent))
                return access(path, F_OK) == 0
            }
        }
        await expectDrained(sink)
        var all: [Int] = []
        for name in moved.names { all += sequences(try fileLines(moved.file(name))) }
        all += sequences(try fileLines(path))
        #expect(all == Array(1...sent))
    }

    @Test("rotation under load: all records once, in the order of the names, packed and plain")
    func rotation() async throws {
        let sink = try sink(
            FileSinkOptions(path: path, rotation: .init(size: 30_000, compress: true), fsync: .interval(.seconds(1)))
        )
        for number in 0..<200 { _ = sink.offer(batch(number * 10 + 1...number * 10 + 10, padding: 50)) }
        try await eventually("several files") { sink.statistics.queuedRecords == 0 && folder.names.count > 8 }
        await expectDrained(sink)
        var all: [Int] = []
        for name in folder.names.dropFirst() {
            let isPacked = name.hasSuffix(".gz")
            let data = try isPacked ? await gunzip(folder.file(name)) : Data(folder.text(of: name)?.utf8 ?? "".utf8)
            #expect(data.count <= 30_000)
            all += sequences(try jsonLines(data))
        }
        all += sequences(try fileLines(path))
        #expect(all == Array(1...2000))
        let rotated = events.values.filter { if case .rotated = $0 { true } else { false } }.count
        #expect(rotated == folder.names.count - 1)
    }

    @Test("a symbolic link is followed: the file behind it is written and rotated, the link stays")
    func symbolicLink() async throws {
        let other = try TemporaryDirectory()
        #expect(symlink(other.file("real.jsonl"), path) == 0)
        let sink = try sink(FileSinkOptions(path: path, rotation: .init(size: 1)))
        _ = sink.offer(batch(1...2))
        await expectDrained(sink)
        #expect(folder.names == ["out.jsonl"])
        #expect(other.names.count == 2)
        #expect(sequences(try fileLines(path)) == [2])
    }

    @Test(
        "what cannot be opened is said with its reason and remedy",
        arguments: [
            ("missing/out.jsonl", "there is no folder"), ("file/out.jsonl", "there is no folder"),
            ("folder", "not a regular file"), ("fifo", "not a regular file"), ("", "not a regular file"),
        ]
    )
    func errors(name: String, text: String) throws {
        try folder.write("{}\n", to: "file")
        #expect(mkdir(folder.file("folder"), 0o700) == 0)
        #expect(mkfifo(folder.file("fifo"), 0o600) == 0)
        for attempt in [
            { _ = try sink(FileSinkOptions(path: folder.file(name))) }, { try FileSink.check(path: folder.file(name)) },
        ] {
            #expect {
                try attempt()
            } throws: { error in
                "\(error)".contains(text)
            }
        }
        try FileSink.check(path: folder.file("file"))
        try FileSink.check(path: folder.file("new"))
        #expect(!folder.names.contains("new"))
    }

    @Test("afterwards no descriptor and no thread is left")
    func leaks() async {
        await #expect(processExitsWith: .success) {
            let before = await ProcessCensus.baseline()
            let folder = try TemporaryDirectory()
            let events = Collected<SinkEvent>()
            for round in 0..<20 {
                let options = FileSinkOptions(
                    path: folder.file("out.jsonl"),
                    rotation: .init(size: 5000, keep: 3, compress: true)
                )
                let file = try FileSink(
                    name: "archive",
                    options: options,
                    run: "r",
                    subscriptions: ["sub"],
                    onEvent: { events.append($0) }
                )
                let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
                let stdout = try StdoutSink(descriptor: null, onEvent: { events.append($0) })
                for sink in [file, stdout] as [any Sink] {
                    _ = sink.offer(batch(1...500))
                    // Some are dropped without a drain.
                    if round % 4 != 0 || sink === file { _ = await sink.drain(within: .seconds(10)) }
                }
                close(null)
                #expect(throws: SinkError.self) {
                    try FileSink(
                        name: "x",
                        options: FileSinkOptions(path: folder.path),
                        run: "r",
                        subscriptions: [],
                        onEvent: { _ in }
                    )
                }
            }
            let left = await before.leftOver()
            #expect(left.isEmpty, "\(left)")
        }
    }
}
