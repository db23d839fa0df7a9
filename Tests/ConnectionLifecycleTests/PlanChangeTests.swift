import ConnectionLifecycle
import MonotonicTime
import Testing

/// A new plan for a subscription, in each of its states.
@Suite("SubscriptionMachine: a new plan")
struct PlanChangeTests {
    private let refused = SessionEnd(outcome: .dialFailed, stage: .connecting, fault: .network)
    private let reloaded = SessionEnd(outcome: .reloaded, stage: .open)
    private let policy = Backoff.Policy(first: .seconds(3), jitter: .none)

    @Test("a session is closed, and the next one has the next number")
    func session() {
        var subscription = Subscription.inSession()
        #expect(subscription.on(.planChanged(policy, keepsSession: false)) == [.closeSession(.reloaded)])
        #expect(subscription.on(.planChanged(policy, keepsSession: false)) == [], "it is being closed")
        #expect(subscription.on(.sessionEnded(session: 1, reloaded)) == [.releasePermit, .requestPermit])
        _ = subscription.on(.permitGranted)
        #expect(subscription.on(.dialReleased) == [.startSession(number: 2)])
        #expect(subscription.fail(refused)?.delay == .seconds(3), "by the new backoff")
    }

    @Test("a session that may go on does, unless it is not open yet")
    func kept() {
        var open = Subscription.inSession()
        #expect(open.on(.planChanged(policy, keepsSession: true)) == [])
        #expect(open.fail(SessionEnd(outcome: .reset, stage: .open))?.delay == .seconds(3))
        var dialing = Subscription.inSession(open: false)
        #expect(dialing.on(.planChanged(policy, keepsSession: true)) == [.closeSession(.reloaded)])
        #expect(
            dialing.on(.sessionEnded(session: 1, reloaded)) == [.endDial(.abandoned), .releasePermit, .requestPermit]
        )
    }

    @Test("who waits queues anew: the limits may count another host", arguments: [false, true])
    func waiting(keepsSession: Bool) {
        let event = SubscriptionEvent.planChanged(policy, keepsSession: keepsSession)
        var waiting = Subscription()
        _ = waiting.on(.started)
        #expect(waiting.on(event) == [.withdrawRequest, .requestPermit])
        _ = waiting.on(.permitGranted)
        #expect(waiting.on(event) == [.withdrawDial, .releasePermit, .requestPermit])
        #expect(!waiting.machine.holdsPermit)
    }

    @Test("a backoff ends at once, and what had failed before does not count")
    func backingOff() {
        var subscription = Subscription.inSession(open: false)
        _ = subscription.fail(SessionEnd(outcome: .rejected, stage: .upgrading, status: 404))
        #expect(subscription.machine.isUnhealthy)
        #expect(subscription.on(.planChanged(policy, keepsSession: true)) == [.requestPermit])
        #expect(!subscription.machine.isUnhealthy && subscription.machine.failures == 0)
    }

    @Test("paused, not started, being stopped or stopped: it stays so")
    func atRest() {
        var fresh = Subscription()
        #expect(fresh.on(.planChanged(policy, keepsSession: false)) == [])
        #expect(fresh.machine.state == .idle)
        var paused = Subscription.inSession()
        _ = paused.on(.pauseRequested)
        #expect(paused.on(.planChanged(policy, keepsSession: false)) == [])
        _ = paused.on(.sessionEnded(session: 1, reloaded))
        #expect(paused.on(.planChanged(policy, keepsSession: false)) == [])
        #expect(paused.machine.state == .paused)
        var stopping = Subscription.inSession()
        _ = stopping.on(.stopRequested(.shutdown))
        #expect(stopping.on(.planChanged(policy, keepsSession: false)) == [])
        #expect(stopping.on(.sessionEnded(session: 1, reloaded)) == [.releasePermit, .stopped])
        #expect(stopping.on(.planChanged(policy, keepsSession: false)) == [])
    }

    @Test("one that had sessions before begins above their numbers")
    func numbers() {
        var machine = SubscriptionMachine(sessions: 7)
        var generator = SplitMix64(seed: 1)
        _ = machine.handle(.started, now: at(0), using: &generator)
        _ = machine.handle(.permitGranted, now: at(0), using: &generator)
        #expect(machine.handle(.dialReleased, now: at(0), using: &generator) == [.startSession(number: 8)])
    }
}
