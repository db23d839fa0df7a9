import Glibc
import MonotonicTime
import Synchronization
import TestSupport
import Testing

@testable import Transport

/// The loop's turn: work, timers, signals, turn ends.
@Suite("Event loop")
struct EventLoopTests {
    @Test("submitted work runs on the loop's thread, in order, never within the call")
    func submission() async throws {
        try await withLoop { loop in
            let seen = Collected<Int>()
            for number in 0..<1000 {
                loop.submit {
                    seen.append(loop.isOnLoop ? number : -1)
                    if number == 0 { loop.submit { seen.append(1000) } }
                }
            }
            try await eventually("all of it") { seen.count == 1001 }
            #expect(seen.values.filter { $0 != 1000 } == Array(0..<1000))
            let nested = await loop.run {
                var order: [Int] = []
                let inner = Collected<Int>()
                loop.submit { inner.append(2) }
                order.append(inner.count)
                return order
            }
            #expect(nested == [0])
            #expect(!loop.isOnLoop)
        }
    }

    @Test("work that keeps making work does not keep the sockets from their turn")
    func fairness() async throws {
        try await withLoop { loop in
            let listener = try RawListener()
            let stop = Atomic<Bool>(false)
            @Sendable func chain() {
                guard !stop.load(ordering: .relaxed) else { return }
                loop.submit { chain() }
            }
            for _ in 0..<3000 { loop.submit { chain() } }
            let connection = try await Connection.establish(loop, .host("127.0.0.1", port: listener.port))
            let peer = try listener.accept()
            try peer.send([1, 2, 3])
            try await eventually("bytes") { connection.record.byteCount == 3 }
            stop.store(true, ordering: .relaxed)
        }
    }

    @Test("timers fire on the loop in the order of their deadlines, not early, and not when cancelled or dropped")
    func timers() async throws {
        try await withLoop { loop in
            let fired = Collected<(Int, Duration)>()
            let timers = await loop.run {
                let start = loop.now
                var timers: [LoopTimer] = []
                for (index, delay) in [30, 10, 20, 15, 10].enumerated() {
                    let timer = loop.makeTimer { fired.append((index, loop.now - start - .milliseconds(delay))) }
                    timer.arm(at: start + .milliseconds(delay))
                    timers.append(timer)
                }
                timers[3].cancel()
                let dropped = loop.makeTimer { fired.append((99, .zero)) }
                dropped.arm(at: start + .milliseconds(5))
                #expect(timers[0].isArmed && !timers[3].isArmed && dropped.isArmed)
                return LoopBound(timers, to: loop)
            }
            try await eventually("four timers") { fired.count == 4 }
            #expect(fired.values.map(\.0) == [1, 4, 2, 0])
            #expect(fired.values.allSatisfy { $0.1 >= .zero })
            await loop.run { #expect(timers.value.allSatisfy { !$0.isArmed }) }
        }
    }

    @Test("a timer that an earlier one of the same moment cancels does not fire; one can arm itself again")
    func timersAmongThemselves() async throws {
        try await withLoop { loop in
            let fired = Collected<String>()
            let timers = await loop.run {
                let deadline = loop.now + .milliseconds(5)
                let second = loop.makeTimer { fired.append("second") }
                var again: LoopTimer?
                var left = 3
                let third = loop.makeTimer {
                    fired.append("third")
                    left -= 1
                    // The timer and its closure hold each other until the cycle is broken here.
                    if left > 0 { again?.arm(at: .origin) } else { again = nil }
                }
                again = third
                let first = loop.makeTimer {
                    fired.append("first")
                    second.cancel()
                    third.arm(at: .origin)
                }
                first.arm(at: deadline)
                second.arm(at: deadline)
                let last = loop.makeTimer { fired.append("last") }
                last.arm(at: deadline + .milliseconds(30))
                return LoopBound([first, last], to: loop)
            }
            try await eventually("the last timer") { fired.values.last == "last" }
            #expect(fired.values == ["first", "third", "third", "third", "last"])
            withExtendedLifetime(timers) {}
        }
    }

    @Test("a timer that is dropped on another thread does not fire")
    func droppedElsewhere() async throws {
        try await withLoop { loop in
            let seen = Collected<String>()
            @Sendable func timer(_ name: String, after delay: Duration) async -> LoopBound<LoopTimer> {
                await loop.run {
                    let timer = loop.makeTimer { seen.append(name) }
                    timer.arm(at: loop.now + delay)
                    return LoopBound(timer, to: loop)
                }
            }
            _ = await timer("dropped", after: .milliseconds(100))
            await loop.run { seen.append("drop") }
            let kept = await timer("kept", after: .milliseconds(150))
            try await eventually("the kept timer") { seen.values.contains("kept") }
            // On a slow machine it may have fired before it was dropped, but not after.
            #expect(seen.values.drop { $0 != "drop" } == ["drop", "kept"])
            withExtendedLifetime(kept) {}
        }
    }

    @Test("turn-end handlers are called once, after the turn's work; one that registers again has the next turn")
    func turnEnds() async throws {
        final class Handler: TurnEndHandler {
            let seen: Collected<String>
            let loop: EventLoop
            var again = 2
            init(_ loop: EventLoop, _ seen: Collected<String>) {
                self.loop = loop
                self.seen = seen
            }
            func turnEnded() {
                seen.append("end")
                if again > 0 {
                    again -= 1
                    loop.atEndOfTurn(self)
                }
            }
        }
        try await withLoop { loop in
            let seen = Collected<String>()
            await loop.run {
                loop.atEndOfTurn(Handler(loop, seen))
                loop.submit { seen.append("work") }
                seen.append("registered")
            }
            try await eventually("three ends") { seen.count == 5 }
            #expect(seen.values == ["registered", "work", "end", "end", "end"])
        }
    }

    @Test("signals reach the loop, and the process again once the watch is cancelled")
    func signals() async throws {
        try await withLoop { loop in
            let seen = Collected<Int32>()
            let watch = try loop.onSignal([SIGUSR2, SIGWINCH]) { signal in
                seen.append(loop.isOnLoop ? signal : -1)
            }
            kill(getpid(), SIGUSR2)
            try await eventually("SIGUSR2") { seen.values == [SIGUSR2] }
            kill(getpid(), SIGWINCH)
            try await eventually("SIGWINCH") { seen.values == [SIGUSR2, SIGWINCH] }
            watch.cancel()
            watch.cancel()
            await loop.run {}
            kill(getpid(), SIGWINCH)
            await loop.run {}
            #expect(seen.count == 2)
            #expect(throws: EventLoopError.self) { try loop.onSignal([SIGKILL]) { _ in } }
        }
    }

    @Test("random masks do not repeat")
    func masks() async throws {
        try await withLoop { loop in
            let masks = await loop.run { (0..<5000).map { _ in loop.randomMask() } }
            // Among 5,000 numbers of 32 bits, three of a kind would be a miracle.
            #expect(Set(masks).count > 4990)
        }
    }

    @Test("the process ignores SIGPIPE and the limit of open files is never lowered")
    func process() async throws {
        try await withLoop { _ in
            var action = sigaction()
            sigaction(SIGPIPE, nil, &action)
            #expect(
                unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
                    == unsafeBitCast(SIG_IGN, to: Int.self)
            )
            let before = getdtablesize()
            #expect(EventLoop.raiseDescriptorLimit(to: 1) == Int(before))
        }
    }
}
