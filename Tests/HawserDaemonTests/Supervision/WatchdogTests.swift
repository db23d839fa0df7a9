import Dispatch
import Glibc
import Logging
import MonotonicTime
import TestSupport
import Testing
import Transport

@testable import HawserDaemon

@Suite("Watchdog")
struct WatchdogTests {
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test("the loops are alive while each gave a sign within half the time, and stuck after three quarters of it")
    func policy() {
        var policy = WatchdogPolicy(timeout: .seconds(8), loops: 2, now: start)
        #expect(policy.period == .seconds(2))
        #expect(policy.verdict(start + .milliseconds(3_999)) == .alive)
        #expect(policy.verdict(start + .seconds(4)) == .late)
        policy.turned(0, now: start + .seconds(4))
        #expect(policy.verdict(start + .seconds(4)) == .late)
        #expect(policy.verdict(start + .seconds(6)) == .stuck(1))
        policy.turned(1, now: start + .seconds(6))
        #expect(policy.verdict(start + .seconds(6)) == .alive)
        policy.turned(7, now: start + .seconds(6))
        #expect(policy.verdict(start + .seconds(10)) == .stuck(0))
    }

    @Test("after a standstill of the whole process the loops get time anew")
    func standstill() {
        var policy = WatchdogPolicy(timeout: .seconds(8), loops: 1, now: start)
        #expect(policy.check(start + .seconds(2)) == .alive)
        #expect(policy.check(start + .seconds(60)) == .alive)
        #expect(policy.check(start + .seconds(62)) == .alive)
        #expect(policy.check(start + .seconds(64)) == .late)
        #expect(policy.check(start + .seconds(66)) == .stuck(0))
    }

    @Test("it watches only if systemd asks this process to")
    func environment() {
        #expect(Watchdog.timeout(in: [:]) == nil)
        #expect(Watchdog.timeout(in: ["WATCHDOG_USEC": "3000000"]) == .seconds(3))
        #expect(Watchdog.timeout(in: ["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "\(getpid())"]) == .seconds(3))
        #expect(Watchdog.timeout(in: ["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"]) == nil)
        for nonsense in ["0", "-5", "x", "", "99999999999999999999"] {
            #expect(Watchdog.timeout(in: ["WATCHDOG_USEC": nonsense]) == nil)
        }
        #expect(Watchdog.timeout(in: ["WATCHDOG_USEC": "1"]) == .milliseconds(100))
    }

    @Test(
        "signs come while all loops turn, none while the second is held, and then one call for help",
        .timeLimit(.minutes(1))
    )
    func heldLoop() async throws {
        let loops = [try EventLoop(), try EventLoop()]
        let sent = Collected<ServiceNotification.Message>()
        let logger = EventLogger(Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let watchdog = Watchdog(loops, timeout: .seconds(4), logger: logger) { sent.append($0) }
        let running = Task { await watchdog.run() }
        try await eventually("three signs of life") { sent.values.count { $0 == .watchdog } >= 3 }
        #expect(!sent.values.contains(.watchdogTrigger))
        let release = DispatchSemaphore(value: 0)
        loops[1].submit { release.wait() }
        try await eventually("a call for help") { sent.values.contains(.watchdogTrigger) }
        let signs = sent.values.count
        release.signal()
        try await eventually("signs again") { sent.values.count > signs }
        #expect(sent.values.count { $0 == .watchdogTrigger } == 1)
        running.cancel()
        await running.value
        for loop in loops { await loop.shutdown() }
    }
}
