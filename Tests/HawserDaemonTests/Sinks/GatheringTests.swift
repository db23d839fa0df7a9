import Glibc
import Locking
import MonotonicTime
import TestSupport
import Testing

@testable import HawserDaemon

/// A sink's thread that gathers after a write.
@Suite("Gathering")
struct GatheringTests {
    /// Counts what is written, and gathers for a time of its own.
    private struct CountingOutput: SinkOutput {
        let writes: Collected<Int>
        let gatheringTime: Duration
        var label: String { "counted" }
        var watchedDescriptor: Int32? { nil }

        mutating func write(_ lines: UnsafeRawBufferPointer, now: Instant) -> WriteStep {
            writes.append(lines.count { $0 == UInt8(ascii: "\n") })
            return .wrote(lines.count)
        }
        mutating func commit(now: Instant) -> Int32 { 0 }
        mutating func maintain(now: Instant) {}
        func nextDeadline(now: Instant) -> Instant? { nil }
        mutating func close(now: Instant) -> Int32 { 0 }
    }

    /// How many records each write had of twenty that came two milliseconds apart.
    private func writes(gathering time: Duration) async throws -> [Int] {
        let writes = Collected<Int>()
        let queue = try SinkQueue(watermarks: Watermarks(), clock: .system) { _ in }
        let output = CountingOutput(writes: writes, gatheringTime: time)
        let sink = try QueuedSink(name: "counted", queue: queue, output: output, retryInterval: .seconds(1))
        for number in 1...20 {
            _ = queue.offer(batch(number...number))
            if number == 1 { try await eventually("the first is written") { writes.count == 1 } }
            try await Task.sleep(for: .milliseconds(2))
        }
        let report = await sink.drain(within: .seconds(20))
        #expect(report.isComplete && report.leftBehindRecords == 0)
        return writes.values
    }

    @Test("the first record is written at once, those behind it together when the time is over or at the end")
    func gathered() async throws {
        let writes = try await writes(gathering: .seconds(3_600))
        #expect(writes.first == 1)
        #expect(writes.reduce(0, +) == 20)
        #expect(writes.count <= 4, "\(writes)")
    }

    @Test("without gathering each is written as it comes")
    func immediate() async throws {
        let writes = try await writes(gathering: .zero)
        #expect(writes.reduce(0, +) == 20)
        #expect(writes.count > 4, "\(writes)")
    }

    @Test("a queue that is full is written at once, whatever time there is left to gather")
    func fullQueue() async throws {
        let writes = Collected<Int>()
        let queue = try SinkQueue(watermarks: Watermarks(high: 4096, low: 1024), clock: .system) { _ in }
        let output = CountingOutput(writes: writes, gatheringTime: .seconds(3_600))
        let sink = try QueuedSink(name: "counted", queue: queue, output: output, retryInterval: .seconds(1))
        let pressures = Collected<SinkPressure>()
        queue.onPressureChange { pressures.append($0) }
        _ = queue.offer(batch(1...1))
        try await eventually("the first is written") { writes.count == 1 }
        #expect(queue.offer(batch(2...20, padding: 1_000)) == .full)
        try await eventually("the feeds may go on") { pressures.values == [.full, .open] }
        #expect(writes.values == [1, 19])
        _ = await sink.drain(within: .seconds(20))
    }
}
