import ConnectionLifecycle
import MonotonicTime
import Testing

@Suite("KeepAlive")
struct KeepAliveTests {
    private func opened(every: Double = 20, timeout: Double = 10) -> KeepAlive {
        var keepAlive = KeepAlive(.ping(every: .seconds(every), timeout: .seconds(timeout)))
        keepAlive.opened(now: at(0))
        return keepAlive
    }

    @Test("off: nothing is ever due")
    func off() {
        var keepAlive = KeepAlive(.off)
        keepAlive.opened(now: at(0))
        #expect(keepAlive.nextDeadline == nil)
        #expect(keepAlive.due(now: at(1e6)) == nil)
    }

    @Test("a ping every 20 s, and a pong gives the round trip")
    func cadence() {
        var keepAlive = opened()
        #expect(keepAlive.nextDeadline == at(20))
        #expect(keepAlive.due(now: at(19.999)) == nil)
        #expect(keepAlive.due(now: at(20)) == .sendPing(id: 1))
        #expect(keepAlive.due(now: at(20)) == nil)
        #expect(keepAlive.nextDeadline == at(30))
        #expect(keepAlive.pongReceived(id: 1, now: at(20.02)) == .milliseconds(20))
        #expect(keepAlive.nextDeadline == at(40))
        #expect(keepAlive.due(now: at(40)) == .sendPing(id: 2))
    }

    @Test("a silent peer times out exactly after every + timeout, once")
    func silence() {
        var keepAlive = opened()
        #expect(keepAlive.due(now: at(20)) == .sendPing(id: 1))
        #expect(keepAlive.due(now: at(29.999)) == nil)
        #expect(keepAlive.due(now: at(30)) == .timedOut)
        #expect(keepAlive.due(now: at(30)) == nil)
        #expect(keepAlive.nextDeadline == nil)
    }

    @Test("bytes extend the wait for the pong, at most to three times the timeout")
    func bytesExtend() {
        var keepAlive = opened(every: 100)
        #expect(keepAlive.due(now: at(100)) == .sendPing(id: 1))
        keepAlive.bytesReceived(now: at(105))
        #expect(keepAlive.due(now: at(110)) == nil)
        #expect(keepAlive.nextDeadline == at(115))
        for second in 105...129 { keepAlive.bytesReceived(now: at(Double(second))) }
        #expect(keepAlive.due(now: at(115)) == nil)
        #expect(keepAlive.nextDeadline == at(130))
        keepAlive.bytesReceived(now: at(129.9))
        #expect(keepAlive.due(now: at(130)) == .timedOut)
    }

    @Test("bytes that stop: the wait ends a timeout after the last")
    func bytesStop() {
        var keepAlive = opened(every: 100)
        _ = keepAlive.due(now: at(100))
        keepAlive.bytesReceived(now: at(104))
        #expect(keepAlive.due(now: at(110)) == nil)
        #expect(keepAlive.due(now: at(114)) == .timedOut)
    }

    @Test("late, early, unsolicited and foreign pongs are ignored")
    func foreignPongs() {
        var keepAlive = opened()
        #expect(keepAlive.pongReceived(id: 1, now: at(1)) == nil)
        _ = keepAlive.due(now: at(20))
        #expect(keepAlive.pongReceived(id: nil, now: at(21)) == nil)
        #expect(keepAlive.pongReceived(id: 2, now: at(21)) == nil)
        #expect(keepAlive.pongReceived(id: 0, now: at(21)) == nil)
        #expect(keepAlive.nextDeadline == at(30))
        #expect(keepAlive.pongReceived(id: 1, now: at(22)) == .seconds(2))
        _ = keepAlive.due(now: at(40))
        #expect(keepAlive.pongReceived(id: 1, now: at(41)) == nil)
        #expect(keepAlive.due(now: at(50)) == .timedOut)
    }

