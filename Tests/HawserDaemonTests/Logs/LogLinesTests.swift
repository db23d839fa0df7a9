import Glibc
import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Reading logs from files")
struct LogLinesTests {
    /// All of an input: its lines, how many were too long, and why it ended early.
    private func read(_ path: String) throws -> (lines: [[UInt8]], tooLong: Int, failure: String?) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0)
        let lines = LogLines(LogInput(name: "log", descriptor: descriptor) { _ in true })
        var found: [[UInt8]] = []
        var tooLong = 0
        do throws(LogInputFailure) {
            while true {
                switch try lines.next(isFinal: true, { found.append(Array($0)) }) {
                case .line: continue
                case .tooLong: tooLong += 1
                case .end: return (found, tooLong, nil)
                }
            }
        } catch {
            return (found, tooLong, error.detail)
        }
    }

    private func packed(_ bytes: [UInt8], _ directory: TemporaryDirectory) throws -> [UInt8] {
        let plain = try directory.write(bytes, to: "plain")
        let gzip = GzipFile(operations: .system, shouldStop: { false })
        _ = try gzip.compress(plain, to: directory.file("packed"))
        return try raw(directory.file("packed"))
    }

    private func raw(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4 << 20)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return Array(bytes[..<max(0, count)])
    }

    @Test("lines of any length come out as they went in, with or without a newline at the end, plain or packed")
    func anyLines() throws {
        var generator = SeededGenerator("lines")
        let directory = try TemporaryDirectory()
        for round in 0..<6 {
            let lines = (0..<200).map { _ -> [UInt8] in
                let length = Int.random(in: 0...(round.isMultiple(of: 2) ? 50 : 20_000), using: &generator)
                return (0..<length).map { _ in .random(in: 11...255, using: &generator) }
            }
            var bytes = Array(lines.joined(separator: [10]))
            if round < 4, lines.last?.isEmpty == false { bytes.append(10) }
            let expected = lines.last?.isEmpty == true ? Array(lines.dropLast()) : lines
            for form in [bytes, try packed(bytes, directory)] {
                let found = try read(directory.write(form, to: "log"))
                #expect(found.failure == nil && found.tooLong == 0)
                #expect(found.lines == expected)
            }
        }
        #expect(try read(directory.write("", to: "log")).lines.isEmpty)
    }

    @Test("a line that is too long is skipped and counted, and the next one is whole")
    func tooLong() throws {
        let directory = try TemporaryDirectory()
        let long = [UInt8](repeating: 120, count: LogLines.limit + 300_000)
        let found = try read(directory.write([97, 10] + long + [10, 98, 10] + long, to: "log"))
        #expect(found.lines == [[97], [98]] && found.tooLong == 2)
        let atLimit = [UInt8](repeating: 120, count: LogLines.limit)
        #expect(try read(directory.write(atLimit + [10, 98], to: "log")).lines == [atLimit, [98]])
    }

    @Test("packed files may stand one behind the other; what is torn or damaged gives what it has, and says so")
    func packedForms() throws {
        let directory = try TemporaryDirectory()
        let first = try packed(Array("a\nb\n".utf8), directory)
        let second = try packed(Array("c\n".utf8), directory)
        let both = try read(directory.write(first + second + [0, 0, 0], to: "log"))
        #expect(both.lines == [[97], [98], [99]] && both.failure == nil)
        let torn = try read(directory.write(first + second.dropLast(12), to: "log"))
        #expect(torn.lines.prefix(2) == [[97], [98]] && torn.failure?.contains("too early") == true)
        let broken = try read(
            directory.write(first + second.prefix(10) + [UInt8](repeating: 255, count: 20), to: "log")
        )
        #expect(broken.lines.prefix(2) == [[97], [98]] && broken.failure?.contains("damaged") == true)
        let garbage = try read(directory.write(first + Array("x\n".utf8), to: "log"))
        #expect(garbage.failure != nil)
    }

    @Test("several logs come in the order of their times, each in its own")
    func merged() throws {
        let directory = try TemporaryDirectory()
        var generator = SeededGenerator("merged logs")
        var logs = [LogFixture](repeating: LogFixture(), count: 5)
        for second in 0..<500 {
            let index = Int.random(in: 0..<logs.count, using: &generator)
            logs[index].add(Double(second), .daemonSummary, [.open: .integer(Int64(second))])
        }
        let entries = try logs.enumerated().map { index, log in
            let path = try directory.write(log.bytes, to: "log\(index)")
            return LogEntries(LogInput(name: path, descriptor: open(path, O_RDONLY)) { _ in true })
        }
        let merged = MergedEntries(entries) { _ in }
        var found: [Int64] = []
        while let entry = merged.next() { found.append(entry.integer(.open) ?? -1) }
        #expect(found == Array(0..<500))
    }
}
