import ConnectionLifecycle
import Glibc
import MonotonicTime
import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Memory of dials: file")
struct DialMemoryFileTests {
    private let memory = DialMemory(hosts: [DialMemory.Host(name: "h", ends: [Instant(nanoseconds: 5)])])
    private let clock = DialMemory.Clock(boot: "b", monotonic: Instant(nanoseconds: 100), wall: 1_000)

    @Test("directories are made, what is saved is loaded, and nothing else is left lying about")
    func roundTrip() throws {
        let directory = try TemporaryDirectory()
        let state = directory.file("a/b/state/")
        let file = try DialMemoryFile(directory: state)
        #expect(file.load(at: clock) == .nothing)
        try file.save(memory, at: clock)
        try file.save(memory, at: clock)
        #expect(file.load(at: clock) == .memory(memory))
        file.close()
        let again = try DialMemoryFile(directory: state)
        #expect(again.load(at: clock) == .memory(memory))
        #expect(file.path == state + "dials")
        var status = stat()
        #expect(stat(file.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(access(file.path + ".new", F_OK) != 0)
        again.close()
    }

    @Test("one process has it: a second one is told")
    func locked() throws {
        let directory = try TemporaryDirectory()
        let first = try DialMemoryFile(directory: directory.path)
        let failure = #expect(throws: DialMemoryFile.Failure.self) {
            _ = try DialMemoryFile(directory: directory.path)
        }
        #expect(failure?.problem == "another process holds it")
        first.close()
        try DialMemoryFile(directory: directory.path).close()
    }

    @Test("a directory that cannot be is told with its reason", arguments: ["file/x", "file", "/proc/nothing"])
    func impossible(path: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("", to: "file")
        let target = path.hasPrefix("/") ? path : directory.file(path)
        #expect(throws: DialMemoryFile.Failure.self) { _ = try DialMemoryFile(directory: target) }
    }

    @Test("a file that is torn, foreign, a directory, a pipe or a link counts as full since it was written")
    func unreadable() throws {
        let now = DialMemory.Clock.read(boot: "b")
        func load(_ prepare: (TemporaryDirectory) throws -> Void) throws -> Instant? {
            let directory = try TemporaryDirectory()
            try prepare(directory)
            let file = try DialMemoryFile(directory: directory.path)
            defer { file.close() }
            guard case .unreadable(let since, _) = file.load(at: now) else { return nil }
            return since
        }
        func isNow(_ since: Instant?) -> Bool {
            since.map { abs($0.duration(to: now.monotonic).seconds) < 60 } ?? false
        }
        #expect(isNow(try load { try $0.write("", to: "dials") }))
        #expect(isNow(try load { try $0.write("hawser-dials 1\nclock", to: "dials") }))
        #expect(isNow(try load { try $0.write([UInt8](repeating: 0, count: 5_000), to: "dials") }))
        #expect(isNow(try load { mkdir($0.file("dials"), 0o700) }))
        #expect(isNow(try load { mkfifo($0.file("dials"), 0o600) }))
        #expect(isNow(try load { symlink("/dev/zero", $0.file("dials")) }))
        let old = try load { directory in
            try directory.write("torn", to: "dials")
            setModified(directory.file("dials"), to: now.wall / 1_000_000_000 - 3_600)
        }
        #expect(old.map { $0.duration(to: now.monotonic) > .seconds(3_590) } == true, "an old file holds nobody")
        let future = try load { directory in
            try directory.write("torn", to: "dials")
            setModified(directory.file("dials"), to: now.wall / 1_000_000_000 + 1_000_000)
        }
        #expect(future == now.monotonic)
    }

    @Test("a full disk leaves the old content")
    func fullDisk() throws {
        let directory = try TemporaryDirectory()
        let good = try DialMemoryFile(directory: directory.path)
        try good.save(memory, at: clock)
        good.close()
        var operations = FileOperations.system
        operations.write = { _, _ throws(SystemError) in throw SystemError(errno: ENOSPC) }
        let file = try DialMemoryFile(directory: directory.path, operations: operations)
        #expect(throws: SystemError(errno: ENOSPC)) { try file.save(DialMemory(), at: clock) }
        #expect(file.load(at: clock) == .memory(memory))
        file.close()
    }

    private func setModified(_ path: String, to seconds: Int64) {
        var times = [timespec(tv_sec: Int(seconds), tv_nsec: 0), timespec(tv_sec: Int(seconds), tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, path, &times, 0) == 0)
    }
}
