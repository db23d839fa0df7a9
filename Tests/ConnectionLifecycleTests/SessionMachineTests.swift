import ConnectionLifecycle
import MonotonicTime
import Testing

/// A session under test: the machine, and the shortest ways into its states.
struct Session {
    var machine: SessionMachine

    init(
        timeouts: SessionTimeouts = SessionTimeouts(),
        keepAlive: KeepAlive.Policy = .standard,
        isSecure: Bool = true,
        usesProxy: Bool = false,
        needsResolution: Bool = true
    ) {
        machine = SessionMachine(
            timeouts: timeouts,
            keepAlive: keepAlive,
            isSecure: isSecure,
            usesProxy: usesProxy,
            needsResolution: needsResolution
        )
    }

    mutating func on(_ event: SessionEvent, _ seconds: Double = 0) -> [SessionAction] {
        machine.handle(event, now: at(seconds))
    }

    /// A session in `state`, which it came into at second 0.
    static func inState(
        _ state: SessionMachine.State,
        timeouts: SessionTimeouts = SessionTimeouts(),
        keepAlive: KeepAlive.Policy = .standard
    ) -> Session {
        let usesProxy = state == .proxying
        var session = Session(timeouts: timeouts, keepAlive: keepAlive, usesProxy: usesProxy)
        let path: [(SessionMachine.State, SessionEvent)] = [
            (.resolving, .started), (.connecting, .resolved), (usesProxy ? .proxying : .securing, .connected),
            (.upgrading, .established), (.open, .upgraded),
            (.closing, .closeRequested(.shutdown, code: 1001, reason: "")), (.closed, .transportEnded(.eof)),
        ]
        for (reached, event) in path where session.machine.state != state {
            _ = session.on(event)
            #expect(session.machine.state == reached)
        }
        #expect(session.machine.state == state)
        return session
    }
}

@Suite("SessionMachine: the dial")
struct SessionMachineDialTests {
    @Test("the whole way, with TLS: one action each, one deadline each")
    func secureDial() {
        var session = Session()
        #expect(session.machine.nextDeadline == nil)
        #expect(session.on(.started, 1) == [.dial])
        #expect(session.machine.state == .resolving)
        #expect(session.machine.nextDeadline == at(4))
        #expect(session.on(.resolved, 2) == [])
        #expect(session.machine.nextDeadline == at(5))
        #expect(session.on(.connected, 3) == [])
        #expect(session.machine.nextDeadline == at(7))
        #expect(session.on(.established, 4) == [.sendUpgrade])
        #expect(session.machine.nextDeadline == at(9))
        #expect(session.on(.upgraded, 5) == [.opened])
        #expect(session.machine.nextDeadline == at(25))
    }

    @Test("through a proxy: one stage more, between the connection and TLS")
    func proxiedDial() {
        var session = Session(usesProxy: true)
        _ = session.on(.started, 1)
        _ = session.on(.resolved, 2)
        #expect(session.on(.connected, 3) == [])
        #expect(session.machine.state == .proxying && session.machine.nextDeadline == at(7))
        #expect(session.on(.tunneled, 4) == [])
        #expect(session.machine.state == .securing && session.machine.nextDeadline == at(8))
        #expect(session.on(.established, 5) == [.sendUpgrade])
        var plain = Session(isSecure: false, usesProxy: true, needsResolution: false)
        _ = plain.on(.started)
        _ = plain.on(.connected)
        #expect(plain.machine.state == .proxying)
        #expect(plain.on(.tunneled) == [] && plain.on(.established) == [.sendUpgrade])
    }

    @Test("without TLS and with a known address two stages fall away")
    func plainDial() {
        var session = Session(isSecure: false, needsResolution: false)
        #expect(session.on(.started) == [.dial])
        #expect(session.machine.state == .connecting)
        #expect(session.on(.connected) == [])
        #expect(session.machine.state == .connecting)
        #expect(session.on(.established) == [.sendUpgrade])
    }

    @Test("progress may be skipped, and never goes back")
    func progress() {
        var session = Session()
        _ = session.on(.started)
        #expect(session.on(.established, 1) == [.sendUpgrade])
        for event in [SessionEvent.started, .resolved, .connected, .established] {
            #expect(session.on(event, 2) == [])
            #expect(session.machine.nextDeadline == at(6))
        }
    }

