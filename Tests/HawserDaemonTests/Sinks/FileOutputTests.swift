import Foundation
import MonotonicTime
import TestSupport
import Testing

@testable import HawserDaemon

/// The writing side of a file sink without its thread: each step by hand, each failure at a chosen byte.
@Suite("File output")
struct FileOutputTests {
    private let folder: TemporaryDirectory
    private let files = FaultyFiles()
    private let clock = ManualClock()
    private let events = Collected<SinkEvent>()

    init() throws { folder = try TemporaryDirectory() }

    private var path: String { folder.file("out.jsonl") }

    private func output(
        _ rotation: FileSinkOptions.Rotation = .init(),
        fsync: FileSinkOptions.Durability = .never
    ) throws -> FileOutput {
        let options = FileSinkOptions(path: path, rotation: rotation, fsync: fsync)
        let post: @Sendable (SinkEvent) -> Void = { [events] in events.append($0) }
        return FileOutput(
            try RecordFile.open(path, operations: files.operations),
            options: options,
            operations: files.operations,
            clock: clock.clock,
            archive: Archive(path: FilePath(path), rotation: rotation, operations: files.operations, post: post),
            post: post
        )
    }

    /// Writes `text` as the sink's thread does; after an error the clock goes on by a second and `repair` is called.
    private func write(_ text: String, to output: inout FileOutput, repair: (Int32) -> Void = { _ in }) {
        let bytes = Array(text.utf8)
        var written = 0
        var failures = 0
        while written < bytes.count, failures < 10 {
            let step = bytes[written...].withUnsafeBytes { output.write($0, now: clock.now) }
            switch step {
            case .wrote(let count): written += count
            case .rewound(let count): written -= count
            case .failing(let errno):
                failures += 1
                clock.advance(by: .seconds(1))
                repair(errno)
            case .blocked, .ended:
                Issue.record("a file never answers \(step)")
                return
            }
        }
        #expect(written == bytes.count)
    }

    private func content(_ name: String = "out.jsonl") -> String? { folder.text(of: name) }

    private static let lines = "{\"first\":1}\n{\"second\":22}\n{\"third\":333}\n"

    @Test("a disk that is full after any number of bytes leaves no torn and no doubled line")
    func fullAtEveryByte() throws {
        for room in 0...Self.lines.utf8.count {
            var output = try output()
            files.faults.withLock { $0.room = room }
            write(Self.lines, to: &output) { errno in
                #expect(errno == ENOSPC)
                #expect(content()?.utf8.count == room)
                files.faults.withLock { $0.room = nil }
            }
            _ = output.close(now: clock.now)
            #expect(content() == Self.lines)
            unlink(path)
        }
    }

    @Test("a sink that ends while the disk is full leaves whole lines only")
    func closedWhileFull() throws {
        for room in 0...Self.lines.utf8.count {
            var output = try output()
            files.faults.withLock { $0.room = room }
            let bytes = Array(Self.lines.utf8)
            _ = bytes.withUnsafeBytes { output.write($0, now: clock.now) }
            _ = output.close(now: clock.now)
            let kept = Self.lines.utf8.prefix(room)
            let whole = kept.lastIndex(of: UInt8(ascii: "\n")).map { String(Self.lines[...$0]) } ?? ""
            #expect(content() == whole)
            unlink(path)
            files.faults.withLock { $0.room = nil }
        }
    }

    @Test("short writes, interrupted ones and passing errors write each byte once")
    func mixedFaults() throws {
        var generator = SeededGenerator("write faults")
        for _ in 0..<200 {
            var output = try output()
            let faults = (0..<Int.random(in: 0...8, using: &generator)).map { _ -> FaultyFiles.WriteFault in
                switch Int.random(in: 0...3, using: &generator) {
                case 0: .fails(EINTR)
                case 1: .fails([EIO, ENOSPC, EDQUOT].randomElement(using: &generator) ?? EIO)
                default: .short(Int.random(in: 1...20, using: &generator))
                }
            }
            files.faults.withLock { $0.writes = faults }
            write(Self.lines, to: &output)
            _ = output.close(now: clock.now)
            #expect(content() == Self.lines, "\(faults)")
            unlink(path)
        }
    }

