import MonotonicTime
import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Sink queue")
struct SinkQueueTests {
    private let clock = ManualClock()
    private let told = Collected<String>()

    private func queue(high: Int, low: Int) throws -> SinkQueue {
        let queue = try SinkQueue(
            watermarks: Watermarks(high: high, low: low),
            clock: clock.clock,
            onEvent: { [told] in told.append("\($0)") }
        )
        queue.onPressureChange { [told] in told.append("\($0)") }
        return queue
    }

    @Test("other watermarks hold at once: a full queue that is at the new low one is open")
    func otherWatermarks() throws {
        let batch = batch(1...10)
        let size = batch.byteCount
        let queue = try queue(high: size * 2, low: 0)
        _ = queue.offer(batch)
        #expect(queue.offer(batch) == .full)
        queue.setWatermarks(Watermarks(high: size * 3, low: size))
        #expect(queue.statistics.fullSince != nil)
        queue.setWatermarks(Watermarks(high: size * 4, low: size * 2))
        #expect(queue.statistics.fullSince == nil)
        #expect(told.values.suffix(1) == ["open"])
        #expect(queue.offer(batch) == .open)
        queue.setWatermarks(Watermarks(high: size, low: 0))
        #expect(queue.offer(batch) == .full)
    }

    @Test("full at the high watermark, open again at the low one, told once each and in order")
    func hysteresis() throws {
        let batch = batch(1...10)
        let size = batch.byteCount
        let queue = try queue(high: size * 3, low: size)
        #expect(queue.offer(batch) == .open)
        #expect(queue.offer(batch) == .open)
        #expect(queue.offer(batch) == .full)
        #expect(queue.offer(batch) == .full)
        #expect(queue.statistics.fullSince == clock.now)
        clock.advance(by: .seconds(7))
        for left in [3, 2] {
            #expect(queue.take() === batch)
            queue.confirm(records: 10, queuedBytes: size, writtenBytes: 1)
            #expect(queue.statistics.queuedBytes == left * size)
            #expect(queue.statistics.fullSince != nil)
        }
        #expect(told.values == ["blocked(queuedBytes: \(size * 3))", "full"])
        queue.confirm(records: 10, queuedBytes: size, writtenBytes: 1)
        #expect(queue.statistics.fullSince == nil)
        #expect(told.values.suffix(2) == ["resumed(after: 7.0 seconds)", "open"])
        #expect(queue.offer(batch) == .open)
        #expect(told.count == 4)
    }

    @Test("after a drain began, and after the end, batches are refused and counted")
    func refusal() throws {
        let queue = try queue(high: 1 << 20, low: 0)
        #expect(queue.offer(batch(1...2)) == .open)
        #expect(queue.beginDrain(until: clock.now + .seconds(1)))
        #expect(!queue.beginDrain(until: clock.now + .seconds(9)))
        #expect(queue.drainDeadline == clock.now + .seconds(1))
        #expect(queue.offer(batch(3...5)) == .closed)
        queue.close(failure: 32)
        #expect(queue.offer(batch(6...6)) == .closed)
        #expect(queue.statistics.refusedRecords == 4)
        #expect(queue.statistics.queuedRecords == 2)
        #expect(told.values == ["failed(errno: 32)", "closed"])
    }

    @Test("watermarks that make no sense are brought into order")
    func watermarks() {
        #expect(Watermarks(high: -1, low: -2) == Watermarks(high: 1, low: 0))
        #expect(Watermarks(high: 10, low: 20).low == 10)
    }

    @Test("a handler may offer from inside its call")
    func reentrance() throws {
        let batch = batch(1...1)
        let queue = try queue(high: batch.byteCount * 2, low: 0)
        queue.onPressureChange { [told, weak queue] pressure in
            if pressure == .full, let queue { told.append("inside: \(queue.offer(batch))") }
        }
        _ = queue.offer(batch)
        #expect(queue.offer(batch) == .full)
        #expect(told.values.suffix(2) == ["full", "inside: full"])
    }

    @Test("many batches come out as they went in")
    func order() throws {
        let queue = try queue(high: .max, low: 0)
        var taken = 0
        for number in 1...5000 {
            _ = queue.offer(batch(number...number))
            if number % 3 == 0, let batch = queue.take() {
                taken += 1
                batch.forEach { #expect($0.sequence == UInt64(taken)) }
            }
        }
        while let batch = queue.take() {
            taken += 1
            batch.forEach { #expect($0.sequence == UInt64(taken)) }
        }
        #expect(taken == 5000)
    }
}
