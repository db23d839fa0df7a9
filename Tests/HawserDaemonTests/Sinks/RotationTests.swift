import Foundation
import MonotonicTime
import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Rotation")
struct RotationTests {
    private let folder: TemporaryDirectory
    private let files = FaultyFiles()
    private let clock = ManualClock()
    private let events = Collected<SinkEvent>()

    init() throws { folder = try TemporaryDirectory() }

    private var path: String { folder.file("out.jsonl") }

    private func output(_ rotation: FileSinkOptions.Rotation) throws -> FileOutput {
        let post: @Sendable (SinkEvent) -> Void = { [events] in events.append($0) }
        return FileOutput(
            try RecordFile.open(path, operations: files.operations),
            options: FileSinkOptions(path: path, rotation: rotation),
            operations: files.operations,
            clock: clock.clock,
            archive: Archive(path: FilePath(path), rotation: rotation, operations: files.operations, post: post),
            post: post
        )
    }

    private func write(_ text: String, to output: inout FileOutput) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            guard case .wrote(let count) = bytes[written...].withUnsafeBytes({ output.write($0, now: clock.now) })
            else {
                Issue.record("not written")
                return
            }
            written += count
        }
    }

    private var contents: [String] {
        folder.names.sorted { ($0 == "out.jsonl" ? "~" : $0) < ($1 == "out.jsonl" ? "~" : $1) }
            .map { folder.text(of: $0) ?? "" }
    }

    @Test("by size: whole lines, no file longer than the limit but for a single longer line")
    func size() throws {
        var output = try output(.init(size: 20))
        write("aaaa\nbbbb\ncccc\ndddd\neeee\n", to: &output)
        #expect(contents == ["aaaa\nbbbb\ncccc\ndddd\n", "eeee\n"])
        write("this line alone is longer than the limit\nffff\n", to: &output)
        #expect(
            contents == [
                "aaaa\nbbbb\ncccc\ndddd\n", "eeee\n", "this line alone is longer than the limit\n", "ffff\n",
            ]
        )
        _ = output.close(now: clock.now)
        #expect(
            folder.names == [
                "out.jsonl", "out.jsonl.20261120T210000Z-0000", "out.jsonl.20261120T210000Z-0001",
                "out.jsonl.20261120T210000Z-0002",
            ]
        )
    }

    @Test("by time: at the boundary, also without anything to write, never an empty file")
    func time() throws {
        clock.advance(by: .seconds(30 * 60))
        var output = try output(.init(every: .seconds(3600)))
        write("a\n", to: &output)
        #expect(output.nextDeadline(now: clock.now) == clock.now + .seconds(60))
        clock.advance(by: .seconds(30 * 60 - 1))
        #expect(output.nextDeadline(now: clock.now) == clock.now + .seconds(1))
        output.maintain(now: clock.now)
        #expect(contents == ["a\n"])
        clock.advance(by: .seconds(1))
        output.maintain(now: clock.now)
        #expect(contents == ["a\n", ""])
        #expect(output.nextDeadline(now: clock.now) == nil)
        clock.advance(by: .seconds(7200))
        output.maintain(now: clock.now)
        #expect(contents == ["a\n", ""])
        write("b\n", to: &output)
        #expect(contents == ["a\n", "b\n"])
        _ = output.close(now: clock.now)
    }

    @Test("by time: a file last written in an earlier period is rotated before the first line after a start")
    func timeAcrossStart() throws {
        let day = 86_400
        // The test's clock starts at 21:00 UTC.
        for (age, expected) in [(20 * 3600, ["a\nb\n"]), (22 * 3600, ["a\n", "b\n"])] {
            let wall = Int(clock.clock.wallNanoseconds() / 1_000_000_000)
            try folder.write("a\n", to: "out.jsonl")
            var times = [timeval](repeating: timeval(tv_sec: wall - age, tv_usec: 0), count: 2)
            #expect(utimes(path, &times) == 0)
            var output = try output(.init(every: .seconds(day)))
            write("b\n", to: &output)
            _ = output.close(now: clock.now)
            #expect(contents == expected)
        }
    }

    @Test("a clock that is set back neither rotates nor breaks the order of the names")
    func clockSetBack() throws {
        var output = try output(.init(size: 5, every: .seconds(3600)))
        write("1111\n2222\n", to: &output)
        clock.stepWall(by: .seconds(-86_400 * 3))
        output.maintain(now: clock.now)
        #expect(contents == ["1111\n", "2222\n"])
        write("3333\n4444\n", to: &output)
        clock.stepWall(by: .seconds(86_400 * 4))
        write("5555\n", to: &output)
        _ = output.close(now: clock.now)
        #expect(contents == ["1111\n", "2222\n", "3333\n", "4444\n", "5555\n"])
    }

    @Test("a name that exists in any form is never taken again")
    func collisions() throws {
        for name in ["out.jsonl.20261120T210000Z-0000", "out.jsonl.20261120T210000Z-0004.gz"] {
            try folder.write("kept\n", to: name)
        }
        var output = try output(.init(size: 2))
        write("a\nb\n", to: &output)
        _ = output.close(now: clock.now)
        #expect(folder.names.last == "out.jsonl.20261120T210000Z-0005")
        #expect(contents == ["kept\n", "kept\n", "a\n", "b\n"])
    }

    @Test("a rename that fails lets the file grow, is said once, and is tried again after a minute")
    func renameFails() throws {
        var output = try output(.init(size: 2))
        files.faults.withLock { $0.renameErrors = [EACCES, EACCES] }
        write("a\nb\n", to: &output)
        clock.advance(by: .seconds(59))
        write("c\n", to: &output)
        clock.advance(by: .seconds(1))
        write("d\n", to: &output)
        #expect(contents == ["a\nb\nc\nd\n"])
        clock.advance(by: .seconds(60))
        write("e\n", to: &output)
        _ = output.close(now: clock.now)
        #expect(contents == ["a\nb\nc\nd\n", "e\n"])
        #expect(events.values.filter { $0 == .rotationFailed(path: path, errno: EACCES) }.count == 1)
    }

    @Test("names are told from other files in the folder, and order as they sort")
    func names() throws {
        for name in [
            "out.jsonl", "out.jsonl.1", "out.jsonl.gz", "out.jsonl.20261120T210000Z", "out.jsonl.20261120T210000Z-1",
            "out.jsonl.20261120T210000Z-0000.zip", "out.jsonl.20261120X210000Z-0000", "x.20261120T210000Z-0000",
            "out.jsonl.20261120T210000Z-0000.gz.part2", "out.jsonl.20261120T210000Z-99999999999999999999",
        ] {
            #expect(RotatedFileName.parse(name, base: "out.jsonl") == nil)
        }
        var name = RotatedFileName(base: "out.jsonl", at: 0, after: [])
        var sorted: [String] = []
        for second in [0, 0, 0, 5, 4, 5, 6] as [Int64] {
            sorted.append(name.file(second % 2 == 0 ? .plain : .compressed))
            let parsed = RotatedFileName.parse(name.file(.partial), base: "out.jsonl")
            #expect(parsed?.name == name)
            #expect(parsed?.form == .partial)
            name = RotatedFileName(base: "out.jsonl", at: second * 1_000_000_000, after: [name])
        }
        #expect(sorted == sorted.sorted())
        #expect(Set(sorted).count == 7)
    }
}
