import Locking
import Foundation

import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Archive")
struct ArchiveTests {
    private let folder: TemporaryDirectory
    private let files = FaultyFiles()
    private let events = Collected<SinkEvent>()

    init() throws { folder = try TemporaryDirectory() }

    private func name(_ number: Int, _ form: RotatedFileName.Form = .plain) -> String {
        RotatedFileName(base: "out.jsonl", stamp: "20261120T210000Z", number: number).file(form)
    }

    private func archive(keep: Int? = nil, compress: Bool = true) -> Archive {
        Archive(
            path: FilePath(folder.file("out.jsonl")),
            rotation: .init(keep: keep, compress: compress),
            operations: files.operations,
            post: { [events] in events.append($0) }
        )
    }

    @Test("a rotated file is compressed whole, and another program unpacks it")
    func compresses() async throws {
        var generator = SeededGenerator("gzip")
        for size in [0, 1, 262_143, 262_144, 262_145, 1_500_000] {
            let events = Collected<SinkEvent>()
            let bytes = (0..<size).map { _ in UInt8.random(in: 32...96, using: &generator) }
            try folder.write(bytes, to: name(size))
            let archive = Archive(
                path: FilePath(folder.file("out.jsonl")),
                rotation: .init(compress: true),
                operations: files.operations,
                post: { events.append($0) }
            )
            archive.tidy()
            try await eventually("compression") { events.count == 1 }
            archive.stop()
            #expect(try await gunzip(folder.file(name(size, .compressed))) == Data(bytes))
            #expect(!folder.names.contains(name(size)))
        }
    }

    @Test("what a crash left is brought into order by the next start")
    func leftovers() async throws {
        try folder.write("one\n", to: name(1))
        try folder.write("half", to: name(1, .partial))
        try folder.write("two\n", to: name(2))
        try folder.write("whole", to: name(2, .compressed))
        try folder.write("half", to: name(3, .partial))
        try folder.write("live\n", to: "out.jsonl")
        try folder.write("other\n", to: "out.jsonl.bak")
        let archive = archive()
        archive.tidy()
        try await eventually("compression") { events.count == 1 }
        archive.stop()
        #expect(folder.names == ["out.jsonl", name(1, .compressed), name(2, .compressed), "out.jsonl.bak"])
        #expect(folder.text(of: name(2, .compressed)) == "whole")
        #expect(try await gunzip(folder.file(name(1, .compressed))) == Data("one\n".utf8))
    }

    @Test("the oldest go, whatever their form; nothing else does")
    func keep() async throws {
        for number in 1...3 { try folder.write("z", to: name(number, .compressed)) }
        for number in 4...6 { try folder.write("p\n", to: name(number)) }
        try folder.write("live\n", to: "out.jsonl")
        let archive = archive(keep: 2, compress: false)
        archive.tidy()
        try await eventually("deletion") { events.count == 4 }
        archive.stop()
        #expect(folder.names == ["out.jsonl", name(5), name(6)])
        #expect(
            events.values
                == [name(1, .compressed), name(2, .compressed), name(3, .compressed), name(4)]
                .map { .removed(path: folder.file($0)) }
        )
    }

    @Test("a full disk while compressing keeps the plain file, and the next pass makes up for it")
    func fullDisk() async throws {
        try folder.write(String(repeating: "x", count: 1_000_000), to: name(1))
        files.faults.withLock { $0.room = 100 }
        let archive = archive()
        archive.tidy()
        try await eventually("failure") { events.count == 1 }
        #expect(events.values == [.archiveFailed(path: folder.file(name(1)), errno: ENOSPC)])
        #expect(folder.names == [name(1)])
        files.faults.withLock { $0.room = nil }
        archive.tidy()
        try await eventually("compression") { events.count == 2 }
        archive.stop()
        #expect(folder.names == [name(1, .compressed)])
    }

    @Test("told to stop, it gives up between two slices and leaves the plain file")
    func stops() throws {
        try folder.write(String(repeating: "x", count: 1_000_000), to: name(1))
        let slices = OrderedMutex(0)
        let gzip = GzipFile(
            operations: files.operations,
            shouldStop: {
                slices.withLock {
                    $0 += 1
                    return $0 == 3
                }
            }
        )
        let result = try gzip.compress(folder.file(name(1)), to: folder.file(name(1, .partial)))
        #expect(result == .stopped)
        #expect(folder.text(of: name(1))?.utf8.count == 1_000_000)
        let archive = archive()
        archive.stop()
        archive.tidy()
        #expect(folder.names.contains(name(1)))
    }

    @Test("a pass asked for while one runs follows it")
    func followUp() async throws {
        for number in 1...3 { try folder.write("p\n", to: name(number)) }
        let archive = archive()
        for _ in 0..<100 { archive.tidy() }
        try folder.write("p\n", to: name(4))
        archive.tidy()
        try await eventually("compression") { events.count == 4 }
        archive.stop()
        #expect(folder.names == (1...4).map { name($0, .compressed) })
    }
}