    @Test("with more than one ping out, a pong for an older one restarts the wait, for the newest ends it")
    func severalPings() {
        var keepAlive = opened(every: 2, timeout: 5)
        #expect(keepAlive.due(now: at(2)) == .sendPing(id: 1))
        #expect(keepAlive.due(now: at(4)) == .sendPing(id: 2))
        #expect(keepAlive.due(now: at(6)) == .sendPing(id: 3))
        #expect(keepAlive.pongReceived(id: 1, now: at(6.5)) == nil)
        #expect(keepAlive.due(now: at(8)) == .sendPing(id: 4))
        #expect(keepAlive.due(now: at(10)) == .sendPing(id: 5))
        #expect(keepAlive.due(now: at(11.4)) == nil)
        #expect(keepAlive.pongReceived(id: 5, now: at(11.4)) == .milliseconds(1400))
        #expect(keepAlive.nextDeadline == at(12))
        #expect(keepAlive.due(now: at(12)) == .sendPing(id: 6))
        #expect(keepAlive.due(now: at(14)) == .sendPing(id: 7))
        #expect(keepAlive.due(now: at(16)) == .sendPing(id: 8))
        #expect(keepAlive.due(now: at(17)) == .timedOut)
    }

    @Test("while reading is paused pings go on and no pong is awaited; afterwards the wait is complete again")
    func paused() {
        var keepAlive = opened()
        _ = keepAlive.due(now: at(20))
        keepAlive.readingPaused(now: at(25))
        #expect(keepAlive.nextDeadline == at(40))
        #expect(keepAlive.due(now: at(35)) == nil)
        #expect(keepAlive.due(now: at(40)) == .sendPing(id: 2))
        #expect(keepAlive.due(now: at(60)) == .sendPing(id: 3))
        keepAlive.readingResumed(now: at(70))
        #expect(keepAlive.nextDeadline == at(80))
        #expect(keepAlive.due(now: at(79)) == nil)
        #expect(keepAlive.pongReceived(id: 3, now: at(79)) == nil, "a round trip that includes a pause says nothing")
        #expect(keepAlive.due(now: at(80)) == .sendPing(id: 4))
        #expect(keepAlive.due(now: at(90)) == .timedOut)
    }

    @Test("pauses cannot extend the wait for ever: three timeouts of unpaused time")
    func flappingPause() {
        var keepAlive = opened(every: 1000)
        _ = keepAlive.due(now: at(1000))
        var now = 1000.0
        var unpaused = 0.0
        while unpaused < 100 {
            keepAlive.readingPaused(now: at(now))
            now += 50
            keepAlive.readingResumed(now: at(now))
            now += 5
            unpaused += 5
            if keepAlive.due(now: at(now)) == .timedOut { break }
        }
        #expect(unpaused == 30)
    }

    @Test("a pause that begins before the ping suspends its wait only from the ping on")
    func pingDuringPause() {
        var keepAlive = opened()
        keepAlive.readingPaused(now: at(10))
        _ = keepAlive.due(now: at(20))
        keepAlive.readingResumed(now: at(21))
        for second in 21...50 { keepAlive.bytesReceived(now: at(Double(second))) }
        #expect(keepAlive.due(now: at(31)) == nil)
        #expect(keepAlive.due(now: at(40)) == .sendPing(id: 2))
        #expect(keepAlive.due(now: at(51)) == .timedOut, "20 + 3 * 10 + 1 s of pause")
    }

    @Test("a deadline seen long after it passed is granted once more: this process stood still, not the peer")
    func stalledProcess() {
        var keepAlive = opened(every: 100)
        _ = keepAlive.due(now: at(100))
        #expect(keepAlive.due(now: at(180)) == .none)
        #expect(keepAlive.nextDeadline == at(190))
        var answered = keepAlive
        #expect(answered.pongReceived(id: 1, now: at(180.1)) != nil)
        #expect(keepAlive.due(now: at(250)) == .timedOut, "but only once")
    }

    @Test(
        "before it is opened and after it timed out nothing is due, and events are harmless",
        arguments: [true, false]
    )
    func inactive(timedOut: Bool) {
        var keepAlive = timedOut ? opened() : KeepAlive(.standard)
        if timedOut {
            _ = keepAlive.due(now: at(20))
            #expect(keepAlive.due(now: at(30)) == .timedOut)
        }
        keepAlive.readingPaused(now: at(31))
        keepAlive.readingResumed(now: at(32))
        keepAlive.bytesReceived(now: at(33))
        #expect(keepAlive.pongReceived(id: 1, now: at(34)) == nil)
        #expect(keepAlive.nextDeadline == nil)
        #expect(keepAlive.due(now: at(1000)) == nil)
    }

    @Test("an interval of zero cannot spin")
    func zeroInterval() {
        var keepAlive = opened(every: 0, timeout: 10)
        #expect(keepAlive.due(now: at(1)) == .sendPing(id: 1))
        #expect(keepAlive.due(now: at(1)) == nil)
    }
}
