import ConnectionLifecycle
import MonotonicTime
import Testing

/// What ends a row of failures, and what does not.
@Suite("SubscriptionMachine: delays")
struct SubscriptionMachineDelayTests {
    @Test("a session that stayed open without a message is no success: the delays grow")
    func resetNeedsMessage() {
        var subscription = Subscription.inSession()
        for delay in [1, 2, 4, 8] {
            let idle = SessionEnd(outcome: .peerVanished, stage: .open, uptime: .seconds(60))
            #expect(subscription.fail(idle)?.delay == .seconds(delay))
            subscription.redial()
            _ = subscription.on(.sessionOpened(session: subscription.machine.sessions))
        }
    }

    @Test("a session that stayed open proves its credentials, also without a message")
    func credentialsProved() {
        var subscription = Subscription.inSession(open: false)
        let denied = SessionEnd(outcome: .rejected, stage: .upgrading, status: 401)
        _ = subscription.fail(denied)
        subscription.redial()
        _ = subscription.on(.sessionOpened(session: 2))
        let expired = SessionEnd(outcome: .peerClosed, stage: .open, closeCode: 1000, uptime: .seconds(60))
        _ = subscription.fail(expired)
        subscription.redial()
        #expect(subscription.fail(denied)?.delay == .seconds(4), "the pace of the backoff, not the lane of 60 s")
    }

    @Test("a fixed delay is waited for, and never shorter than the backoff")
    func fixedDelay() {
        var table = DispositionTable()
        table[.closeCode(4008)] = .after(.seconds(3))
        var subscription = Subscription.inSession(dispositions: table)
        let full = SessionEnd(outcome: .peerClosed, stage: .open, closeCode: 4008)
        for delay in [3, 3, 4, 8] {
            #expect(subscription.fail(full)?.delay == .seconds(delay))
            subscription.redial()
            _ = subscription.on(.sessionOpened(session: subscription.machine.sessions))
        }
    }
}