    @Test(
        "the deadline of each stage ends the dial in that stage",
        arguments: [
            (SessionMachine.State.resolving, 3.0, Stage.resolving), (.connecting, 3, .connecting),
            (.proxying, 4, .proxying), (.securing, 4, .securing), (.upgrading, 5, .upgrading),
        ]
    )
    func stageDeadlines(state: SessionMachine.State, limit: Double, stage: Stage) {
        var session = Session.inState(state)
        #expect(session.on(.deadlineReached, limit - 0.001) == [])
        #expect(session.on(.deadlineReached, limit) == [.abortTransport])
        #expect(session.machine.state == .closing)
        #expect(session.machine.nextDeadline == at(limit + 3))
        #expect(
            session.on(.transportEnded(.aborted), limit) == [
                .ended(SessionEnd(outcome: .dialFailed, stage: stage, fault: .timeout))
            ]
        )
    }

    @Test("the deadline of the dial comes before that of a late stage")
    func dialDeadline() {
        var session = Session()
        _ = session.on(.started)
        _ = session.on(.resolved, 2.5)
        _ = session.on(.connected, 5)
        _ = session.on(.established, 8)
        #expect(session.machine.nextDeadline == at(10))
        #expect(session.on(.deadlineReached, 10) == [.abortTransport])
        #expect(
            session.on(.transportEnded(.aborted), 10) == [
                .ended(SessionEnd(outcome: .dialFailed, stage: .upgrading, fault: .timeout))
            ]
        )
    }

    @Test("a success that comes before the timer is looked at wins over a deadline that has passed")
    func dataBeatsDeadline() {
        var session = Session.inState(.upgrading)
        #expect(session.on(.upgraded, 5.5) == [.opened])
        #expect(session.on(.deadlineReached, 5.6) == [])
        #expect(session.machine.state == .open)
    }

    @Test(
        "a failed dial has nothing left to abort; its fault makes the outcome",
        arguments: [
            (DialFault.name, Outcome.dialFailed), (.unknownName, .dialFailed), (.network, .dialFailed),
            (.refused, .dialFailed), (.timeout, .dialFailed), (.tls, .tlsFailed), (.certificate, .tlsFailed),
            (.trust, .tlsFailed), (.resources, .internal), (.reference, .internal), (.handshake, .protocolError),
        ]
    )
    func dialFailures(fault: DialFault, outcome: Outcome) {
        for (state, stage) in [
            (SessionMachine.State.resolving, Stage.resolving), (.connecting, .connecting),
            (.securing, .securing),
        ] {
            var session = Session.inState(state)
            #expect(
                session.on(.dialFailed(fault)) == [.ended(SessionEnd(outcome: outcome, stage: stage, fault: fault))]
            )
        }
        var upgrading = Session.inState(.upgrading)
        #expect(upgrading.on(.dialFailed(fault)) == [.abortTransport])
        #expect(
            upgrading.on(.transportEnded(.aborted)) == [
                .ended(SessionEnd(outcome: outcome, stage: .upgrading, fault: fault))
            ]
        )
    }

    @Test("another status than 101 aborts and keeps what it said")
    func rejected() {
        var session = Session.inState(.upgrading)
        #expect(session.on(.rejected(status: 503, retryAfter: .seconds(7))) == [.abortTransport])
        #expect(
            session.on(.transportEnded(.aborted)) == [
                .ended(SessionEnd(outcome: .rejected, stage: .upgrading, status: 503, retryAfter: .seconds(7)))
            ]
        )
    }

    @Test(
        "a transport that ends before open is a failed dial",
        arguments: [
            (TransportEnd.eof, Outcome.dialFailed, DialFault.network), (.reset, .dialFailed, .network),
            (.failed, .dialFailed, .network), (.tls, .tlsFailed, .tls),
        ]
    )
    func transportEnds(end: TransportEnd, outcome: Outcome, fault: DialFault) {
        var session = Session.inState(.upgrading)
        #expect(
            session.on(.transportEnded(end)) == [
                .ended(SessionEnd(outcome: outcome, stage: .upgrading, fault: fault))
            ]
        )
    }

    @Test("a Close frame, a pong or bytes before 101 are none: ignored; a violation is a broken handshake")
    func framesWhileUpgrading() {
        var session = Session.inState(.upgrading)
        #expect(session.on(.closeReceived(code: 1000, reason: "")) == [])
        #expect(session.on(.pongReceived(id: 1)) == [])
        #expect(session.on(.bytesReceived) == [])
        #expect(session.machine.state == .upgrading)
        #expect(session.on(.violated(closeCode: 1002)) == [.abortTransport])
        #expect(
            session.on(.transportEnded(.aborted)) == [
                .ended(SessionEnd(outcome: .protocolError, stage: .upgrading, fault: .handshake))
            ]
        )
    }

    @Test("a Close frame in the same read as the 101: opened, answered, closed")
    func closeBehindUpgrade() {
        var session = Session.inState(.upgrading)
        #expect(session.on(.upgraded, 1) == [.opened])
        #expect(session.on(.closeReceived(code: 1013, reason: "later"), 1) == [.sendClose(code: 1013, reason: "")])
        #expect(
            session.on(.transportEnded(.eof), 1) == [
                .ended(
                    SessionEnd(
                        outcome: .peerClosed,
                        stage: .open,
                        closeCode: 1013,
                        closeReason: "later",
                        wasClean: true
                    )
                )
            ]
        )
    }

    @Test(
        "a close request before open aborts at once",
        arguments: [
            (SessionMachine.State.resolving, Stage.resolving), (.connecting, .connecting), (.securing, .securing),
            (.upgrading, .upgrading),
        ]
    )
    func closeRequestedBeforeOpen(state: SessionMachine.State, stage: Stage) {
        var session = Session.inState(state)
        #expect(session.on(.closeRequested(.shutdown, code: 1001, reason: ""), 1) == [.abortTransport])
        var racing = session
        #expect(
            session.on(.transportEnded(.aborted), 1) == [.ended(SessionEnd(outcome: .shutdown, stage: stage))]
        )
        #expect(
            racing.on(.dialFailed(.network), 1) == [.ended(SessionEnd(outcome: .shutdown, stage: stage))],
            "a dial that fails as it is cancelled is gone too"
        )
    }

    @Test("a close request before the start ends the session at once")
    func closeRequestedBeforeStart() {
        var session = Session()
        #expect(
            session.on(.closeRequested(.shutdown, code: 1001, reason: "")) == [
                .ended(SessionEnd(outcome: .shutdown, stage: .resolving))
            ]
        )
        #expect(session.on(.started) == [])
    }
}
