import MonotonicTime
import Testing

@testable import HawserHTTP

@Suite("Deadlines of an exchange")
struct ExchangeDeadlinesTests {
    private let timeouts = HTTPTimeouts(
        connect: .seconds(5),
        read: .seconds(10),
        write: .seconds(20),
        pool: .seconds(3),
        total: .seconds(100)
    )

    private func at(_ seconds: Int) -> Instant { Instant.origin + .seconds(seconds) }

    @Test("each phase has its own, counted from its last progress; the end of the whole call cuts it")
    func phases() {
        var deadlines = ExchangeDeadlines(timeouts, end: at(100), hasContent: true, now: at(0))
        func expect(_ stage: HTTPTimeouts.Stage, _ second: Int) {
            #expect(deadlines.next?.stage == stage && deadlines.next?.deadline == at(second))
        }
        expect(.pool, 3)
        deadlines.granted(now: at(2))
        expect(.connect, 7)
        deadlines.connected(now: at(4))
        expect(.write, 24)
        deadlines.sent(now: at(10))
        expect(.write, 30)
        deadlines.starved()
        expect(.total, 100)
        deadlines.sent(now: at(50))
        expect(.write, 70)
        deadlines.sentAll(now: at(60))
        expect(.read, 70)
        deadlines.received(now: at(65))
        expect(.read, 75)
        deadlines.held(true, now: at(66))
        expect(.total, 100)
        deadlines.held(false, now: at(80))
        expect(.read, 90)
        deadlines.received(now: at(95))
        expect(.total, 100)
    }

    @Test("without content the answer is awaited at once, and without limits nothing expires")
    func plain() {
        var deadlines = ExchangeDeadlines(timeouts, end: nil, hasContent: false, now: at(0))
        deadlines.granted(now: at(0))
        deadlines.connected(now: at(1))
        #expect(deadlines.next?.stage == .read)
        var unlimited = ExchangeDeadlines(.none, end: nil, hasContent: true, now: at(0))
        #expect(unlimited.next == nil)
        unlimited.granted(now: at(0))
        #expect(unlimited.next == nil)
    }
}
