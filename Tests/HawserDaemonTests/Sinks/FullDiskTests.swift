import Foundation
import TestSupport
import Testing

@testable import HawserDaemon

/// A real file system of one MiB that runs full.
@Suite("Full disk")
struct FullDiskTests {
    @Test("a full tmpfs blocks the sink; freed by deleting a file, it goes on and no line is torn or missing")
    func tmpfs() async throws {
        let folder = try TemporaryDirectory()
        try #require(
            mount("hawser-test", folder.path, "tmpfs", 0, "size=1m") == 0,
            "\(String(cString: strerror(errno))): mounting needs root: sudo make test, or unshare -rm make test"
        )
        defer { umount2(folder.path, Int32(MNT_DETACH)) }
        let path = folder.file("out.jsonl")
        try folder.write([UInt8](repeating: 0, count: 700_000), to: "ballast")
        let events = Collected<SinkEvent>()
        var options = FileSinkOptions(path: path, fsync: .batch)
        options.retryInterval = .milliseconds(10)
        let sink = try FileSink(
            name: "archive",
            options: options,
            watermarks: Watermarks(high: 200_000, low: 100_000),
            run: "r",
            subscriptions: ["sub"],
            operations: .system,
            clock: .system,
            onEvent: { events.append($0) }
        )
        var sent = 0
        repeat {
            sent += 10
            _ = sink.offer(batch(sent - 9...sent, padding: 120))
            if sink.statistics.fullSince != nil { usleep(1000) }
        } while !events.values.contains(.diskFull(path: path, errno: ENOSPC))
        unlink(folder.file("ballast"))
        let report = await sink.drain(within: .seconds(10))
        #expect(report == DrainReport(leftBehindRecords: 0, leftBehindBytes: 0, error: nil, isComplete: true))
        #expect(sequences(try fileLines(path)) == Array(1...sent))
        #expect(events.values.filter { if case .recovered = $0 { true } else { false } }.count == 1)
    }
}