    @Test("a file deleted inside a line, to make room, gets no torn line, and the new one begins with that line")
    func deletedInsideLine() throws {
        var output = try output()
        write("{\"zero\":0}\n", to: &output)
        #expect(link(path, folder.file("kept")) == 0)
        files.faults.withLock {
            $0.writes = [.short(13), .short(1)]
            $0.room = 15
        }
        write(Self.lines, to: &output) { _ in
            unlink(path)
            files.faults.withLock { $0.room = nil }
        }
        _ = output.close(now: clock.now)
        #expect(content("kept") == "{\"zero\":0}\n{\"first\":1}\n")
        #expect(content() == "{\"second\":22}\n{\"third\":333}\n")
        #expect(events.values == [.reopened(path: path)])
    }

    @Test("a file truncated inside a line begins again with that line")
    func truncatedInsideLine() throws {
        var output = try output()
        files.faults.withLock { $0.room = 15 }
        write(Self.lines, to: &output) { _ in
            truncate(path, 0)
            files.faults.withLock { $0.room = nil }
        }
        _ = output.close(now: clock.now)
        #expect(content() == "{\"second\":22}\n{\"third\":333}\n")
    }

    @Test("a file renamed by someone else is noticed within a second")
    func renamed() throws {
        var output = try output()
        write("{\"a\":1}\n", to: &output)
        #expect(rename(path, folder.file("moved")) == 0)
        write("{\"b\":1}\n", to: &output)
        clock.advance(by: .seconds(1))
        write("{\"c\":1}\n", to: &output)
        _ = output.close(now: clock.now)
        #expect(content("moved") == "{\"a\":1}\n{\"b\":1}\n")
        #expect(content() == "{\"c\":1}\n")
    }

    @Test("a file that cannot be opened again is tried until it can, and nothing is lost")
    func reopenFails() throws {
        var output = try output()
        unlink(path)
        clock.advance(by: .seconds(1))
        files.faults.withLock { $0.openErrors = [EMFILE, EACCES, EMFILE] }
        var errors: [Int32] = []
        write(Self.lines, to: &output) { errors.append($0) }
        #expect(errors == [EMFILE, EACCES, EMFILE])
        _ = output.close(now: clock.now)
        #expect(content() == Self.lines)
    }

    @Test("fsync: batch syncs before a commit, interval after its time, never not at all")
    func durability() throws {
        var never = try output()
        write("{}\n", to: &never)
        #expect(never.commit(now: clock.now) == 0)
        _ = never.close(now: clock.now)
        #expect(files.faults.withLock { $0.synced } == 0)

        var batch = try output(fsync: .batch)
        write("{}\n", to: &batch)
        files.faults.withLock { $0.syncErrors = [EIO] }
        #expect(batch.commit(now: clock.now) == EIO)
        #expect(batch.commit(now: clock.now) == 0)
        #expect(batch.commit(now: clock.now) == 0)
        _ = batch.close(now: clock.now)
        #expect(files.faults.withLock { $0.synced } == 1)

        var interval = try output(fsync: .interval(.seconds(5)))
        #expect(interval.nextDeadline(now: clock.now) == nil)
        write("{}\n", to: &interval)
        #expect(interval.nextDeadline(now: clock.now) == clock.now + .seconds(5))
        clock.advance(by: .seconds(4))
        interval.maintain(now: clock.now)
        #expect(files.faults.withLock { $0.synced } == 1)
        clock.advance(by: .seconds(1))
        interval.maintain(now: clock.now)
        #expect(files.faults.withLock { $0.synced } == 2)
        #expect(interval.nextDeadline(now: clock.now) == nil)
        write("{}\n", to: &interval)
        _ = interval.close(now: clock.now)
        #expect(files.faults.withLock { $0.synced } == 3)
    }

    @Test("a failing sync by interval is said once, and so is its end")
    func syncTrouble() throws {
        var output = try output(fsync: .interval(.milliseconds(100)))
        files.faults.withLock { $0.syncErrors = [EIO, EIO, EIO] }
        write("{}\n", to: &output)
        for _ in 0..<10 {
            clock.advance(by: .seconds(1))
            output.maintain(now: clock.now)
        }
        _ = output.close(now: clock.now)
        let expected: [SinkEvent] = [
            .writeFailed(path: path, errno: EIO), .recovered(path: path, after: .seconds(3)),
        ]
        #expect(events.values == expected)
    }
}
