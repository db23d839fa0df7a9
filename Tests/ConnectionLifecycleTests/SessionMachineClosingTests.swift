import ConnectionLifecycle
import MonotonicTime
import Testing

@Suite("SessionMachine: open and closing")
struct SessionMachineClosingTests {
    private func ended(_ actions: [SessionAction]) -> SessionEnd? {
        if case .ended(let end) = actions.last { end } else { nil }
    }

    @Test("the peer closes: its code is echoed, the end of its TCP connection awaited")
    func peerCloses() {
        var session = Session.inState(.open)
        #expect(
            session.on(.closeReceived(code: 1012, reason: "restart"), 7) == [.sendClose(code: 1012, reason: "")]
        )
        #expect(session.machine.nextDeadline == at(9))
        let end = SessionEnd(
            outcome: .peerClosed,
            stage: .open,
            closeCode: 1012,
            closeReason: "restart",
            uptime: .seconds(7),
            wasClean: true
        )
        #expect(session.on(.transportEnded(.eof), 7.1) == [.ended(end)])
    }

    @Test("the peer closes and leaves TCP standing: aborted after the close timeout, the outcome stays")
    func peerClosesWithoutEnd() {
        var session = Session.inState(.open)
        _ = session.on(.closeReceived(code: 1000, reason: ""), 1)
        #expect(session.on(.deadlineReached, 3) == [.abortTransport])
        let end = ended(session.on(.transportEnded(.aborted), 3))
        #expect(end?.outcome == .peerClosed)
        #expect(end?.wasClean == true)
    }

    @Test("the peer closes and resets: still an orderly end", arguments: [TransportEnd.reset, .tls, .failed])
    func peerClosesAndResets(how: TransportEnd) {
        var session = Session.inState(.open)
        _ = session.on(.closeReceived(code: 1000, reason: ""), 1)
        #expect(ended(session.on(.transportEnded(how), 1))?.outcome == .peerClosed)
    }

    @Test(
        "codes that never stand in a Close frame are answered without one",
        arguments: [
            1004, 1005, 1006, 1015, 0, 999, 1016, 2999, 5000,
        ] as [UInt16]
    )
    func unsendableCodes(code: UInt16) {
        var session = Session.inState(.open)
        #expect(session.on(.closeReceived(code: code, reason: "")) == [.sendClose(code: nil, reason: "")])
    }

    @Test("a peer that says we broke the protocol: protocol_error; other codes: peer_closed")
    func peersVerdict() {
        for code in [1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1011, 1014, 4000] as [UInt16] {
            var session = Session.inState(.open)
            _ = session.on(.closeReceived(code: code, reason: ""))
            let expected: Outcome = [1002, 1003, 1007, 1010].contains(code) ? .protocolError : .peerClosed
            let end = ended(session.on(.transportEnded(.eof)))
            #expect(end?.outcome == expected)
            #expect(end?.closeCode == code)
        }
    }

    @Test(
        "the connection ends without Close",
        arguments: [
            (TransportEnd.eof, Outcome.peerVanished), (.reset, .reset), (.tls, .reset), (.failed, .reset),
            (.aborted, .shutdown),
        ]
    )
    func vanishes(how: TransportEnd, outcome: Outcome) {
        var session = Session.inState(.open)
        #expect(
            session.on(.transportEnded(how), 4) == [
                .ended(SessionEnd(outcome: outcome, stage: .open, uptime: .seconds(4)))
            ]
        )
    }

    @Test(
        "a violation sends Close with its code and ends in bounded time, however the peer takes it",
        arguments: [
            (1002 as UInt16, Outcome.protocolError), (1007, .protocolError), (1009, .tooBig),
        ]
    )
    func violation(code: UInt16, outcome: Outcome) {
        var session = Session.inState(.open)
        #expect(session.on(.violated(closeCode: code), 1) == [.sendClose(code: code, reason: "")])
        let expected = SessionEnd(outcome: outcome, stage: .open, closeCode: code, uptime: .seconds(1))
        var silent = session
        #expect(session.on(.transportEnded(.eof), 1.1) == [.ended(expected)])
        #expect(silent.on(.deadlineReached, 3) == [.abortTransport])
        #expect(silent.on(.transportEnded(.aborted), 3) == [.ended(expected)])
    }

    @Test("garbage while closing ends the patience, not the outcome")
    func violationWhileClosing() {
        var session = Session.inState(.open)
        _ = session.on(.closeRequested(.reloaded, code: 1001, reason: ""), 1)
        #expect(session.on(.violated(closeCode: 1002), 1.5) == [.abortTransport])
        #expect(session.machine.nextDeadline == at(4), "the hard deadline is that of the closing")
        #expect(session.on(.violated(closeCode: 1002), 1.5) == [])
        #expect(ended(session.on(.transportEnded(.aborted), 1.5))?.outcome == .reloaded)
    }

    @Test("asked to close, answered in time: the outcome asked for", arguments: Outcome.allCases)
    func closeAnswered(outcome: Outcome) {
        var session = Session.inState(.open)
        #expect(
            session.on(.closeRequested(outcome, code: 1001, reason: "bye"), 1) == [
                .sendClose(code: 1001, reason: "bye")
            ]
        )
        #expect(session.on(.closeReceived(code: 1001, reason: ""), 1.2) == [])
        #expect(session.on(.closeReceived(code: 1001, reason: ""), 1.2) == [])
        let end = SessionEnd(outcome: outcome, stage: .open, uptime: .seconds(1), wasClean: true)
        var lingering = session
        #expect(session.on(.transportEnded(.eof), 1.3) == [.ended(end)])
        #expect(lingering.on(.deadlineReached, 2.9) == [])
        #expect(lingering.on(.deadlineReached, 3) == [.abortTransport])
        #expect(lingering.on(.transportEnded(.aborted), 3) == [.ended(end)])
    }

    @Test(
        "a well session whose Close is not answered: close_timeout, the request being the cause",
        arguments: [
            Outcome.shutdown, .reloaded, .rotated, .paused,
        ]
    )
    func closeUnanswered(cause: Outcome) {
        var session = Session.inState(.open)
        _ = session.on(.closeRequested(cause, code: 1001, reason: ""), 1)
        #expect(session.on(.deadlineReached, 3) == [.abortTransport])
        #expect(
            session.on(.transportEnded(.aborted), 3) == [
                .ended(SessionEnd(outcome: .closeTimeout, cause: cause, stage: .closing, uptime: .seconds(1)))
            ]
        )
    }

    @Test(
        "a sick session stays what it was, answered or not",
        arguments: [
            Outcome.pingTimeout, .stale, .sinkBlocked, .internal,
        ]
    )
    func sickUnanswered(cause: Outcome) {
        var session = Session.inState(.open)
        _ = session.on(.closeRequested(cause, code: 1001, reason: ""), 1)
        #expect(session.on(.deadlineReached, 3) == [.abortTransport])
        #expect(ended(session.on(.transportEnded(.aborted), 3))?.outcome == cause)
    }

    @Test("a peer that vanishes instead of answering our Close gives us what we asked for")
    func vanishesWhileClosing() {
        for how in [TransportEnd.eof, .reset, .tls, .failed, .aborted] {
            var session = Session.inState(.open)
            _ = session.on(.closeRequested(.shutdown, code: 1001, reason: ""), 1)
            let end = ended(session.on(.transportEnded(how), 1.5))
            #expect(end?.outcome == .shutdown)
            #expect(end?.wasClean == false)
        }
    }

    @Test("the first to close wins: later requests and the peer's own reasons change nothing")
    func firstCauseWins() {
        var session = Session.inState(.open)
        _ = session.on(.closeRequested(.stale, code: 1001, reason: ""), 1)
        #expect(session.on(.closeRequested(.shutdown, code: 1001, reason: ""), 1.1) == [])
        #expect(session.on(.closeReceived(code: 1011, reason: "oops"), 1.2) == [])
        let end = ended(session.on(.transportEnded(.reset), 1.3))
        #expect(end?.outcome == .stale)
        #expect(end?.closeCode == nil)

        var closedByPeer = Session.inState(.open)
        _ = closedByPeer.on(.closeReceived(code: 1000, reason: ""), 1)
        #expect(closedByPeer.on(.closeRequested(.shutdown, code: 1001, reason: ""), 1.1) == [])
        #expect(ended(closedByPeer.on(.transportEnded(.eof), 1.2))?.outcome == .peerClosed)
    }

    @Test("ping timeout: Close is sent, and an answer to it does not change the outcome")
    func pingTimeout() {
        var session = Session.inState(.open)
        #expect(session.on(.deadlineReached, 20) == [.sendPing(id: 1)])
        #expect(session.on(.deadlineReached, 30) == [.sendClose(code: 1011, reason: "ping timeout")])
        #expect(session.machine.state == .closing)
        #expect(session.on(.pongReceived(id: 1), 30.1) == [])
        #expect(session.on(.closeReceived(code: 1011, reason: ""), 30.2) == [])
        let end = ended(session.on(.transportEnded(.eof), 30.3))
        #expect(end?.outcome == .pingTimeout)
        #expect(end?.uptime == .seconds(30))
    }

    @Test("pings leave while open, their pongs give the round trip, and none leaves while closing")
    func pings() {
        var session = Session.inState(.open, keepAlive: .ping(every: .seconds(1), timeout: .seconds(1)))
        #expect(session.on(.deadlineReached, 1) == [.sendPing(id: 1)])
        #expect(session.on(.pongReceived(id: 1), 1.25) == [])
        #expect(session.machine.lastRoundTrip == .milliseconds(250))
        _ = session.on(.closeRequested(.shutdown, code: 1001, reason: ""), 1.5)
        #expect(session.on(.deadlineReached, 2) == [])
        #expect(session.on(.deadlineReached, 3.4) == [])
        #expect(session.on(.deadlineReached, 3.5) == [.abortTransport])
    }

    @Test("bytes received count for the keep-alive, by event or by the short way")
    func bytesReceived() {
        for short in [true, false] {
            var session = Session.inState(.open)
            _ = session.on(.deadlineReached, 20)
            if short { session.machine.bytesReceived(now: at(25)) } else { _ = session.on(.bytesReceived, 25) }
            #expect(session.on(.deadlineReached, 30) == [])
            #expect(session.machine.nextDeadline == at(35))
        }
    }

    @Test("a pause suspends the pong deadline; one that lasts too long ends as sink_blocked, reading on")
    func paused() {
        var session = Session.inState(.open)
        _ = session.on(.deadlineReached, 20)
        #expect(session.on(.readingPaused, 25) == [])
        #expect(session.on(.readingPaused, 26) == [])
        #expect(session.on(.deadlineReached, 30) == [])
        var resumed = session
        #expect(resumed.on(.readingResumed, 35) == [])
        #expect(resumed.on(.readingResumed, 35) == [])
        #expect(resumed.machine.nextDeadline == at(40))
        #expect(resumed.on(.pongReceived(id: 1), 36) == [])
        #expect(resumed.on(.deadlineReached, 86) == [.sendPing(id: 2)], "the pause no longer counts")
        #expect(session.on(.deadlineReached, 84.9) == [.sendPing(id: 2)])
        #expect(
            session.on(.deadlineReached, 85) == [
                .resumeReading, .sendClose(code: 1001, reason: "the receiver is blocked"),
            ]
        )
        #expect(ended(session.on(.transportEnded(.eof), 86))?.outcome == .sinkBlocked)
    }

    @Test("a session that is closed while reading is paused reads on, to find the peer's Close")
    func closedWhilePaused() {
        var session = Session.inState(.open)
        _ = session.on(.readingPaused, 1)
        #expect(
            session.on(.closeRequested(.shutdown, code: 1001, reason: ""), 2) == [
                .resumeReading, .sendClose(code: 1001, reason: ""),
            ]
        )
        #expect(session.on(.readingResumed, 2) == [])
    }

    @Test(
        "a transport that never reports its end does not hold the session: 3 s and no more",
        arguments: [
            SessionMachine.State.resolving, .connecting, .securing, .upgrading, .open,
        ]
    )
    func hardDeadline(state: SessionMachine.State) {
        var session = Session.inState(state)
        _ = session.on(.closeRequested(.shutdown, code: 1001, reason: ""), 1)
        if state == .open {
            #expect(session.on(.deadlineReached, 3) == [.abortTransport])
        }
        #expect(session.machine.nextDeadline == at(4))
        #expect(session.on(.deadlineReached, 3.999) == [])
        #expect(ended(session.on(.deadlineReached, 4)) != nil)
        #expect(session.machine.state == .closed)
    }

    @Test("a timer that comes late for both deadlines aborts and ends in one go")
    func lateTimer() {
        var session = Session.inState(.open)
        _ = session.on(.closeRequested(.shutdown, code: 1001, reason: ""), 1)
        let end = SessionEnd(outcome: .closeTimeout, cause: .shutdown, stage: .closing, uptime: .seconds(1))
        #expect(session.on(.deadlineReached, 9) == [.abortTransport, .ended(end)])
        #expect(session.on(.transportEnded(.aborted), 9) == [])
    }

    @Test("the hard deadline bounds a close timeout that is longer")
    func hardBoundsClose() {
        var session = Session.inState(.open, timeouts: SessionTimeouts(close: .seconds(60)))
        _ = session.on(.closeRequested(.shutdown, code: 1001, reason: ""), 1)
        #expect(session.machine.nextDeadline == at(4))
        #expect(session.on(.deadlineReached, 4).first == .abortTransport)
        #expect(session.machine.state == .closed)
    }

    @Test("with ping off and no pause an open session has no deadline")
    func pingOff() {
        var session = Session.inState(.open, keepAlive: .off)
        #expect(session.machine.nextDeadline == nil)
        _ = session.on(.readingPaused, 5)
        #expect(session.machine.nextDeadline == at(65))
    }
}
