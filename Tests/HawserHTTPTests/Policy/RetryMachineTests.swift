import TestSupport
import Testing

@testable import HawserHTTP

@Suite("Retries")
struct RetryMachineTests {
    private var generator = SeededGenerator("retries")

    @Test("1, 2, 4 seconds, spread by a quarter, and no attempt beyond the limit")
    mutating func curve() {
        for _ in 0..<200 {
            var machine = RetryMachine(RetryPolicy(attempts: 4), method: .get, isReplayable: true)
            for base in [1.0, 2, 4] {
                let next = machine.ended(.failed(.connect), left: nil, using: &generator)
                let seconds = next.map {
                    Double($0.delay.components.seconds) + Double($0.delay.components.attoseconds) / 1e18
                }
                #expect((base * 0.75...base * 1.25).contains(seconds ?? -1), "seed \(generator.seed)")
                #expect(next?.cause == .connect)
            }
            #expect(machine.ended(.failed(.connect), left: nil, using: &generator) == nil)
            #expect(machine.attempts == 4)
        }
    }

    @Test("only what is idempotent is repeated, unless the policy says any, and only what can be sent again")
    mutating func methods() {
        var any = RetryPolicy()
        any.anyMethod = true
        for (method, policy, replayable, repeats) in [
            (HTTPMethod.get, RetryPolicy(), true, true), (.put, RetryPolicy(), true, true),
            (.delete, RetryPolicy(), true, true), (.post, RetryPolicy(), true, false),
            (.patch, RetryPolicy(), true, false), (.post, any, true, true), (.post, any, false, false),
            (.put, RetryPolicy(), false, false), (.get, .never, true, false),
        ] {
            var machine = RetryMachine(policy, method: method, isReplayable: replayable)
            let next = machine.ended(.failed(.lost), left: nil, using: &generator)
            #expect((next != nil) == repeats, "\(method), replayable \(replayable)")
        }
    }

    @Test("statuses of the list are repeated; Retry-After is obeyed, and one that is too long is not waited for")
    mutating func statuses() {
        for (status, after, expected) in [
            (503, nil, 0.75...1.25), (429, Duration.seconds(7), 7.0...7.0), (429, .milliseconds(1), 0.75...1.25),
        ] as [(Int, Duration?, ClosedRange<Double>)] {
            var machine = RetryMachine(RetryPolicy(), method: .get, isReplayable: true)
            let next = machine.ended(.answered(status, retryAfter: after), left: nil, using: &generator)
            #expect(next?.cause == .status)
            let seconds = next.map { $0.delay / .seconds(1) } ?? -1
            #expect(expected.contains(seconds), "\(status) \(seconds)")
        }
        for (status, after) in [(200, nil), (404, nil), (501, nil), (503, Duration.seconds(901))] {
            var machine = RetryMachine(RetryPolicy(), method: .get, isReplayable: true)
            #expect(machine.ended(.answered(status, retryAfter: after), left: nil, using: &generator) == nil)
        }
    }

    @Test("an attempt for which no time would be left is not waited for")
    mutating func timeLeft() {
        var machine = RetryMachine(RetryPolicy(jitter: .none), method: .get, isReplayable: true)
        #expect(machine.ended(.failed(.timeout), left: .seconds(2), using: &generator)?.delay == .seconds(1))
        #expect(machine.ended(.failed(.timeout), left: .seconds(2), using: &generator) == nil)
    }
}
