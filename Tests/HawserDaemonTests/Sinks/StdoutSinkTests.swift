import Foundation
import MonotonicTime
import TestSupport
import Testing

@testable import HawserDaemon

/// Standard output as it really comes: a pipe, a socket, a terminal, a file, a device.
@Suite("Stdout sink")
struct StdoutSinkTests {
    private let events = Collected<SinkEvent>()

    private func sink(_ descriptor: Int32, watermarks: Watermarks = Watermarks()) throws -> StdoutSink {
        try StdoutSink(
            name: "screen",
            descriptor: descriptor,
            watermarks: watermarks,
            onEvent: { [events] in events.append($0) }
        )
    }

    /// Reads until the end of the stream, or until there are so many lines; on a thread of its own, as it blocks.
    private func readAll(_ descriptor: Int32, lines: Int = .max) async -> Data {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var data = Data()
                var seen = 0
                var block = [UInt8](repeating: 0, count: 65_536)
                while seen < lines {
                    let count = read(descriptor, &block, block.count)
                    guard count > 0 else { break }
                    data.append(contentsOf: block[..<count])
                    seen += block[..<count].count { $0 == UInt8(ascii: "\n") }
                }
                continuation.resume(returning: data)
            }
        }
    }

    private func makePipe() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    @Test("a pipe whose reader stalls makes it full; all arrives in order once the reader goes on")
    func stalledPipe() async throws {
        let (reader, writer) = try makePipe()
        let sink = try sink(writer, watermarks: Watermarks(high: 1 << 20, low: 1 << 18))
        let pressures = Collected<SinkPressure>()
        sink.onPressureChange { pressures.append($0) }
        var sent = 0
        while sink.offer(batch(sent + 1...sent + 100, padding: 500)) == .open { sent += 100 }
        sent += 100
        #expect(events.count == 1)
        #expect(pressures.values == [.full])
        #expect(sink.statistics.fullSince != nil)
        #expect(fcntl(writer, F_GETFL) & O_NONBLOCK == 0, "the flag belongs to others, too")

        async let data = readAll(reader)
        try await eventually("relief") { pressures.values == [.full, .open] }
        let report = await sink.drain(within: .seconds(10))
        #expect(report == DrainReport(leftBehindRecords: 0, leftBehindBytes: 0, error: nil, isComplete: true))
        close(writer)
        #expect(try sequences(jsonLines(await data)) == Array(1...sent))
        #expect(sink.statistics.writtenRecords == UInt64(sent))
        #expect(events.count == 2)
    }

    @Test("a reader that goes away ends the sink, even with nothing to write, and SIGPIPE kills nobody")
    func closedReader() async throws {
        for offersFirst in [false, true] {
            let events = Collected<SinkEvent>()
            let (reader, writer) = try makePipe()
            let sink = try StdoutSink(descriptor: writer, onEvent: { events.append($0) })
            if offersFirst {
                _ = sink.offer(batch(1...10_000, padding: 100))
                try await eventually("a full pipe") {
                    var waiting: Int32 = 0
                    return ioctl(reader, UInt(FIONREAD), &waiting) == 0 && waiting > 60_000
                }
            }
            close(reader)
            try await eventually("the end") { events.values == [.failed(errno: EPIPE)] }
            try await eventually("refusal") { sink.offer(batch(1...1)) == .closed }
            let report = await sink.drain(within: .seconds(10))
            #expect(report.error == EPIPE)
            #expect(report.isComplete)
            #expect((report.leftBehindRecords > 0) == offersFirst)
            close(writer)
        }
    }

    @Test("a drain whose reader never reads ends at its limit and counts what is left")
    func drainLimit() async throws {
        let (reader, writer) = try makePipe()
        let sink = try sink(writer)
        _ = sink.offer(batch(1...2000, padding: 1000))
        let start = ContinuousClock.now
        async let other = sink.drain(within: .milliseconds(100))
        let report = await sink.drain(within: .milliseconds(100))
        #expect(ContinuousClock.now - start < .seconds(60))
        #expect(await other == report)
        #expect(report.isComplete)
        #expect(report.error == nil)
        close(writer)
        let data = await readAll(reader)
        let whole = data.count { $0 == UInt8(ascii: "\n") }
        #expect(report.leftBehindRecords == 2000 - whole)
        #expect(sink.statistics.writtenRecords == UInt64(whole))
    }

    @Test("a socket, a terminal and a file take the lines, too")
    func otherDescriptors() async throws {
        var pair: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        try await expectAll(through: pair[0], reader: pair[1])

        let folder = try TemporaryDirectory()
        try folder.write("before\n", to: "out")
        let file = open(folder.file("out"), O_WRONLY | O_CLOEXEC)
        lseek(file, 0, SEEK_END)
        let sink = try sink(file)
        _ = sink.offer(batch(1...3))
        #expect(await sink.drain(within: .seconds(10)).leftBehindRecords == 0)
        #expect(write(file, "after\n", 6) == 6)
        close(file)
        let lines = try #require(folder.text(of: "out")).split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines.first == "before")
        #expect(lines.last == "after")
    }

    @Test("a terminal that is stopped blocks nobody but the sink")
    func terminal() async throws {
        // Linux's own interface: posix_openpt(3) and its kin are not imported.
        let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (locked, number): (Int32, Int32) = (0, 0)
        try #require(master >= 0)
        try #require(ioctl(master, unlock, &locked) == 0)
        try #require(ioctl(master, getNumber, &number) == 0)
        let terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(terminal >= 0)
        var modes = termios()
        tcgetattr(terminal, &modes)
        cfmakeraw(&modes)
        tcsetattr(terminal, TCSANOW, &modes)
        try await expectAll(through: terminal, reader: master)
    }

    /// Fills the descriptor beyond what the kernel holds, then reads, and expects every line.
    private func expectAll(through writer: Int32, reader: Int32) async throws {
        let sink = try sink(writer)
        #expect(sink.offer(batch(1...3000, padding: 300)) == .open)
        async let drained = sink.drain(within: .seconds(20))
        let data = await readAll(reader, lines: 3000)
        #expect(await drained.leftBehindRecords == 0)
        close(writer)
        close(reader)
        #expect(try sequences(jsonLines(data)) == Array(1...3000))
    }

    @Test("without /proc a pipe is written in small pieces, and only when there is room")
    func withoutProc() async throws {
        let (reader, writer) = try makePipe()
        let nowhere = try TemporaryDirectory()
        var output = try DescriptorOutput(descriptor: writer, label: "pipe", descriptors: nowhere.path)
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        var written = 0
        while true {
            let step = bytes[written...].withUnsafeBytes { output.write($0, now: .origin) }
            guard case .wrote(let count) = step else {
                #expect(step == .blocked(descriptor: writer))
                break
            }
            #expect(count <= 4096)
            written += count
        }
        var room = [UInt8](repeating: 0, count: 65_536)
        #expect(read(reader, &room, 4096) == 4096)
        #expect(bytes.withUnsafeBytes { output.write($0, now: .origin) } == .wrote(4096))
        _ = output.close(now: .origin)
        close(reader)
        close(writer)
    }

    @Test("a full device is said once; the sink is full and ends at the drain's limit")
    func devFull() async throws {
        let device = open("/dev/full", O_WRONLY | O_CLOEXEC)
        let sink = try sink(device, watermarks: Watermarks(high: 1, low: 0))
        #expect(sink.offer(batch(1...3)) == .full)
        try await eventually("the event") { events.values.contains(.diskFull(path: "screen", errno: ENOSPC)) }
        let report = await sink.drain(within: .milliseconds(1100))
        #expect(report.leftBehindRecords == 3)
        #expect(report.error == ENOSPC)
        #expect(events.values.filter { if case .diskFull = $0 { true } else { false } }.count == 1)
        close(device)
    }

    @Test("a descriptor that is not open for writing is refused")
    func badDescriptor() throws {
        let (reader, writer) = try makePipe()
        for descriptor in [-1, reader] {
            #expect(throws: SinkError.self) { try sink(descriptor) }
        }
        close(reader)
        close(writer)
    }
}
